import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lifeOf } from "../src/cli/harness-process.ts";
import { launchOnce } from "../src/commands/hook-launch.ts";
import type { Machine } from "../src/commands/machine.ts";
import { fileLocalState } from "../src/cli/local-state.ts";
import { claudeHooks } from "../src/commands/setup-claude-code.ts";
import { codexHooks } from "../src/commands/setup-codex.ts";
import { hermesHooks } from "../src/commands/setup-hermes.ts";
import { pointerLines } from "../src/commands/setup-text.ts";
import { removed } from "./removed.ts";

const all = { guard: true, stopGate: false, mcp: false };
const lines = [
  ...claudeHooks(all),
  ...claudeHooks({ ...all, stopGate: true }),
  ...claudeHooks({ guard: false, stopGate: true, mcp: false }),
  ...claudeHooks({ guard: false, stopGate: false, mcp: false }),
  ...codexHooks(all),
  ...hermesHooks(all),
];
const commands = [...new Set(lines.map(({ command }) => command))];
let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "tracecraft-lines-"))));
afterEach(() => removed(root));

/** The program is a script here that writes down what it was given. */
function program(body = `printf '%s\\n' "$*" >>"${"$"}LOG"; cat >>"$LOG"; printf said; exit 9`): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  writeFileSync(join(root, "bin", "tracecraft"), `#!/bin/sh\n${body}\n`);
  chmodSync(join(root, "bin", "tracecraft"), 0o755);
}

function run(command: string, input: string, shell = "/bin/sh") {
  const env = { PATH: `${join(root, "bin")}:/usr/bin:/bin`, HOME: root, LOG: join(root, "log") };
  const began = performance.now();
  const { stdout, stderr, status } = spawnSync(shell, ["-c", command], { input, env, encoding: "utf8" });
  return { stdout, stderr, status, tookMs: performance.now() - began };
}

async function logged(): Promise<string> {
  for (let tries = 0; tries < 200 && !existsSync(join(root, "log")); tries++)
    await new Promise((done) => setTimeout(done, 20));
  return existsSync(join(root, "log")) ? readFileSync(join(root, "log"), "utf8") : "";
}

