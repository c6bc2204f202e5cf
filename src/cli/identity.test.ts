import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bindCheckout, bindSession, earlierIds, sessionRenamed } from "../commands/bindings.ts";
import type { Configuration } from "../commands/machine.ts";
import { configurationOf } from "./config.ts";
import { harnessSession, inHarness } from "./harness-process.ts";
import { identify, type Who } from "./identity.ts";
import { fileLocalState, type FileLocalState } from "./local-state.ts";

let root: string;
let local: FileLocalState;
let configuration: Configuration;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tracecraft-identity-"));
  local = fileLocalState(join(root, "state"), (error) => {
    throw error;
  });
  configuration = configured(join(root, "a"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function configured(folder: string, more: Record<string, unknown> = {}): Configuration {
  mkdirSync(folder, { recursive: true });
  const folders = { cwd: folder, home: root, env: {} };
  return configurationOf(
    { project: "shop", store: "file:", ...more },
    join(folder, ".tracecraft.json"),
    "project",
    folders,
  );
}

/** In a process that has nothing above it. */
function who(more: Partial<Who> = {}): Who {
  return {
    cwd: join(root, "a"),
    home: root,
    env: {},
    user: "ana",
    host: "laptop-a.example",
    pid: 1,
    bootId: "boot",
    ...more,
  };
}

function agentIn(env: Record<string, string>, user = "Ana Maria/.."): string {
  return identify(configuration, local, who({ env, user })).agent;
}

function sessionIn(more: Partial<Who>, of = configuration): string {
  return identify(of, local, who(more)).session.id;
}

describe("identify()", () => {
  it("asks for the agent in the order of the contract", () => {
    const old = configured(join(root, "a"), { agent_id: "old" });
    const env = { CLAUDE_CODE_SESSION_ID: "s1" };
    const agent = (more: Partial<Who> = {}, asked?: string) =>
      identify(old, local, who({ env, ...more }), asked).agent;
    expect(identify(configuration, local, who({ env })).agent).toMatch(/^ana-laptop-a-[0-9a-f]{4}$/);
    expect(agent()).toBe("old");
    bindCheckout(local, identify(old, local, who()).checkout, "web-1");
    expect(agent()).toBe("web-1");
    bindSession(local, "claude-code:s1", "api-2");
    expect(agent()).toBe("api-2");
    expect(agent({ env: { ...env, TRACECRAFT_AGENT: "test-3" } })).toBe("test-3");
    expect(agent({ env: { ...env, TRACECRAFT_AGENT: "test-3" } }, "docs-4")).toBe("docs-4");
    expect(() => agent({}, "../x")).toThrow('Cannot use "../x"');
  });

  it("makes up different agents for different sessions, from names as they come", () => {
    const one = agentIn({ CODEX_THREAD_ID: "1" });
    expect(one).toMatch(/^Ana-Maria-\.\.-laptop-a-[0-9a-f]{4}$/);
    expect(agentIn({ CODEX_THREAD_ID: "2" })).not.toBe(one);
    expect(agentIn({ CODEX_THREAD_ID: "1" }, "")).toMatch(/^laptop-a-[0-9a-f]{4}$/);
  });

  it("two harness sessions, checkouts and machines are never one session; a checkout is one in all its folders", () => {
    mkdirSync(join(root, "a", ".git"), { recursive: true });
    mkdirSync(join(root, "a", "src"));
    const here = sessionIn({});
    expect(here).toMatch(/^checkout:[0-9a-f]{16}$/);
    expect(sessionIn({ cwd: join(root, "a", "src") })).toBe(here);
    const others = [
      sessionIn({ cwd: join(root, "b") }, configured(join(root, "b"))),
      sessionIn({ host: "laptop-b" }),
      sessionIn({ env: { CLAUDE_CODE_SESSION_ID: "s1" } }),
      sessionIn({ env: { CLAUDE_CODE_SESSION_ID: "s2" } }),
      sessionIn({ env: { CODEX_THREAD_ID: "s1" } }),
      sessionIn({ env: { TRACECRAFT_SESSION: "s1" } }),
    ];
    expect(new Set([here, ...others]).size).toBe(others.length + 1);
    expect(sessionIn({ env: { TRACECRAFT_SESSION: "checkout", CODEX_THREAD_ID: "s1" } })).toBe(here);
    expect(() => sessionIn({ env: { TRACECRAFT_SESSION: "a/b" } })).toThrow("Cannot use TRACECRAFT_SESSION");
  });

  it("writes the id of a checkout before its first use, and derives one where nothing can be written", () => {
    const first = identify(configuration, local, who()).session.id;
    expect(identify(configuration, local, who({ bootId: "next boot" })).session.id).toBe(first);
    writeFileSync(join(root, "file"), "");
    const blocked = fileLocalState(join(root, "file"), () => undefined);
    const derived = identify(configuration, blocked, who()).session.id;
    expect([derived === first, identify(configuration, blocked, who()).session.id]).toEqual([false, derived]);
  });

  it("keeps the agent and the ids of a session that its harness renamed", () => {
    bindSession(local, "claude-code:s1", "web-1");
    sessionRenamed(local, "claude-code:s1", "claude-code:s2");
    sessionRenamed(local, "claude-code:s2", "claude-code:s3");
    const { agent, session } = identify(configuration, local, who({ env: { CLAUDE_CODE_SESSION_ID: "s3" } }));
    expect([agent, session.earlier]).toEqual(["web-1", ["claude-code:s2", "claude-code:s1"]]);
    sessionRenamed(local, "claude-code:s3", "claude-code:s3");
    expect(earlierIds(local, "claude-code:s3")).toHaveLength(2);
    expect(
      identify(configuration, local, who({ env: { CLAUDE_CODE_SESSION_ID: "fork" } })).session.earlier,
    ).toEqual([]);
  });
});

describe("harnessSession()", () => {
  const at = { pid: 1, host: "h", bootId: "b" };

  it("believes the environment", () => {
    expect(harnessSession({ HERMES_SESSION_ID: "x" }, at)).toEqual({ harness: "hermes", id: "x" });
    expect(harnessSession({}, at)).toBeUndefined();
    expect([
      inHarness({}),
      inHarness({ OPENCLAW_SHELL: "exec" }),
      inHarness({ CODEX_THREAD_ID: "1" }),
    ]).toEqual([false, true, true]);
  });

  it.runIf(process.platform === "linux")(
    "finds the harness process above, and tells two of them apart",
    async () => {
      const program = join(root, "claude"); // A shell by that name is as good as the real one.
      copyFileSync("/bin/sh", program);
      const script = join(root, "openclaw.mjs");
      symlinkSync(process.execPath, join(root, "node"));
      writeFileSync(
        script,
        `import { spawn } from "node:child_process"; spawn("sleep", ["60"], { stdio: "inherit" }).on("spawn", () => console.log("up"));`,
      );
      const lives = await Promise.all([
        childOf(program, ["-c", "sleep 60 & echo up; wait"]),
        childOf(program, ["-c", "sleep 60 & echo up; wait"]),
        childOf(join(root, "node"), [script]),
      ]);
      try {
        const found = lives.map(({ pid }) => harnessSession({}, { ...at, pid }));
        expect(found.map((session) => session?.harness)).toEqual(["claude-code", "claude-code", "openclaw"]);
        expect(found[0]?.id).not.toBe(found[1]?.id);
        expect(harnessSession({}, { ...at, pid: lives[0]!.pid })).toEqual(found[0]);
        expect(harnessSession({}, { ...at, pid: lives[0]!.pid, bootId: "next" })?.id).not.toBe(found[0]?.id);
        const nested = { CLAUDE_CODE_SESSION_ID: "c", CODEX_THREAD_ID: "x" };
        expect(harnessSession(nested, { ...at, pid: lives[0]!.pid })).toEqual({
          harness: "claude-code",
          id: "c",
        });
      } finally {
        for (const { end } of lives) end();
      }
    },
  );
});

/** The `sleep` that such a program starts, and how to end both. */
async function childOf(program: string, words: string[]): Promise<{ pid: number; end: () => void }> {
  const parent = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"], detached: true });
  await new Promise((resolve) => parent.stdout.once("data", resolve));
  const { readFileSync } = await import("node:fs");
  const pid = Number(
    readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8").trim().split(" ")[0],
  );
  return { pid, end: () => process.kill(-parent.pid!, "SIGKILL") };
}
