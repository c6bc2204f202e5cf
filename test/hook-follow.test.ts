import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./run-cli.ts";
import { followersOf, startHarness, until, type ScriptedHarness } from "./scripted-harness.ts";

const id = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
/** A desk with a project on a folder, and Claude Code set up in it. */
async function desk(): Promise<CliWorld & { env: Record<string, string> }> {
  const world = cliWorld();
  const { TRACECRAFT_SESSION: _none, ...env } = world.env;
  const run: CliWorld["run"] = (words, options) =>
    world.run(words, { ...options, env: { TRACECRAFT_SESSION: undefined, ...options?.env } });
  expect((await run(["init", "--project", "shop", "--agent", "web-1"])).status).toBe(0);
  expect((await run(["setup", "claude-code"])).status).toBe(0);
  return { ...world, env, run };
}

type Finished = (work: () => Promise<void>) => void;

async function begin(world: CliWorld, finished: Finished): Promise<ScriptedHarness> {
  const claude = await startHarness("claude-code", world, id);
  finished(() => claude.kill());
  return claude;
}

/** What the bucket has of the transcript. */
async function mirrored(world: CliWorld): Promise<string> {
  const { stdout } = await world.run(["session", "show", id, "--tail", "1000", "--json"]);
  const found = JSON.parse(stdout) as { data?: { tail: string[] } };
  return (found.data?.tail ?? []).map((line) => `${line}\n`).join("");
}

const isWhole = async (world: CliWorld, claude: ScriptedHarness): Promise<boolean> =>
  (await mirrored(world)) === readFileSync(claude.transcript, "utf8");

async function claimAs(world: CliWorld, agent: string): Promise<number | null> {
  const env = { TRACECRAFT_AGENT: agent, TRACECRAFT_SESSION: `shell-of-${agent}` };
  return (await world.run(["claim", "design", "--ttl", "4s"], { env })).status;
}

describe.concurrent("the process that follows a session", { timeout: 90_000 }, () => {
  it("is one however often it is started, mirrors lines as they come, and ends with its session", async ({
    onTestFinished,
  }) => {
    const world = await desk();
    const claude = await begin(world, onTestFinished);
    await Promise.all(
      ["startup", "startup", "compact", "startup"].map((source) => claude.fire("SessionStart", { source })),
    );
    await until("somebody follows", () => followersOf(world).length > 0);
    const [first] = followersOf(world);
    claude.says("begin");
    await Promise.all([claude.fire("Stop"), claude.fire("SubagentStop"), claude.fire("Stop")]);
    await until("the first line is mirrored", () => isWhole(world, claude));
    claude.says("x".repeat(300_000)); // Of itself, without a hook.
    await until("many lines are mirrored", () => isWhole(world, claude));
    expect(followersOf(world)).toEqual([first]);

    claude.says("the end");
    await claude.quit();
    await until("nobody follows", () => followersOf(world).length === 0);
    await until("all is mirrored", () => isWhole(world, claude));
  });

  it("renews what the session holds while its harness lives, and no longer", async ({ onTestFinished }) => {
    const world = await desk();
    const claude = await begin(world, onTestFinished);
    await claude.fire("SessionStart", { source: "startup" });
    expect((await claude.types("tracecraft claim design --ttl 4s")).status).toBe(0);
    const from = Date.now();
    await until("time has passed", async () => {
      expect(await claimAs(world, "api-2")).toBe(3); // It would lapse after six seconds.
      return Date.now() - from > 9_000;
    });
    claude.says("last words");
    await claude.kill();
    await until("the lease lapses", async () => (await claimAs(world, "api-2")) === 0);
    await until("nobody follows", () => followersOf(world).length === 0);
    expect(await isWhole(world, claude)).toBe(true);
  });

  it("raises the flag for mail, which the next prompt tells", async ({ onTestFinished }) => {
    const world = await desk();
    const claude = await begin(world, onTestFinished);
    await claude.fire("SessionStart", { source: "startup" });
    const env = { TRACECRAFT_AGENT: "api-2", TRACECRAFT_SESSION: "shell-of-api-2" };
    expect((await world.run(["send", "web-1", "hello"], { env })).status).toBe(0);
    await until("a prompt tells it", async () => {
      return (await claude.fire("UserPromptSubmit", { prompt: "go on" })).includes(
        "1 unread message from api-2",
      );
    });
    expect(await claude.fire("UserPromptSubmit", { prompt: "go on" })).toBe("");
  });

  it("goes on with its session when that is resumed in another process", async ({ onTestFinished }) => {
    const world = await desk();
    const claude = await begin(world, onTestFinished);
    await claude.fire("SessionStart", { source: "startup" });
    await until("somebody follows", () => followersOf(world).length === 1);
    claude.says("one");
    const again = await begin(world, onTestFinished);
    await claude.kill();
    await again.fire("SessionStart", { source: "resume" });
    again.says("two");
    await again.fire("Stop");
    await until("both lines are mirrored", () => isWhole(world, again));
    expect(followersOf(world)).toHaveLength(1);
    await again.kill();
    await until("nobody follows", () => followersOf(world).length === 0);
  });

  it("sends nothing to the store of a branch that is switched while it runs", async ({ onTestFinished }) => {
    const world = await desk();
    const claude = await begin(world, onTestFinished);
    await claude.fire("SessionStart", { source: "startup" });
    claude.says("one");
    await claude.fire("Stop");
    await until("it is followed", () => isWhole(world, claude));
    const file = join(world.cwd, ".tracecraft.json");
    const own = readFileSync(file, "utf8");
    writeFileSync(file, JSON.stringify({ schema: 3, store: "./evil", project: "shop" }));
    claude.says("private".repeat(60_000));
    const kept = () => readdirSync(world.root, { recursive: true, encoding: "utf8" });
    await until("it has been tried", () =>
      kept().some((name) => name.endsWith("hooks/claude-code/mirror~.json")),
    );
    await claude.fire("Stop");
    expect(existsSync(join(world.cwd, "evil"))).toBe(false);
    writeFileSync(file, own);
    await claude.fire("Stop");
    await until("all is mirrored", () => isWhole(world, claude));
    await claude.quit();
    expect(existsSync(join(world.cwd, "evil"))).toBe(false);
  });

  it("does not act in a project that init was not run with here", async ({ onTestFinished }) => {
    const world = await desk();
    const claude = await begin(world, onTestFinished);
    const env = { XDG_STATE_HOME: `${world.home}/another-state` };
    const stranger = await startHarness("claude-code", { ...world, env: { ...world.env, ...env } }, id);
    onTestFinished(() => stranger.kill());
    await stranger.fire("SessionStart", { source: "startup" });
    claude.says("private");
    await stranger.fire("Stop");
    await stranger.quit();
    expect(followersOf(world)).toEqual([]);
    expect(await mirrored(world)).toBe("");
  });
});