it("the lines are these, and never others: Codex trusts each by its hash", () => {
  expect(commands).toMatchInlineSnapshot(`
    [
      "sh -c 'tracecraft hook claude-code session-start 2>/dev/null || :'",
      "sh -c 'exec 2>/dev/null; d="\${XDG_STATE_HOME:-$HOME/.local/state}"/tracecraft/news-flag; set -- "$d"/*; [ -e "$1" ] || exit 0; i=$(dd bs=4096 count=1); case $i in *\\"session_id\\":*) s=\${i#*\\"session_id\\":}; s=\${s#*\\"}; s=\${s%%\\"*}; set -- "$d"/any.* "$d/$s".*; [ -e "$1" ] || [ -e "$2" ] || exit 0;; esac; { printf %s "$i"; cat; } | tracecraft hook claude-code prompt || :'",
      "sh -c 'i=$(cat); (printf %s "$i" | tracecraft hook claude-code stop --guard >/dev/null 2>&1 &)'",
      "sh -c 'i=$(cat); (printf %s "$i" | tracecraft hook claude-code subagent-stop >/dev/null 2>&1 &)'",
      "sh -c 'i=$(cat); (printf %s "$i" | tracecraft hook claude-code pre-compact >/dev/null 2>&1 &)'",
      "sh -c 'i=$(cat); (printf %s "$i" | tracecraft hook claude-code session-end >/dev/null 2>&1 &)'",
      "sh -c 'exec 2>/dev/null; i=$(cat); case $i in *\\"tool_name\\":\\"Bash\\"*|*\\"tool_name\\":\\ \\"Bash\\"*) case $i in *git*commit*|*git*push*) ;; *) exit 0;; esac;; esac; printf %s "$i" | tracecraft hook claude-code pre-tool || :'",
      "sh -c 'tracecraft hook claude-code stop --stop-gate --guard 2>/dev/null || :'",
      "sh -c 'tracecraft hook claude-code stop --stop-gate 2>/dev/null || :'",
      "sh -c 'i=$(cat); (printf %s "$i" | tracecraft hook claude-code stop >/dev/null 2>&1 &)'",
      "sh -c 'tracecraft hook codex session-start 2>/dev/null || :'",
      "sh -c 'exec 2>/dev/null; d="\${XDG_STATE_HOME:-$HOME/.local/state}"/tracecraft/news-flag; set -- "$d"/*; [ -e "$1" ] || exit 0; i=$(dd bs=4096 count=1); case $i in *\\"session_id\\":*) s=\${i#*\\"session_id\\":}; s=\${s#*\\"}; s=\${s%%\\"*}; set -- "$d"/any.* "$d/$s".*; [ -e "$1" ] || [ -e "$2" ] || exit 0;; esac; { printf %s "$i"; cat; } | tracecraft hook codex prompt || :'",
      "sh -c 'i=$(cat); (printf %s "$i" | tracecraft hook codex stop --guard >/dev/null 2>&1 &)'",
      "sh -c 'exec 2>/dev/null; i=$(cat); case $i in *\\"tool_name\\":\\"Bash\\"*|*\\"tool_name\\":\\ \\"Bash\\"*) case $i in *git*commit*|*git*push*) ;; *) exit 0;; esac;; esac; printf %s "$i" | tracecraft hook codex pre-tool || :'",
      "sh -c 'tracecraft hook hermes pre-llm 2>/dev/null || :'",
      "sh -c 'i=$(cat); (printf %s "$i" | tracecraft hook hermes session-end >/dev/null 2>&1 &)'",
      "sh -c 'exec 2>/dev/null; i=$(cat); case $i in *\\"tool_name\\":\\"terminal\\"*|*\\"tool_name\\":\\ \\"terminal\\"*) case $i in *git*commit*|*git*push*) ;; *) exit 0;; esac;; esac; printf %s "$i" | tracecraft hook hermes pre-tool || :'",
    ]
  `);
  for (const command of commands) {
    expect(command).not.toMatch(/\/(?:home|root|usr|tmp)\/|\d+\.\d+|AKIA|secret/i);
    expect(command.match(/'/g)).toHaveLength(2);
  }
});

it("the pointer has at most eight lines with its markers, in ASCII", () => {
  expect(pointerLines.length + 2).toBeLessThanOrEqual(8);
  expect(pointerLines.join("")).toMatch(/^[\x20-\x7e]+$/);
});

describe.each(["/bin/sh", "/bin/bash"])("in %s", (shell) => {
  it.each(commands)("%s is silent without the program, and when it dies", (command) => {
    const input = '{"tool_name":"Edit"}';
    mkdirSync(join(root, ".local/state/tracecraft/news-flag"), { recursive: true });
    writeFileSync(join(root, ".local/state/tracecraft/news-flag/x"), "{}");
    expect(run(command, input, shell)).toMatchObject({ stdout: "", stderr: "", status: 0 });
    program("echo trouble >&2; kill -9 $$");
    expect(run(command, input, shell)).toMatchObject({ stdout: "", stderr: "", status: 0 });
  });
});

it("a waited line passes the event in and the answer out", async () => {
  program();
  const line = commands.find((command) => command.includes("session-start"))!;
  expect(run(line, '{"a":"é \\n %s"}')).toMatchObject({ stdout: "said", stderr: "", status: 0 });
  expect(await logged()).toBe('hook claude-code session-start\n{"a":"é \\n %s"}');
});

it("a line that nobody waits for passes an event of 1 MB on, and does not wait", async () => {
  program('cat >"$LOG.part"; sleep 2; mv "$LOG.part" "$LOG"');
  const line = claudeHooks({ guard: false, stopGate: false, mcp: false }).find(
    ({ on }) => on === "Stop",
  )!.command;
  const large = JSON.stringify({ text: "é%s\\n".repeat(150_000) });
  const { tookMs, ...said } = run(line, large);
  expect(said).toEqual({ stdout: "", stderr: "", status: 0 });
  expect(tookMs).toBeLessThan(1_900);
  expect(await logged()).toBe(large);
});

const sessionId = "11111111-2222-3333-4444-555555555555";
const flagsOf = (): string => join(root, ".local/state/tracecraft/news-flag");
const asked = (more: object = {}): string => JSON.stringify({ session_id: sessionId, cwd: "/x", ...more });

describe.each(["/bin/sh", "/bin/bash"])("a prompt in %s", (shell) => {
  const line = commands.find((command) => command.includes("claude-code prompt"))!;
  const says = (input: string): string => run(line, input, shell).stdout;

  it("starts no program while no flag is up for its session", () => {
    program();
    expect(says(asked())).toBe("");
    mkdirSync(flagsOf(), { recursive: true });
    expect(says(asked())).toBe("");
    writeFileSync(join(flagsOf(), "another-session.00"), "{}");
    expect(says(asked())).toBe("");
    expect(says(asked().replaceAll(":", ": "))).toBe(""); // As Python writes it.
    expect(says(asked({ prompt: `"session_id":"another-session"` }))).toBe("");
    expect(existsSync(join(root, "log"))).toBe(false);
  });

  it("passes its event on whole when a flag is up, for it or for a session without a name", () => {
    mkdirSync(flagsOf(), { recursive: true });
    const large = asked({ prompt: `é%s\\n'"'$(x)`.repeat(40_000) });
    for (const flag of [`${sessionId}.00`, "any.00"]) {
      program();
      rmSync(join(root, "log"), { force: true });
      rmSync(flagsOf(), { recursive: true });
      mkdirSync(flagsOf());
      writeFileSync(join(flagsOf(), "another-session.00"), "{}");
      writeFileSync(join(flagsOf(), flag), "{}");
      expect(says(large)).toBe("said");
      expect(readFileSync(join(root, "log"), "utf8")).toBe(`hook claude-code prompt\n${large}`);
    }
  });

  it("takes what it cannot read for flagged, and is quick about 5 MB of it", () => {
    program("cat >/dev/null; printf said");
    mkdirSync(flagsOf(), { recursive: true });
    writeFileSync(join(flagsOf(), "another-session.00"), "{}");
    const { stdout, tookMs } = run(line, "x".repeat(5_000_000), shell);
    expect(stdout).toBe("said");
    expect(tookMs).toBeLessThan(3_000);
  });
});

function event(tool: string, command: string): string {
  return JSON.stringify({ session_id: sessionId, tool_name: tool, tool_input: { command } });
}

it("the guard starts no program for a shell command that has nothing to do with a commit", () => {
  program();
  const line = commands.find((command) => command.includes("claude-code pre-tool"))!;
  expect(run(line, event("Bash", "npm test")).stdout).toBe("");
  expect(run(line, event("Bash", "git  commit -m x")).stdout).toBe("said");
  expect(run(line, event("Edit", "x")).stdout).toBe("said");
  const edit = { tool_name: "Edit", tool_input: { old_string: "Bash", new_string: '"tool_name":"Bash"' } };
  expect(run(line, JSON.stringify(edit)).stdout).toBe("said");
  const hermes = commands.find((command) => command.includes("hermes pre-tool"))!;
  expect(run(hermes, event("terminal", "npm test").replaceAll('":"', '": "')).stdout).toBe("");
  expect(run(hermes, event("terminal", "git commit").replaceAll('":"', '": "')).stdout).toBe("said");
  expect(run(hermes, event("write_file", "x")).stdout).toBe("said");
});

function machineOf(alive: Set<string>, launched: string[]): Machine {
  const local = fileLocalState(join(root, "state"), () => undefined);
  let n = launched.length;
  return {
    local,
    lives: (life: string) => alive.has(life),
    ownLife: () => "starter",
    launch: (words: readonly string[]) => {
      launched.push(words.join(" "));
      const life = `child-${++n}-${launched.length}`;
      alive.add(life);
      return life;
    },
  } as unknown as Machine;
}

describe("launchOnce()", () => {
  it("starts one, however often it is asked, and another when that one is gone", () => {
    const [alive, launched] = [new Set(["starter"]), [] as string[]];
    const started = Array.from({ length: 20 }, () =>
      launchOnce(machineOf(alive, launched), "mirror/a", ["x"]),
    );
    expect(started.filter(Boolean)).toHaveLength(1);
    expect(launchOnce(machineOf(alive, launched), "mirror/b", ["y"])).toBe(true);
    alive.clear();
    expect(launchOnce(machineOf(alive, launched), "mirror/a", ["x"])).toBe(true);
    expect(launched).toEqual(["x", "y", "x"]);
  });

  it("waits for a starter that has not started it yet, and goes on when the starter died", () => {
    const [alive, launched] = [new Set(["starter"]), [] as string[]];
    const dying = machineOf(alive, launched);
    const torn = {
      ...dying,
      launch: () => {
        throw new Error("killed");
      },
    } as unknown as Machine;
    expect(() => launchOnce(torn, "mirror/a", ["x"])).toThrow("killed");
    expect(launchOnce(dying, "mirror/a", ["x"])).toBe(false);
    alive.clear();
    expect(launchOnce(dying, "mirror/a", ["x"])).toBe(true);
  });

  it("gives a number to one of two that saw the same end of the row", () => {
    const [alive, launched] = [new Set(["starter"]), [] as string[]];
    const first = machineOf(alive, launched);
    let raced = false;
    const second = {
      ...first,
      local: {
        ...first.local,
        create(name: string, value: unknown) {
          if (!raced) {
            raced = true;
            launchOnce(first, "mirror/a", ["first"]);
          }
          return first.local.create(name, value);
        },
      },
    } as unknown as Machine;
    expect(launchOnce(second, "mirror/a", ["second"])).toBe(false);
    expect(launched).toEqual(["first"]);
  });
});

it("a process that was killed and not reaped has no life, nor has a number given away again", async () => {
  // The parent of the one that ends becomes a program that never asks after its children.
  const parent = spawn("/bin/sh", ["-c", "sh -c 'echo $$; exit' & exec sleep 30"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout.once("data", (data) => resolve(String(data)))),
    );
    const zombie = (): boolean => / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    for (let tries = 0; tries < 200 && !zombie(); tries++) await new Promise((done) => setTimeout(done, 20));
    expect(zombie()).toBe(true);
    expect(lifeOf(pid)).toBeUndefined();
    expect(lifeOf(parent.pid!)?.startTime).toMatch(/^\d+$/);
    expect(lifeOf(4_000_000)).toBeUndefined();
  } finally {
    parent.kill("SIGKILL");
  }
});
