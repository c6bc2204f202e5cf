import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { fileStore } from "../src/store/file.ts";
import { hostileBucket } from "./hostile-bucket.ts";
import { documented } from "./hostile-run.ts";
import { payloads, rawIn, sequences } from "./hostile-text.ts";
import { cliWorld, type CliWorld } from "./run-cli.ts";

// The real program, as it is packed, in a bucket that is a directory, with and without a terminal.

/** What the program itself may send to a terminal: its colours, and a line that it rewrites. */
const ours = /\x1b\[(?:0|1|2|3[1-6])m|\r\x1b\[K/g;

let world: CliWorld;

beforeAll(async () => {
  world = cliWorld();
  const made = await world.run(["init", "--project", "shop", "--agent", "web-1", "--store", "./bucket"]);
  expect(made.status, made.stderr).toBe(0);
  let at = 0;
  // What a file system takes for a key, which is no half of a pair.
  const texts = [...sequences, ...payloads].filter((text) => text.isWellFormed() && text.length < 1000);
  await hostileBucket(fileStore(join(world.cwd, "bucket", "shop")), () => texts[(at += 7) % texts.length]!);
});

const lines: readonly (readonly string[])[] = [
  ["status"],
  ["steps", "--all"],
  ["agents"],
  ["log", "--all"],
  ["watch", "--since", "AQAAAAAAAA", "--once"],
  ["handoff", "done"],
  ["claim", "held"],
  ["complete", "lost"],
  ["complete", "mine"],
  ["memory", "list", "--values"],
  ["memory", "history", "plain"],
  ["memory", "get", "json"],
  ["artifact", "list", "--long"],
  ["wait-for", "held", "foreign", "review", "--timeout", "0"],
  ["inbox", "--all", "--peek"],
  ["send", "nobody", "hello"],
];

it.each(lines.map((words) => [words.join(" "), words] as const))(
  "tracecraft %s: no raw control byte in a pipe or in a terminal, and --json is one exact line",
  async (_, words) => {
    const [piped, terminal, json] = await Promise.all([
      world.run(words),
      world.runInTerminal(words),
      words[0] === "watch" || words[0] === "send" ? undefined : world.run([...words, "--json"]),
    ]);
    for (const { status, stdout, stderr } of [piped, terminal])
      expect(documented, stdout + stderr).toContain(status);
    expect(rawIn(piped.stdout), piped.stdout).toEqual([]);
    expect(rawIn(piped.stderr), piped.stderr).toEqual([]);
    expect(rawIn(terminal.stdout.replaceAll(ours, "")), terminal.stdout).toEqual([]);
    expect(terminal.stdout.match(/\x1b\[[0-9;]*m/g)?.length ?? 0).toBeLessThan(2000);
    if (!json) return;
    expect(rawIn(json.stdout + json.stderr)).toEqual([]);
    expect(json.stdout.split("\n")).toHaveLength(2);
    expect(JSON.parse(json.stdout).schema_version).toBe(1);
  },
);

it("no name on a command line or in the environment writes anything anywhere", async () => {
  const before = snapshot(world.root);
  const bad = [
    "../x",
    "/etc/x",
    "a/../../x",
    "a\nb",
    "x".repeat(1000),
    "\u202egnp",
    "_broadcast",
    "a\\b",
    "..",
  ];
  const calls = bad.flatMap((name) => [
    { words: ["claim", `--agent=${name}`, "s1"], env: {} },
    { words: ["send", "b", "hello"], env: { TRACECRAFT_AGENT: name } },
    { words: ["claim", "--", name], env: {} },
  ]);
  const more = bad.slice(0, 3).flatMap((name) => [
    { words: ["claim", "s2"], env: { TRACECRAFT_SESSION: name } },
    { words: ["init", `--project=${name}`, "--agent=web-2", "--move"], env: {} },
    { words: ["init", "--project=shop", `--agent=${name}`, "--move"], env: {} },
    { words: ["artifact", "download", "--", name], env: {} },
  ]);
  const all = [...calls, ...more];
  const ran = await Promise.all(all.map(({ words, env }) => world.run(words, { env })));
  for (const [index, { status, stdout, stderr }] of ran.entries()) {
    const { words, env } = all[index]!;
    expect(status, `${JSON.stringify([words, env])}: ${stdout}${stderr}`).toBe(2);
    expect(stderr).toMatch(/^Error: /);
    expect(rawIn(stdout + stderr)).toEqual([]);
  }
  expect(snapshot(world.root)).toEqual(before);
});

/** All that is on the disk there but the cache: kind, mode and content by path. */
function snapshot(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (path.startsWith("home/.cache/")) continue;
    const stat = lstatSync(join(root, path));
    const content = stat.isFile() ? readFileSync(join(root, path)) : "";
    found[path] = `${stat.mode} ${createHash("sha256").update(content).digest("hex")}`;
  }
  return found;
}
