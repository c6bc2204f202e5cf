import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryLocalState } from "../src/coord/local.ts";
import { TracecraftError } from "../src/errors.ts";
import { manifestKey } from "../src/format/keys.ts";
import { claudeCode } from "../src/harness/claude-code.ts";
import type { Session } from "../src/harness/harness.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { recordPieces } from "../src/redact/torn.ts";
import { readManifest, type Manifest } from "../src/sessions/manifest-record.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { partChunks } from "../src/sessions/part-chunks.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { tempFolder, testHost } from "./harness-home.ts";
import { testProject, type TestClock } from "./project.ts";
import { realS3 } from "./real-s3.ts";
import { faultyStore, Killed, type Faults } from "./sessions-store.ts";
import { zstdOf } from "./zstd-of.ts";

const full = process.env["TRACECRAFT_FULL"] !== undefined;
const runs = Number(process.env["TRACECRAFT_RUNS"] ?? (full ? 10_000 : 300));
const runsOnCeph = 20;
const endpoint = process.env["TRACECRAFT_CEPH_ENDPOINT"];
const credentials = async () => ({
  accessKeyId: process.env["TRACECRAFT_CEPH_ACCESS_KEY_ID"] ?? "",
  secretAccessKey: process.env["TRACECRAFT_CEPH_SECRET_ACCESS_KEY"] ?? "",
  source: "the environment",
});
if (endpoint === undefined)
  console.log('skipped: schedules on Ceph: run  eval "$(scripts/ceph-up.sh)"  first');
const redactor = createRedactor();
const secret = "AKIAZ7QJ4M2XKPLW5T3N";
const sizes = { partBytes: 600, batchBytes: 200, parts: 6, merged: 3, mergedBytes: 20_000 };

/**
 * Lines as they come: JSON, no JSON, with secrets, CRLF, NUL, invalid UTF-8, longer than a part. No two are alike, so that
 * the last line that was read tells one life of the source from another: the cursor looks at that one and at the head.
 */
function lineOf(n: number, kind: number): string {
  const forms = [
    `{"n":${n},"text":"word"}`,
    `{"n":${n},"key":"${secret}"}`,
    `{"n":${n},"text":"\xff\xfe\xed\xa0\x80"}`,
    `not json ${n} \0`,
    `{"n":${n}}\r`,
    `[${n}]`,
    `{"n":${n},"long":"${"x".repeat(700)}"}`,
    `{"n":${n},"text":"${"y".repeat(90)}"}`,
  ];
  return forms[kind % forms.length]!;
}

const actions = [
  "append append append part part mirror mirror mirror double double truncate cut",
  "rewrite rotate zip unzip lost-state later ended published",
].flatMap((some) => some.split(" "));

