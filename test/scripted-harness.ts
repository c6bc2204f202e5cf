import { spawn } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { builtCli } from "./built-cli.ts";
import type { Ran } from "./run-cli.ts";

/** A machine with a checkout, on which a harness may run. */
export interface Desk {
  readonly root: string;
  readonly home: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A program of the name of a harness that does what a test says: fires its hooks, runs lines in its shell, dies. */
export interface ScriptedHarness {
  readonly pid: number;
  readonly session: string;
  readonly transcript: string;
  /** Runs every hook line that the harness's own settings have for this event, and answers what they say. */
  fire(on: string, more?: Record<string, unknown>): Promise<string>;
  /** A line that the agent types. */
  types(line: string): Promise<Ran>;
  /** A line of the transcript. */
  says(text: string): void;
  /** Nothing of it is told: kill -9. */
  kill(): Promise<void>;
  /** It ends as it does when its window is closed, after its last hook if it has one. */
  quit(): Promise<void>;
}

interface Kind {
  readonly program: string;
  readonly settings: string;
  readonly variables: (session: string) => Record<string, string>;
  readonly transcript: (desk: Desk, session: string) => string;
  readonly first: (desk: Desk, session: string) => object[];
  readonly line: (desk: Desk, session: string, text: string) => object;
}

const stamp = "2026-11-25T09:00:00.000Z";

const kinds = {
  "claude-code": {
    program: "claude.js",
    settings: ".claude/settings.json",
    variables: (session) => ({ CLAUDECODE: "1", CLAUDE_CODE_SESSION_ID: session }),
    transcript: ({ home, cwd }, session) =>
      join(home, ".claude", "projects", cwd.replaceAll(/[^A-Za-z0-9]/g, "-"), `${session}.jsonl`),
    first: () => [],
    line: ({ cwd }, session, text) => ({
      type: "user",
      sessionId: session,
      cwd,
      timestamp: stamp,
      message: { role: "user", content: text },
    }),
  },
  codex: {
    program: "codex.js",
    settings: ".codex/hooks.json",
    variables: (session) => ({ CODEX_THREAD_ID: session }),
    transcript: ({ home }, session) =>
      join(home, ".codex", "sessions", "2026", "11", "25", `rollout-2026-11-25T09-00-00-${session}.jsonl`),
    first: ({ cwd }, session) => [{ timestamp: stamp, type: "session_meta", payload: { id: session, cwd } }],
    line: (_desk, _session, text) => ({
      timestamp: stamp,
      type: "response_item",
      payload: { type: "message", role: "user", content: [{ type: "input_text", text }] },
    }),
  },
} as const satisfies Record<string, Kind>;

// Runs lines of shell that come on its standard input, each with a text on theirs, and answers in any order.
const script = `
const { spawn } = require("node:child_process");
require("node:readline").createInterface({ input: process.stdin }).on("line", (asked) => {
  const { n, line, input, env } = JSON.parse(asked);
  const child = spawn("sh", ["-c", line], { env: { ...process.env, ...env } });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  child.on("close", (status) => console.log(JSON.stringify({ n, stdout: out, stderr: err, status })));
}).on("close", () => process.exit(0));
`;

export async function startHarness(
  name: keyof typeof kinds,
  desk: Desk,
  session: string,
): Promise<ScriptedHarness> {
  const kind: Kind = kinds[name];
  const bin = join(desk.root, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, "tracecraft"),
    `#!/bin/sh\nexec "${process.execPath}" "${await builtCli()}" "$@"\n`,
  );
  chmodSync(join(bin, "tracecraft"), 0o755);
  writeFileSync(join(bin, kind.program), script);
  const env = { ...desk.env, PATH: `${bin}:${desk.env["PATH"]}` };
  const child = spawn(process.execPath, [join(bin, kind.program)], {
    cwd: desk.cwd,
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const waiting = new Map<number, (ran: Ran) => void>();
  createInterface({ input: child.stdout }).on("line", (answer) => {
    const { n, ...ran } = JSON.parse(answer) as Ran & { n: number };
    waiting.get(n)?.(ran);
    waiting.delete(n);
  });
  let asked = 0;
  const run = (line: string, input: string, more: Record<string, string>): Promise<Ran> =>
    new Promise((resolve) => {
      waiting.set(++asked, resolve);
      child.stdin.write(`${JSON.stringify({ n: asked, line, input, env: more })}\n`);
    });

  const transcript = kind.transcript(desk, session);
  mkdirSync(dirname(transcript), { recursive: true });
  const write = (line: object): void => appendFileSync(transcript, `${JSON.stringify(line)}\n`);
  for (const line of kind.first(desk, session)) write(line);

  async function fire(on: string, more: Record<string, unknown> = {}): Promise<string> {
    const event = {
      session_id: session,
      cwd: desk.cwd,
      transcript_path: transcript,
      hook_event_name: on,
      ...more,
    };
    const said = await Promise.all(
      linesFor(join(desk.cwd, kind.settings), on).map((line) => run(line, JSON.stringify(event), {})),
    );
    for (const { status, stderr } of said)
      if (status !== 0 || stderr !== "") throw new Error(`a hook of ${on} ended with ${status}: ${stderr}`);
    return said.map(({ stdout }) => stdout).join("");
  }

  return {
    pid: child.pid!,
    session,
    transcript,
    fire,
    types: (line) => run(line, "", kind.variables(session)),
    says: (text) => write(kind.line(desk, session, text)),
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
    async quit() {
      await fire("SessionEnd", { reason: "other" });
      child.stdin.end();
      await gone;
    },
  };
}

/** The lines that `tracecraft setup` has put there. */
function linesFor(settings: string, on: string): string[] {
  const { hooks } = JSON.parse(readFileSync(settings, "utf8")) as {
    hooks: Record<string, { hooks: { command: string }[] }[]>;
  };
  return (hooks[on] ?? []).flatMap((entry) => entry.hooks.map(({ command }) => command));
}

/** The processes that follow a session of this desk. */
export function followersOf({ home }: Pick<Desk, "home">): number[] {
  const found: number[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const of = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`HOME=${home}`);
      if (of && words[2] === "hook" && words[4] === "follow") found.push(Number(pid));
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** Waits until this is so, for at most so long. */
export async function until(
  what: string,
  fact: () => boolean | Promise<boolean>,
  boundMs = 20_000,
): Promise<void> {
  const giveUpAt = Date.now() + boundMs;
  while (!(await fact())) {
    if (Date.now() > giveUpAt) throw new Error(`not within ${boundMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
