import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { claudeHooks } from "../src/commands/setup-claude-code.ts";
import { codexHooks } from "../src/commands/setup-codex.ts";
import { hermesHooks } from "../src/commands/setup-hermes.ts";
import { builtCli } from "./built-cli.ts";
import { checkAnswer } from "./hook-rules.ts";
import { faults, serveFaults } from "./hook-trouble.ts";
import { hookWorld, payloads, type HookWorld } from "./hook-world.ts";

serveFaults();

const wishes = { guard: true, stopGate: true, mcp: false };
const lines = [...claudeHooks(wishes), ...codexHooks(wishes), ...hermesHooks(wishes)].map(
  ({ command }) => command,
);
/** As the harness's settings have it; OpenClaw's plugin starts the program itself. */
const lineOf = (harness: string, event: string): string =>
  lines.find((line) => new RegExp(`hook ${harness} ${event}\\b`).test(line)) ??
  `tracecraft hook ${harness} ${event}`;

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs a line as a harness does, with the program as it is packed. */
function run(world: HookWorld, line: string, input: string | Uint8Array, cli: string): Promise<Ran> {
  const bin = join(world.root, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "tracecraft"), `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
  chmodSync(join(bin, "tracecraft"), 0o755);
  // A flag for whoever asks, so that prompts ask the program too.
  const flags = join(world.env["XDG_STATE_HOME"]!, "tracecraft", "news-flag");
  try {
    mkdirSync(flags, { recursive: true });
    writeFileSync(join(flags, "any.0"), "{}");
  } catch {
    // Local state cannot be written: that is the fault.
  }
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn("/bin/sh", ["-c", line], {
      cwd: world.cwd,
      env: { ...world.env, PATH: `${bin}:${process.env["PATH"]}` },
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.stdin.on("error", () => undefined); // It has not read all.
    child.stdin.end(input);
    child.on("close", (status) => resolve({ status, stdout, stderr, tookMs: performance.now() - began }));
  });
}

const atOnce = 4;
/** All of them with TRACECRAFT_FULL; else each fault meets a quarter of the events, and each event a quarter of the faults. */
const share = process.env["TRACECRAFT_FULL"] ? 1 : 4;
const names = Object.keys(faults);

describe.each(Object.entries(faults))(
  "the lines that are set up, with %s",
  (name, { prepare, input, code }) => {
    it("end with 0, write nothing but a valid answer, and in time", { timeout: 60_000 }, async () => {
      const cli = await builtCli();
      const left = payloads.filter((_, at) => (at + names.indexOf(name)) % share === 0);
      const one = async (): Promise<void> => {
        for (let next = left.pop(); next; next = left.pop()) {
          const [harness, event, words] = next;
          const world = hookWorld();
          await prepare(world);
          const given = input ?? JSON.stringify({ ...words, cwd: world.cwd });
          const { status, stdout, stderr, tookMs } = await run(world, lineOf(harness, event), given, cli);
          expect([harness, event, status, stderr]).toEqual([harness, event, 0, ""]);
          checkAnswer(harness, event, stdout.replace(/\n$/, ""));
          if (code !== undefined) expect([harness, event, stdout]).toEqual([harness, event, ""]);
          expect([harness, event, tookMs > 4_000]).toEqual([harness, event, false]); // 1.4 s, on a machine that does four at once.
        }
      };
      await Promise.all(Array.from({ length: atOnce }, one));
    });
  },
);

it("there are at least twelve faults", () => {
  expect(names.length).toBeGreaterThanOrEqual(12);
});