const step = fc.record({
  do: fc.constantFrom(...actions),
  n: fc.nat(5_000),
  kinds: fc.array(fc.nat(7), { minLength: 1, maxLength: 8 }),
  faults: fc.array(fc.record({ at: fc.nat(14), fate: fc.nat(9), meanwhile: fc.nat(5) }), { maxLength: 3 }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The source and everything that it ever held, and the bucket that mirrors of it write to. */
function world(store: Store, clock: TestClock) {
  const host = { ...testHost(), now: () => Date.now() };
  const path = join(tempFolder(), "3f2b8c1e-6a4d-4e0f-9b7a-51c0d2e8a001.jsonl");
  const session: Session = {
    id: "3f2b8c1e-6a4d-4e0f-9b7a-51c0d2e8a001",
    paths: [path, `${path}.zst`],
    cwd: "/w",
  };
  const lives: string[] = [""]; // What each life of the source held: it begins anew when it is rewritten or shrinks.
  const endings = new Set<string>();
  let local = memoryLocalState();
  let lines = 0;
  let published = 0;
  let ending = false;

  const place = () => (existsSync(path) ? path : `${path}.zst`);
  const content = () => lives.at(-1)!;
  function become(next: string, sameLife: boolean): void {
    if (sameLife) lives[lives.length - 1] = next;
    else lives.push(next);
    if (ending) endings.add(next);
    const bytes = Buffer.from(next, "latin1");
    if (place() === path) writeFileSync(path, bytes);
    else {
      writeFileSync(`${path}.new`, zstdOf(bytes)); // Compressed ones are renamed into place.
      renameSync(`${path}.new`, place());
    }
  }
  const more = (kinds: readonly number[]) => kinds.map((kind) => `${lineOf(lines++, kind)}\n`).join("");

  async function mirror({ n, faults }: Step, options: { ended?: boolean; seen?: Store } = {}): Promise<void> {
    const fates: ReturnType<Faults["at"]>[] = [
      "fine",
      "fails",
      "lost",
      "lost",
      "killed before",
      "killed after",
    ];
    const fault: Faults = {
      at: (call) => fates[faults.find(({ at }) => at === call)?.fate ?? 0] ?? "fine",
      // What the harness does to the source while it is mirrored.
      before(call) {
        const meanwhile = faults.find(({ at }) => at === call)?.meanwhile ?? 0;
        if (meanwhile > 2) become(content() + more([n % 8, call % 8]), true);
        if (meanwhile === 2) become(content().slice(0, n % (content().length + 1)), false);
        if (meanwhile === 1) become(more([n % 8, call % 8, 0]) + content().slice(0, n), false);
      },
    };
    const project = testProject({ store: faultyStore(store, fault), local, clock });
    try {
      const what = { ...session, ...(options.ended && { ended: true }) };
      ending = options.ended === true;
      if (ending) endings.add(content());
      await mirrorSession(project, what, {
        harness: claudeCode,
        host,
        redactor: async () => redactor,
        sizes,
      });
    } catch (error) {
      if (!(error instanceof Killed) && !(error instanceof TracecraftError && error.retryable)) throw error;
    } finally {
      ending = false;
    }
  }

  /** What the published tool does: it knows none of our fields and asks nothing. */
  async function publish(): Promise<void> {
    const key = manifestKey("claude-code", session.id);
    const found = await store.get(key, { limit: 1 << 24 });
    if (!found) return;
    const { parts, harness, session_id, total_source_bytes, total_uploaded_bytes } = readManifest(
      key,
      found.body,
    );
    const kept = parts.map(({ seq, uuid, source_bytes, uploaded_bytes }) => ({
      seq,
      uuid,
      source_bytes,
      uploaded_bytes,
    }));
    const record = {
      schema_version: 1,
      harness,
      session_id,
      total_source_bytes,
      total_uploaded_bytes,
      parts: kept,
    };
    await store.put(key, Buffer.from(JSON.stringify(record)), "anything");
    published++;
  }

  async function act(what: Step): Promise<void> {
    const { n, kinds } = what;
    if (what.do === "append") become(content() + more(kinds), true);
    if (what.do === "part") become(`${content()}{"half":${lines++},`, true);
    if (what.do === "truncate") become(content().slice(0, n % (content().length + 1)), false);
    if (what.do === "cut")
      become(content().slice(0, content().lastIndexOf("\n", n % (content().length + 1)) + 1), false);
    if (what.do === "rewrite")
      become(more([0]) + content().replaceAll("word", "WORD").replaceAll("y", "z") + more(kinds), false);
    if (what.do === "rotate") {
      renameSync(place(), `${path}.old`);
      writeFileSync(path, "");
      become(more(kinds), false);
    }
    if (what.do === "zip" && place() === path) {
      writeFileSync(`${path}.zst`, zstdOf(readFileSync(path)));
      rmSync(path);
    }
    if (what.do === "unzip" && place() !== path) {
      writeFileSync(path, content(), "latin1");
      rmSync(`${path}.zst`);
    }
    if (what.do === "lost-state") local = memoryLocalState();
    if (what.do === "later") clock.now += 3 * 86_400_000;
    if (what.do === "mirror") await mirror(what);
    if (what.do === "ended") await mirror(what, { ended: true });
    if (what.do === "published") await publish();
    if (what.do === "double") {
      const other = {
        ...what,
        faults: what.faults.map((fault) => ({ ...fault, at: fault.at + 1, meanwhile: 0 })),
      };
      await Promise.all([mirror(what), mirror(other), mirror({ ...what, faults: [] })]);
    }
  }

  writeFileSync(path, "");
  return {
    act,
    store,
    session,
    lives,
    endings,
    // What this machine remembers may hide what others did to the manifest, until there is a new line.
    mirrorNow() {
      become(content() + more([0]), true);
      return mirror({ faults: [], n: 0 } as never);
    },
    published: () => published,
  };
}

function redacted(text: string): string {
  const lines = text.split("\n");
  lines.pop();
  return lines
    .map(
      (line) =>
        `${Buffer.concat(recordPieces(redactor, Buffer.from(line, "latin1")).pieces).toString("latin1")}\n`,
    )
    .join("");
}

async function bytesOf(store: Store, manifest: Manifest, generation: number | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  let first = 0;
  let last = -1;
  for (const entry of manifest.parts.filter((part) => part.generation === generation)) {
    expect(entry.seq).toBeGreaterThan(last);
    last = entry.seq;
    if (generation !== undefined) expect(entry.first).toBe(first);
    first += entry.count ?? 0;
    for await (const chunk of partChunks(store, manifest, entry)) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("latin1");
}

async function schedule(steps: readonly Step[], store: Store, clock: TestClock): Promise<void> {
  const { act, session, lives, endings, mirrorNow, published } = world(store, clock);
  for (const one of steps) await act(one);
  await mirrorNow();
  const key = manifestKey("claude-code", session.id);
  const found = await store.get(key, { limit: 1 << 24 });
  const wanted = redacted(lives.at(-1)!);
  if (!found) {
    expect(wanted).toBe("");
    return;
  }
  const manifest = readManifest(key, found.body);
  const allowed = [...lives.map(redacted), ...[...endings].map((text) => redacted(`${text}\n`))];
  for (const { generation } of manifest.generations ?? []) {
    const bytes = await bytesOf(store, manifest, generation);
    if (bytes !== "" && !bytes.endsWith("\n")) throw new Error(`generation ${generation} is torn`);
    if (!allowed.some((text) => text.startsWith(bytes)))
      throw new Error(`generation ${generation} is none of the source's lives`);
    if (bytes.includes(secret)) throw new Error("a secret is in the bucket");
  }
  if (manifest.generation === undefined) {
    expect(wanted).toBe(""); // Left as the published tool wrote it: there is no line to begin anew with.
    return;
  }
  const current = await bytesOf(store, manifest, manifest.generation);
  const ended = redacted(`${lives.at(-1)!}\n`); // A last line without LF is taken once the session has ended.
  if (current !== ended || !endings.has(lives.at(-1)!)) expect(current).toBe(wanted);
  // A generation without a reason would hide lines that are there already.
  expect(manifest.generations?.length ?? 0).toBeLessThanOrEqual(lives.length + endings.size + published());
  expect(manifest.parts.filter((part) => part.generation === manifest.generation).length).toBeLessThanOrEqual(
    sizes.parts + 2,
  );
}

async function everySchedule(numRuns: number, run: (steps: readonly Step[]) => Promise<void>): Promise<void> {
  const seed = process.env["TRACECRAFT_SEED"];
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), run), {
    numRuns,
    ...(seed && { seed: Number(seed), endOnFailure: true }),
  });
}

describe("mirrorSession()", () => {
  it(`keeps every generation byte-exact through ${runs} random schedules of what happens to a source and a mirror`, async () => {
    await everySchedule(runs, (steps) => {
      const clock = { now: Date.parse("2026-11-22T14:05:00Z") };
      return schedule(
        steps,
        memoryStore(() => clock.now),
        clock,
      );
    });
  }, 3_600_000);

  it.skipIf(endpoint === undefined)(`and through ${runsOnCeph} on Ceph`, { timeout: 600_000 }, async () => {
    const { open } = realS3({ endpoint: endpoint!, credentials });
    await everySchedule(runsOnCeph, async (steps) => {
      const store = await open();
      store.traits.conditions = "enforced"; // As the contract suite has seen it on this server.
      await schedule(steps, store, { now: Date.now() });
    });
  });
});
