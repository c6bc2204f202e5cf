import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtCli } from "./built-cli.ts";
import { cliWorld } from "./run-cli.ts";
import { setupWorld } from "./setup-world.ts";

it("setup says what it does, sample by sample", async () => {
  const { cwd, said } = cliWorld();
  mkdirSync(join(cwd, ".claude"));
  writeFileSync(join(cwd, ".claude", "settings.json"), '{\n  "model": "opus"\n}\n');
  writeFileSync(join(cwd, "CLAUDE.md"), "# Hi\n");
  expect(await said("setup claude-code --dry-run")).toMatchInlineSnapshot(`
    "would change  .claude/settings.json  +6 hooks
    would create  .claude/skills/tracecraft/SKILL.md
    would change  CLAUDE.md  +6 lines between markers
    # 0"
  `);
  expect(await said("setup claude-code")).toMatchInlineSnapshot(`
    "changed  .claude/settings.json  +6 hooks (backup .claude/settings.json.bak)
    created  .claude/skills/tracecraft/SKILL.md
    changed  CLAUDE.md  +6 lines between markers
    2> next: tracecraft init --project NAME --agent NAME
    # 0"
  `);
  expect(await said("setup claude-code")).toMatchInlineSnapshot(`
    "unchanged  .claude/settings.json
    unchanged  .claude/skills/tracecraft/SKILL.md
    unchanged  CLAUDE.md
    2> next: tracecraft init --project NAME --agent NAME
    # 0"
  `);
  const settings = join(cwd, ".claude", "settings.json");
  const half = JSON.parse(readFileSync(settings, "utf8")) as { hooks: Record<string, unknown> };
  delete half.hooks["Stop"];
  delete half.hooks["SessionEnd"];
  writeFileSync(settings, JSON.stringify(half, undefined, 2));
  expect(await said("setup claude-code --check")).toMatchInlineSnapshot(`
    "missing  .claude/settings.json  2 of 6 hooks
    2> Error: claude-code is not fully set up: 2 hooks missing
    2> Hint: tracecraft setup claude-code
    # 5"
  `);
  writeFileSync(settings, `{${"\n".repeat(11)}}}`);
  expect((await said("setup claude-code")).split("\n").slice(-2)).toMatchInlineSnapshot(`
    [
      "2> Error: Cannot change ".claude/settings.json": not JSON at line 12 (unexpected "}")",
      "# 2",
    ]
  `);
  writeFileSync(settings, "{}");
  expect(await said("setup claude-code --remove")).toMatchInlineSnapshot(`
    "unchanged  .claude/settings.json
    removed  .claude/skills/tracecraft/SKILL.md
    changed  CLAUDE.md  -6 lines between markers
    # 0"
  `);
  expect(await said("setup nobody")).toMatchInlineSnapshot(`
    "2> Error: Cannot set up "nobody": no such harness
    2> Cause: there are claude-code, codex, openclaw, hermes, git, and all
    2> Hint: tracecraft help setup
    # 2"
  `);
  expect(await said("setup codex --local")).toMatchInlineSnapshot(`
    "2> Error: Cannot set up codex with --local: it has no such settings
    2> Hint: tracecraft setup codex
    # 2"
  `);
});

it("a check misses nothing that was set up with a guard besides, and what it asks for by name", async () => {
  const { said } = cliWorld();
  expect(await said("setup claude-code --guard")).toContain("# 0");
  for (const asked of ["", " --guard"])
    expect(await said(`setup claude-code --check${asked}`)).toBe("claude-code: all is in place\n# 0");
  expect(await said("setup claude-code --check --stop-gate")).toContain("1 hook missing");
  expect(await said("setup claude-code")).toContain("# 0");
  expect(await said("setup claude-code --check --guard")).toContain("# 5");
});

it("doctor --hooks says what is set up, how hooks fare, and that a project is not trusted", async () => {
  const { cwd, home, run, said } = cliWorld();
  mkdirSync(join(home, ".codex"));
  writeFileSync(
    join(cwd, ".tracecraft.json"),
    JSON.stringify({ schema: 3, store: "./bucket", project: "shop" }),
  );
  const stdin = JSON.stringify({ session_id: "s", cwd, source: "startup" });
  const untrusted = await run(["hook", "claude-code", "session-start"], { stdin });
  expect(untrusted).toEqual({ stdout: "", stderr: "", status: 0 });
  expect(await said("doctor --hooks")).toContain("warning: hooks stay silent in project shop");
  await run(["init", "--project", "shop", "--agent", "web-1"]);
  await run(["setup", "claude-code"]);
  const trusted = await run(["hook", "claude-code", "session-start"], { stdin });
  expect(trusted).toEqual({ stdout: expect.stringContaining("This is agent web-1"), stderr: "", status: 0 });
  const report = (await said("doctor --hooks"))
    .replaceAll(/\d{4}-[\d:T-]+Z/g, "TIME")
    .replaceAll(/\d\d:\d\dZ/g, "HOUR")
    .replaceAll(/\d+ms/g, "Nms");
  expect(report).toMatchInlineSnapshot(`
    "hooks: claude-code set up (project), codex not set up
    claude-code  session-start  last TIME  p95 Nms  1 error: config at HOUR
    2> next: tracecraft setup codex
    # 0"
  `);
  const { stdout } = await run(["doctor", "--hooks", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, data: { hooks: { trusted: true } } });
  for (const words of [
    ["setup", "codex", "--json"],
    ["setup", "codex", "--check", "--json"],
    ["setup", "codex", "--remove", "--json"],
  ])
    expect(await run(words)).toMatchObject({ status: 0 });
});

