import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { builtCli } from "./built-cli.ts";
import { cliWorld, type CliWorld } from "./run-cli.ts";

// The example of docs/redaction.md, in the file that it names, with the real program.
const page = readFileSync(join(import.meta.dirname, "../docs/redaction.md"), "utf8");
const example = JSON.parse(/```json\n([^`]*)```/.exec(page)![1]!) as Record<string, unknown>;
const [own, allowed, other] = ["acme_abcdefghij12", "AKIAIOSFODNN7EXAMPLE", "AKIAZ7QJ4M2XKPLW5T3N"];
const words = `first ${own} then ${allowed} then ${other} last`;

async function configured(part: Record<string, unknown>): Promise<CliWorld> {
  const world = cliWorld();
  await world.run(["init", "--project", "shop", "--agent", "web-1"]);
  const file = join(world.cwd, ".tracecraft.json");
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), ...part }));
  const folder = join(world.home, ".claude", "projects", world.cwd.replaceAll(/[^A-Za-z0-9]/g, "-"));
  mkdirSync(folder, { recursive: true });
  const message = { role: "user", content: words };
  const line = JSON.stringify({ type: "user", uuid: "u1", cwd: world.cwd, message });
  writeFileSync(join(folder, "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a.jsonl"), `${line}\n`);
  return world;
}

function uploaded(world: CliWorld): string[] {
  const root = join(world.home, ".local", "share", "tracecraft");
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}

it("the rules and the list of exceptions that the documentation shows hold for transcripts, messages and values", async () => {
  const world = await configured(example);
  const [mirrored, sent, set] = [
    await world.run(["session", "mirror", "--all"]),
    await world.run(["send", "api-2", words]),
    await world.run(["memory", "set", "k", words]),
  ];
  expect([mirrored.status, sent.status, set.status]).toEqual([0, 0, 0]);
  const clean = `first [REDACTED:acme_token] then ${allowed} then [REDACTED:aws_access_key] last`;
  expect(uploaded(world).filter((text) => text.includes(clean)).length).toBeGreaterThanOrEqual(3);
  expect(uploaded(world).filter((text) => text.includes(own) || text.includes(other))).toEqual([]);
});

it.each([
  [{ redact: example["redaction"] }, '"redact" is called "redaction"'],
  [{ redacton: example["redaction"] }, '"redacton" is called "redaction"'],
  [{ redaction: { rules: [{ name: "acme", pattern: "acme_.*" }] } }, "no upper bound"],
  [{ redaction: { rule: [] } }, "only rules and allow are known"],
])("with rules that cannot be used, %j, nothing is uploaded", async (part, why) => {
  const world = await configured(part);
  const before = uploaded(world).length;
  const mirrored = await world.run(["session", "mirror", "--all"]);
  expect([mirrored.status, mirrored.stderr]).toEqual([2, expect.stringContaining(why)]);
  expect(uploaded(world)).toHaveLength(before);
});

it.each([
  ["session", "mirror", "--all"],
  ["send", "api-2", words],
  ["memory", "set", "k", words],
])("without the rules that are built in, %s %s uploads nothing and says so", async (...line) => {
  const world = await configured({});
  const program = join(world.root, "program");
  cpSync(dirname(await builtCli()), program, { recursive: true });
  const rules = readdirSync(program).find((name) => name.startsWith("chunk-redact-"))!;
  rmSync(join(program, rules));
  const before = uploaded(world).length;
  const ran = spawnSync(process.execPath, [join(program, "cli.cjs"), ...line], {
    cwd: world.cwd,
    env: world.env,
    encoding: "utf8",
  });
  expect([ran.status, ran.stderr]).toEqual([
    2,
    expect.stringMatching(
      /^Error: Cannot load the redaction rules: nothing is uploaded\nCause: .*\nHint: docs\/redaction.md\n/,
    ),
  ]);
  expect(uploaded(world)).toHaveLength(before);
});
