import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { allRules, fill, seeded, type Sample } from "./redact-corpus.ts";
import { cliWorld, type CliWorld } from "./run-cli.ts";

// The real program on a real bucket: one secret of every rule, by every way that leads into a bucket. What differs
// from run to run is said with the test, and TRACECRAFT_SEED repeats it.
const seed = Number(process.env["TRACECRAFT_SEED"] ?? Date.now() % 1_000_000);
const random = seeded(seed);
const canaries: readonly (Sample & { readonly rule: string })[] = allRules().map((rule) => ({
  rule: rule.name,
  ...fill(rule.details().yes[0]!, random),
}));
/** Kept below what a note may hold. */
const noteBytes = 12_000;
const stretch = 9;

let world: CliWorld;
let bucket: string;

beforeAll(async () => {
  world = cliWorld();
  bucket = join(world.home, ".local", "share", "tracecraft");
  expect((await world.run(["init", "--project", "shop", "--agent", "web-1"])).status).toBe(0);
});

describe(`one secret of each of ${canaries.length} rules does not reach a bucket (TRACECRAFT_SEED=${seed})`, () => {
  it("in transcripts that are mirrored twice, each cut at any byte the first time", async () => {
    const folder = join(world.home, ".claude", "projects", world.cwd.replaceAll(/[^A-Za-z0-9]/g, "-"));
    mkdirSync(folder, { recursive: true });
    const transcripts = canaries.map((canary, n) => transcript(folder, canary, n));
    for (const { path, bytes, cut } of transcripts) put(path, bytes.subarray(0, cut));
    await expectDone(["session", "mirror", "--all"]);
    expect(leaks()).toEqual([]);
    for (const { path, bytes } of transcripts) put(path, bytes);
    await expectDone(["session", "mirror", "--all"]);
    expect(leaks()).toEqual([]);

    const { stdout } = await world.run(["session", "verify", "--json"]);
    const { sessions } = (JSON.parse(stdout) as { data: { sessions: { ok: boolean; source: string }[] } })
      .data;
    expect(sessions.filter(({ ok, source }) => ok && source === "equal")).toHaveLength(canaries.length);
    const marked = objects().filter(([key, text]) => /part-/.test(key) && text.includes("[REDACTED:"));
    const told = new Set(marked.map(([key]) => key.split("/").at(-2)));
    expect(told.size).toBe(canaries.length); // One that was lost would leak nothing either.
  });

  it("in messages, subjects, values, notes and next actions; of artifacts it is said", async () => {
    for (const [n, text] of texts().entries()) {
      await expectDone(["send", "api-2", text, "--subject", firstLine(text)]);
      await expectDone(["memory", "set", `canary.${n}`, text]);
      await expectDone([
        "complete",
        `step-${n}`,
        "--note",
        text,
        "--to",
        "api-2",
        "--next-action",
        firstLine(text),
      ]);
    }
    expect(leaks()).toEqual([]);

    writeFileSync(join(world.cwd, "all.txt"), texts().join("\n\n"));
    const uploaded = await world.run(["artifact", "upload", "all.txt"]);
    expect(uploaded.status).toBe(0);
    expect(uploaded.stderr).toContain("looks like a secret inside");
    expect(leaks()).toEqual([]);
    expect(leaks(objects("artifacts"))).not.toEqual([]); // And so this can tell one.
  });
});

/** Lines before and behind, so that the cut may be anywhere in the line of the secret, also between its bytes. */
function transcript(folder: string, { text }: Sample, n: number) {
  const sessionId = `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
  const say = (content: string): string =>
    `${JSON.stringify({ type: "user", sessionId, cwd: world.cwd, message: { role: "user", content } })}\n`;
  const before = say("begin");
  const line = say(`this is it: ${text}\nand on`);
  const bytes = Buffer.from(before + line + say("end"));
  const at = Buffer.byteLength(before);
  const cut = at + Math.floor(random() * Buffer.byteLength(line));
  return { path: join(folder, `${sessionId}.jsonl`), bytes, cut };
}

/** As if it had lain there for a while, so that nothing is looked at twice for being young. */
function put(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  const then = Date.now() / 1_000 - 60 + bytes.length / 1e6;
  utimesSync(path, then, then);
}

/** All of them, in as few texts as a note takes. */
function texts(): string[] {
  const made: string[] = [];
  for (const { text } of canaries) {
    const last = made.at(-1);
    if (last === undefined || Buffer.byteLength(last) + text.length > noteBytes) made.push(`it is\n${text}`);
    else made[made.length - 1] = `${last}\n\n${text}`;
  }
  return made;
}

function firstLine(text: string): string {
  return `about ${text.split("\n")[1]!}`;
}

/** Which rules' secrets stand in an object, and in which: nine characters in a row of what was made up. */
function leaks(among = objects()): string[] {
  const pieces = new Map<string, string>();
  for (const { rule, secrets } of canaries) {
    for (const secret of secrets)
      for (let at = 0; at + stretch <= secret.length; at++) pieces.set(secret.slice(at, at + stretch), rule);
  }
  const found = new Set<string>();
  for (const [key, text] of among) {
    for (let at = 0; at + stretch <= text.length; at++) {
      const rule = pieces.get(text.slice(at, at + stretch));
      if (rule !== undefined) found.add(`${rule} in ${key}`);
    }
  }
  return [...found];
}

/** Every object below the bucket but artifacts, which must arrive as they are; or those alone. */
function objects(folder?: "artifacts"): [key: string, text: string][] {
  const files = readdirSync(bucket, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.includes("/artifacts/") === (folder !== undefined))
    .map((path) => [path.slice(bucket.length), readFileSync(path, "utf8")]);
}

async function expectDone(words: readonly string[]): Promise<void> {
  const { status, stderr } = await world.run(words);
  expect([status, stderr.split("\n").filter((line) => line.startsWith("Error"))]).toEqual([0, []]);
}
