import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { claudeHooks } from "../src/commands/setup-claude-code.ts";
import { builtCli } from "./built-cli.ts";
import { cliWorld } from "./run-cli.ts";

const session = "11111111-2222-3333-4444-555555555555";
const wishes = { guard: true, stopGate: true, mcp: false };
const lineOf = (on: string): string => claudeHooks(wishes).find((hook) => hook.on === on)!.command;

/** Runs lines as Claude Code does, and counts what JavaScript each has the program read. */
async function desk() {
  const world = cliWorld();
  expect((await world.run(["init", "--project", "shop", "--agent", "web-1"])).status).toBe(0);
  const [bin, out, spy] = [join(world.root, "bin"), join(world.root, "loaded"), join(world.root, "spy.cjs")];
  mkdirSync(bin);
  writeFileSync(
    spy,
    `const fs = require("node:fs"), { readFileSync, appendFileSync } = fs;
fs.readFileSync = (path, ...more) => { appendFileSync(${JSON.stringify(out)}, path + "\\n"); return readFileSync(path, ...more); };
appendFileSync(${JSON.stringify(out)}, "started\\n");`,
  );
  const program = `exec "${process.execPath}" --require "${spy}" "${await builtCli()}"`;
  writeFileSync(join(bin, "tracecraft"), `#!/bin/sh\n${program} "$@"\n`);
  chmodSync(join(bin, "tracecraft"), 0o755);
  const { TRACECRAFT_SESSION: _none, ...env } = world.env;
  return {
    world,
    run(on: string, event: object) {
      rmSync(out, { force: true });
      const input = JSON.stringify({ session_id: session, cwd: world.cwd, ...event });
      const { status, stderr } = spawnSync("/bin/sh", ["-c", lineOf(on)], {
        cwd: world.cwd,
        env: { ...env, PATH: `${bin}:${process.env["PATH"]}` },
        input,
        encoding: "utf8",
      });
      expect([on, status, stderr]).toEqual([on, 0, ""]);
      const read = existsSync(out) ? readFileSync(out, "utf8").trimEnd().split("\n") : [];
      const ours = [...new Set(read)].filter(
        (path) => path.endsWith(".cjs") && !path.includes(join(".cache", "tracecraft", "v")) && path !== spy,
      );
      const kib = ours.reduce((sum, path) => sum + statSync(path).size, 0) / 1024;
      return { started: read.includes("started"), names: ours.map((path) => basename(path)), kib };
    },
  };
}

/** Of what is loaded by mistake, the most likely and the dearest. */
const heavy = /chunk-(?:redact|s3|probe|server|credential|replay|session-mirror|mirror|help)/;

describe("what a hook has the program load", () => {
  it("is nothing for a prompt without news, also while another session has some, and for a shell command", async () => {
    const { world, run } = await desk();
    const nothing = { started: false, names: [], kib: 0 };
    expect(run("UserPromptSubmit", { prompt: "x" })).toEqual(nothing);
    const flags = join(
      world.env["XDG_STATE_HOME"] ?? join(world.home, ".local", "state"),
      "tracecraft",
      "news-flag",
    );
    mkdirSync(flags, { recursive: true });
    writeFileSync(join(flags, "another-session.0"), "{}");
    expect(run("UserPromptSubmit", { prompt: "x" })).toEqual(nothing);
    expect(run("PreToolUse", { tool_name: "Bash", tool_input: { command: "ls" } })).toEqual(nothing);
    writeFileSync(join(flags, `${session}.0`), "{}");
    expect(run("UserPromptSubmit", { prompt: "x" }).started).toBe(true);
  });

  it.each([
    ["SessionStart", { source: "startup" }],
    ["Stop", { stop_hook_active: false }],
    ["PreToolUse", { tool_name: "Edit", tool_input: { file_path: "a" } }],
  ])("of %s is at most 15 files and 256 KiB, and nothing heavy", async (on, event) => {
    const { run } = await desk();
    const { started, names, kib } = run(on, event);
    expect(started).toBe(true);
    expect(names.length).toBeGreaterThan(2);
    expect(names.length).toBeLessThanOrEqual(15);
    expect(kib).toBeLessThanOrEqual(256);
    expect(names.filter((name) => heavy.test(name))).toEqual([]);
  });
});
