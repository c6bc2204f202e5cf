import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parse } from "jsonc-parser";
import { describe, expect, it } from "vitest";
import { fixtures, type Fixture } from "./setup-fixtures.ts";
import { setupWorld, type SetupWorld } from "./setup-world.ts";

function put(world: SetupWorld, { path, text, link, mode }: Fixture): void {
  const at = world.path(path);
  mkdirSync(dirname(at), { recursive: true });
  const real = link ? `${at}.real` : at;
  writeFileSync(
    real,
    /[^\u0000-\u00ff]/.test(text) || path.endsWith(".json") ? text : Buffer.from(text, "latin1"),
  );
  if (mode !== undefined) chmodSync(real, mode);
  if (link) symlinkSync(real, at);
}

const wishes = ["guard", "mcp"] as const;
const ours = /tracecraft hook|tracecraft:begin|"tracecraft"/;

it("there are a hundred fixtures and more, of every harness", () => {
  expect(fixtures.length).toBeGreaterThanOrEqual(100);
  expect([...new Set(fixtures.map(({ harness }) => harness))].toSorted()).toEqual([
    "claude-code",
    "codex",
    "git",
    "hermes",
    "openclaw",
  ]);
});

describe.each(fixtures.filter(({ refused }) => !refused))("$name", (fixture) => {
  const { harness, scope, path } = fixture;
  const flags = scope === undefined ? [] : [scope];

  it("set up, then with more, twice, and taken out has its bytes again, and nothing else is left", async () => {
    const world = setupWorld({ git: fixture.harness === "git" });
    put(world, fixture);
    const before = world.everything();
    await world.run(harness, ...flags);
    await world.run(harness, ...flags, ...wishes);
    const once = world.everything();
    expect(readFileSync(world.path(path), "latin1")).toMatch(ours);
    const again = await world.run(harness, ...flags, ...wishes);
    expect(world.everything()).toEqual(once);
    expect(
      String(again.text)
        .replaceAll(/^unchanged .*$/gm, "")
        .trim(),
    ).toBe("");
    expect((await world.run(harness, ...flags, ...wishes, "check")).error).toBeUndefined();
    await world.run(harness, ...flags, "remove");
    expect(world.everything()).toEqual(before);
  });

  it("is taken out without a trace also when this machine has forgotten what it wrote", async () => {
    const world = setupWorld({ git: fixture.harness === "git" });
    put(world, fixture);
    await world.run(harness, ...flags, ...wishes);
    for (const name of world.local.names("")) world.local.remove(name);
    const during = readFileSync(world.path(path), "utf8");
    if (fixture.text.includes("\r\n")) expect(during).not.toMatch(/(?<!\r)\n/);
    await world.run(harness, ...flags, "remove");
    const at = world.path(path);
    if (!path.endsWith("json"))
      return expect(existsSync(at) ? readFileSync(at, "latin1") : "").toBe(fixture.text);
    const left = readFileSync(at, "utf8");
    expect(left).not.toMatch(ours);
    expect(valuesOf(left)).toEqual(valuesOf(fixture.text));
    expect(commentsOf(during)).toEqual(commentsOf(fixture.text));
    expect(commentsOf(left)).toEqual(commentsOf(fixture.text));
    expect(left.includes("\r\n")).toBe(fixture.text.includes("\r\n"));
  });
});

function commentsOf(text: string): readonly string[] {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").match(/\/\/.*|\/\*.*?\*\//g) ?? [];
}

/** What a harness makes of it: null, an empty list and nothing are one. Order counts. */
function valuesOf(text: string): string {
  const without = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(without);
    const kept = Object.entries(value)
      .map(([name, one]) => [name, without(one)] as const)
      .filter(([, one]) => one !== null && JSON.stringify(one) !== "[]" && JSON.stringify(one) !== "{}");
    return Object.fromEntries(kept);
  };
  return JSON.stringify(without(parse(text.replace(/^\uFEFF/, ""), [], { allowTrailingComma: true }) ?? {}));
}

describe.each(fixtures.filter(({ refused }) => refused))("$name", (fixture) => {
  it("is refused with the patch to apply by hand, and nothing at all is written", async () => {
    const world = setupWorld({ git: fixture.harness === "git" });
    put(world, fixture);
    const before = world.everything();
    const { error, text } = await world.run(fixture.harness);
    expect(error?.status).toBe(2);
    expect(error?.message).toMatch(/^Cannot change "[^"]+": /);
    expect(text).toMatch(/tracecraft hook/);
    expect(world.everything()).toEqual(before);
  });
});

describe.each(fixtures.filter(({ harness, refused }) => harness === "hermes" && !refused))(
  "$name",
  (fixture) => {
    it("has each of our keys once, as deep as those beside it", async () => {
      const world = setupWorld();
      put(world, fixture);
      await world.run("hermes", ...wishes);
      const lines = readFileSync(world.path(fixture.path), "utf8").split(/\r?\n/);
      for (const [key, mine, theirs] of [
        ["hooks", "pre_llm_call", /^ +post_\w+_call:/],
        ["mcp_servers", "tracecraft", /^ +other:/],
      ] as const) {
        const [at, ...more] = lines.flatMap((line, n) => (new RegExp(`^${key}:`).test(line) ? [n] : []));
        expect([at !== undefined, more]).toEqual([true, []]);
        const end = lines.findIndex((line, n) => n > at! && /^[^\s#]/.test(line));
        const inside = lines.slice(at! + 1, end < 0 ? undefined : end);
        const depth = (pattern: RegExp) =>
          inside.filter((line) => pattern.test(line)).map((line) => line.search(/\S/));
        const own = depth(new RegExp(`^ +${mine}:`));
        expect(own).toHaveLength(1);
        for (const other of depth(theirs)) expect(own).toEqual([other]);
      }
    });
  },
);
