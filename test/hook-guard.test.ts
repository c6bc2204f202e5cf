import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { reserve, reservationsName } from "../src/coord/reservations.ts";
import { checkAnswer } from "./hook-rules.ts";
import { eventOf, shop, type HookWorld } from "./hook-world.ts";

const harness = "claude-code";
const wish = { mode: "exclusive", ttlS: 3600, step: undefined, advise: false } as const;

async function reserved(): Promise<HookWorld> {
  const world = await shop();
  mkdirSync(join(world.cwd, ".git"));
  mkdirSync(join(world.cwd, "src", "api"), { recursive: true });
  await reserve(await world.project(harness, "other", "api-2"), { ...wish, pattern: "src/api/**" });
  return world;
}
const write = (world: HookWorld, path: string, by = "one"): Promise<string> =>
  world.fire(
    harness,
    "pre-tool",
    eventOf(world, by, { tool_name: "Write", tool_input: { file_path: path } }),
  );

describe("the guard", () => {
  it("denies a path that another agent has reserved, by any name of it", async () => {
    const world = await reserved();
    const said = await write(world, join(world.cwd, "src/api/new/a.ts"));
    checkAnswer(harness, "pre-tool", said);
    expect(JSON.parse(said)).toMatchObject({
      hookSpecificOutput: {
        permissionDecision: "deny",
        permissionDecisionReason: expect.stringMatching(
          /^src\/api\/new\/a\.ts is reserved by api-2 \(src\/api\/\*\*, exclusive, \d+m left\): tracecraft reservations$/,
        ),
      },
    });
    expect(await write(world, "src/x/../api/a.ts")).toContain("deny");
    expect(await write(world, "src/web/a.ts")).toBe("");
    expect(await write(world, "/elsewhere/src/api/a.ts")).toBe("");
  });

  it("takes a patch of Codex by both names of a rename", async () => {
    const world = await reserved();
    const patch = (words: string) =>
      world.fire(
        "codex",
        "pre-tool",
        eventOf(world, "c", { tool_name: "apply_patch", tool_input: { command: words } }),
      );
    const said = await patch(
      "*** Begin Patch\n*** Update File: a.ts\n*** Move to: src/api/a.ts\n*** End Patch",
    );
    expect(JSON.parse(said)).toEqual({
      decision: "block",
      reason: expect.stringContaining("reserved by api-2"),
    });
    expect(await patch("*** Begin Patch\n*** Delete File: src/api/b.ts\n*** End Patch")).toContain("block");
    expect(await patch("*** Begin Patch\n*** Update File: a.ts\n*** End Patch")).toBe("");
  });

  it("takes of a commit what it would take: staged, added on the same line, all, or named", async () => {
    const world = await reserved();
    const git = (...words: string[]) => execFileSync("git", words, { cwd: world.cwd, stdio: "pipe" });
    git("init", "-q");
    const shell = (command: string) =>
      world.fire(harness, "pre-tool", eventOf(world, "one", { tool_name: "Bash", tool_input: { command } }));
    mkdirSync(join(world.cwd, "docs"));
    writeFileSync(join(world.cwd, "src/api/a.ts"), "1");
    writeFileSync(join(world.cwd, "docs/b.md"), "1");
    const denied = async (command: string) =>
      expect([command, await shell(command)]).toEqual([command, expect.stringContaining("deny")]);
    const passes = async (command: string) => expect([command, await shell(command)]).toEqual([command, ""]);
    await passes('git commit -m "src, not staged"');
    await passes("git add docs && git commit -m x");
    await denied('git add src/api/a.ts && git commit -m "x"');
    await denied("git add src; git commit -m x");
    await denied("git add -A && git commit -m x");
    await denied("git add . && git commit -m x");
    git("add", "src");
    await denied("git commit -m x");
    await passes("git push origin main");
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x");
    await denied("git push origin main");
    await passes("git commit -m x");
    writeFileSync(join(world.cwd, "src/api/a.ts"), "2");
    await passes("git commit -m x");
    await denied("git commit -am x");
    await denied("git commit --all -m x");
    await denied("git commit src/api/a.ts -m x");
    await denied("git -c user.name=a commit -m x -- 'src/api'");
    await passes("git commit docs -m 'as above'");
  });

  it("answers within its time whatever the patterns are, and finds one among plain ones", async () => {
    const world = await reserved();
    const { local } = await world.project(harness, "one");
    const known = local.read(reservationsName) as { reservations: object[]; at_ms: number };
    const [one] = known.reservations;
    const hostile = ["**/d*/".repeat(82), "**/*d/d/".repeat(62), "**/a/".repeat(99)];
    const entries = (patterns: readonly string[], count: number) =>
      Array.from({ length: count }, (_, n) => ({ ...one, pattern: `${patterns[n % patterns.length]}x${n}` }));
    const timed = async (patterns: readonly string[], many: number): Promise<[string, number]> => {
      local.write(reservationsName, { ...known, reservations: [...entries(patterns, many * 20), one] });
      const began = performance.now();
      const patch = Array.from({ length: many }, (_, n) => `*** Update File: lib/${"d/".repeat(40)}${n}.ts`);
      const command = [...patch, "*** Update File: src/api/a.ts"].join("\n");
      const said = await world.fire(
        "codex",
        "pre-tool",
        eventOf(world, "c", { tool_name: "apply_patch", tool_input: { command } }),
      );
      return [said, performance.now() - began];
    };
    expect((await timed(hostile, 50))[1]).toBeLessThan(3_000); // Else it is half a minute.
    const [said, tookMs] = await timed(["docs/a/**", "src/web/*.ts"], 5);
    expect(said).toContain("src/api/a.ts is reserved by api-2");
    expect(tookMs).toBeLessThan(3_000);
  });

  it("lets everything pass once what is known is ten minutes old, and asks for news of it", async () => {
    const world = await reserved();
    const { local } = await world.project(harness, "one");
    const known = local.read(reservationsName) as { at_ms: number };
    const age = (minutes: number) =>
      local.write(reservationsName, { ...known, at_ms: known.at_ms - minutes * 60_000 });
    age(9);
    expect(await write(world, "src/api/a.ts")).toContain("deny");
    expect(world.launched).toEqual([["hook", harness, "keep", "--guard"]]);
    age(11);
    expect(await write(world, "src/api/a.ts")).toBe("");
    local.write(reservationsName, { reservations: "damaged", at_ms: known.at_ms });
    expect(await write(world, "src/api/a.ts")).toBe("");
  });
});