/** A repository with a commit and a remote, in a project, where git finds the program. */
async function repository() {
  const world = cliWorld();
  const { cwd, root, home } = world;
  const program = await builtCli();
  const bin = join(root, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "tracecraft"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, {
    mode: 0o755,
  });
  const env = {
    ...world.env,
    PATH: `${bin}:${world.env["PATH"]}`,
    GIT_AUTHOR_NAME: "a",
    GIT_AUTHOR_EMAIL: "a@b",
    GIT_COMMITTER_NAME: "a",
    GIT_COMMITTER_EMAIL: "a@b",
  };
  const git = (words: readonly string[], more: Record<string, string> = {}): string => {
    try {
      return execFileSync("git", words, {
        cwd,
        env: { ...env, ...more },
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      const { stdout, stderr, status } = error as { stdout: string; stderr: string; status: number };
      return `${stdout}${stderr}# ${status}`;
    }
  };
  git(["init", "-q", "--template=", "-b", "main"]);
  await world.run(["init", "--project", "shop", "--agent", "web-1"]);
  mkdirSync(join(cwd, "src"));
  writeFileSync(join(cwd, "src", "a.ts"), "a\n".repeat(50));
  git(["add", "src"]);
  git(["commit", "-q", "-m", "a"]);
  execFileSync("git", ["init", "-q", "--bare", join(home, "remote.git")]);
  git(["remote", "add", "origin", join(home, "remote.git")]);
  return { ...world, git };
}

describe("setup git", () => {
  it(
    "guards commits and pushes, both sides of renames, beside the hooks that are there",
    { timeout: 60_000 },
    async () => {
      const { cwd, root, run, git } = await repository();
      mkdirSync(join(cwd, ".git", "hooks"));
      writeFileSync(join(cwd, ".git/hooks/pre-push"), `#!/bin/sh\ncat >"${root}/refs"\n`, { mode: 0o755 });
      await run(["setup", "git"]);
      await run(["reserve", "src/**", "--agent", "api-2"]);

      git(["mv", "src/a.ts", "b.ts"]);
      expect(git(["commit", "-m", "move"])).toMatch(
        /^Error: Cannot commit: src\/a\.ts is reserved by api-2 \(src\/\*\*, exclusive, \d+m left\)\nHint: TRACECRAFT_GUARD=off git commit …\n# 1$/,
      );
      expect(git(["commit", "-q", "-m", "move"], { TRACECRAFT_GUARD: "off" })).toBe("");
      expect(git(["push", "-q", "origin", "main"])).toContain(
        "Error: Cannot push: src/a.ts is reserved by api-2",
      );
      expect(existsSync(join(root, "refs"))).toBe(false);
      await run(["unreserve", "src/**", "--agent", "api-2"]);
      expect(git(["push", "-q", "origin", "main"])).toBe("");
      expect(readFileSync(join(root, "refs"), "utf8")).toMatch(
        /^refs\/heads\/main [0-9a-f]{40} refs\/heads\/main 0{40}\n$/,
      );
      expect(git(["push", "-q", "origin", "main"])).toBe("");
      expect(readFileSync(join(root, "refs"), "utf8")).toBe("");
    },
  );

  it("lets git go on in any trouble", { timeout: 60_000 }, async () => {
    const { cwd, run, git } = await repository();
    await run(["setup", "git"]);
    await run(["reserve", "**", "--agent", "api-2"]);
    const commit = (): string => git(["commit", "-q", "--allow-empty", "-m", "x"]);
    writeFileSync(join(cwd, "c.ts"), "c");
    git(["add", "c.ts"]);
    expect(commit()).toContain("Cannot commit: c.ts");
    writeFileSync(join(cwd, ".tracecraft.json"), "{broken");
    expect(commit()).toBe("");
  });
});

it("setup follows no link out of a checkout, and of the user's own follows them", async () => {
  const world = setupWorld();
  writeFileSync(join(world.home, "victim"), "mine\n");
  symlinkSync(join(world.home, "victim"), join(world.cwd, "CLAUDE.md"));
  const { error } = await world.run("claude-code");
  expect(error?.message).toBe('Cannot change "CLAUDE.md": it is a link that leads out of this folder');
  mkdirSync(join(world.home, ".claude"));
  symlinkSync(join(world.home, "victim"), join(world.home, ".claude", "CLAUDE.md"));
  expect((await world.run("claude-code", "user")).error).toBeUndefined();
  expect(readFileSync(join(world.home, "victim"), "utf8")).toMatch(/^mine\n\n<!-- tracecraft:begin -->\n/);
});

it("with the plugin switched on setup leaves hooks and skill to it", async () => {
  const world = setupWorld();
  mkdirSync(join(world.home, ".claude"));
  writeFileSync(world.path("~/.claude/settings.json"), '{"enabledPlugins":{"tracecraft@tracecraft":true}}');
  const { warnings } = await world.run("claude-code", "guard");
  expect(warnings).toEqual([
    "the plugin tracecraft@tracecraft brings hooks and skill: only the rest is set up",
  ]);
  const { hooks } = JSON.parse(readFileSync(world.path(".claude/settings.json"), "utf8")) as {
    hooks: object;
  };
  expect(Object.keys(hooks)).toEqual(["Stop", "PreToolUse"]);
  expect(existsSync(world.path(".claude/skills"))).toBe(false);
});
