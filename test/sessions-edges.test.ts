import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sessionList } from "../src/commands/session-list.ts";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { sessionRestore } from "../src/commands/session-restore.ts";
import { sessionSearch } from "../src/commands/session-search.ts";
import { sessionShow } from "../src/commands/session-show.ts";
import { sessionStop } from "../src/commands/session-stop.ts";
import { sessionVerify } from "../src/commands/session-verify.ts";
import { memoryLocalState } from "../src/coord/local.ts";
import { claudeCode } from "../src/harness/claude-code.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { contentOf } from "../src/sessions/content.ts";
import { findManifest } from "../src/sessions/manifest.ts";
import { partsOf } from "../src/sessions/manifest-record.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { usualSizes } from "../src/sessions/part.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { brokenStore, ignoresBoth } from "./broken-stores.ts";
import { countingStore } from "./counting-store.ts";
import { fixturePath, tempFolder, testHost } from "./harness-home.ts";
import { objects, plant, testProject, type TestProject } from "./project.ts";
import { faultyStore } from "./sessions-store.ts";
import { line, sessionId, sessionWorld } from "./sessions-world.ts";

const claude = { harness: "claude-code" };
const metaKey = `sessions/claude-code/${sessionId}/meta.json`;
const redactor = createRedactor();
const sizes = { ...usualSizes, partBytes: 400, batchBytes: 200 };

/** Mirrors one file as a session of its own. */
function file(project: TestProject, path: string, more: object = {}) {
  const host = { ...testHost(), now: () => Date.now() };
  const session = { id: sessionId, paths: [path] };
  return mirrorSession(project, session, {
    harness: claudeCode,
    host,
    redactor: async () => redactor,
    ...more,
  });
}

async function bytesOf(project: TestProject, generation?: number): Promise<Buffer> {
  const found = await findManifest(project, "claude-code", sessionId);
  const chunks: Uint8Array[] = [];
  for await (const chunk of contentOf(project, found!, { generation })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("sources that are strange", () => {
  it("a line of 64 MB with a secret in it is one part by itself, redacted and whole", async () => {
    const secret = "AKIAZ7QJ4M2XKPLW5T3N";
    const long = Buffer.alloc(64 * 1024 * 1024, "words and ");
    long.write('{"x":"', 0);
    long.write(` ${secret} `, 40_000_000);
    long.write('"}', long.length - 2);
    const path = join(tempFolder(), "long.jsonl");
    writeFileSync(path, Buffer.concat([Buffer.from(`${line(1)}\n`), long, Buffer.from(`\n${line(2)}\n`)]));
    const project = testProject();
    const { parts } = await file(project, path);
    expect(parts.map(({ sourceBytes }) => sourceBytes > 60_000_000)).toEqual([false, true, false]);
    const bytes = await bytesOf(project);
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.length).toBe(readFileSync(path).length + "[REDACTED:aws_access_key]".length - secret.length);
    expect((await findManifest(project, "claude-code", sessionId))!.record.redaction_counts).toEqual({
      aws_access_key: 1,
    });
  });

  it("invalid UTF-8, lone surrogates, CRLF, NUL and empty lines come back as they were", async () => {
    const bytes = Buffer.from(
      '{"a":1}\r\n\n{"s":"\\ud800"}\n{"b":"\xff\xfe"}\n{"n":"\0"}\n{"e":"\xed\xa0\x80"}\nwords\n',
      "latin1",
    );
    const path = join(tempFolder(), "odd.jsonl");
    writeFileSync(path, bytes);
    const project = testProject();
    await file(project, path);
    expect((await bytesOf(project)).equals(bytes)).toBe(true);
    expect((await findManifest(project, "claude-code", sessionId))!.record).toMatchObject({
      records: 7,
      malformed: 3,
    });
  });

  it("an empty file and one that is not there are nothing new, also the next time, and make no object", async () => {
    const store = countingStore(memoryStore());
    const project = testProject({ store });
    const path = join(tempFolder(), "empty.jsonl");
    const host = { ...testHost(), now: () => Date.now() + 60_000 };
    for (const write of [true, false]) {
      if (write) writeFileSync(path, "");
      else rmSync(path);
      expect(await file(project, path, { host })).toMatchObject({ parts: [], cursorBytes: 0, sizeBytes: 0 });
      store.reset();
      await file(project, path, { host });
      expect(store.requests).toEqual(write ? [] : [`get ${metaKey}`]);
    }
    expect(await objects(store)).toEqual({});
  });

  it("a file that vanishes or shrinks while it is read loses no line that was taken, and the rest is told", async () => {
    const path = join(tempFolder(), "gone.jsonl");
    writeFileSync(path, Array.from({ length: 40 }, (_, n) => `${line(n)}\n`).join(""));
    const whole = readFileSync(path);
    const store = memoryStore();
    let calls = 0;
    const before = () => {
      if (++calls === 4) truncateSync(path, 1_000);
      if (calls === 8) rmSync(path, { force: true });
    };
    const project = testProject({ store: faultyStore(store, { at: () => "fine", before }) });
    await file(project, path, { sizes: { ...sizes, parts: 64 } }).catch(() => undefined);
    rmSync(path, { force: true }); // A pass that saw the truncation may have ended before the eighth call.
    const { warnings } = await file(project, path, { sizes });
    expect(warnings).toEqual([`${sessionId}: its source is gone; what is mirrored stays`]);
    const found = await findManifest(project, "claude-code", sessionId);
    for (const { generation } of found!.record.generations!) {
      const bytes = await bytesOf(project, generation);
      expect(whole.subarray(0, bytes.length).equals(bytes)).toBe(true);
    }
  });

  it("a last line without LF is taken once the session has ended, and restored with one", async () => {
    const world = sessionWorld([line(1)]);
    const path = join(tempFolder(), "ended.jsonl");
    writeFileSync(path, `${line(1)}\n${line(2)}`);
    const host = testHost();
    const options = { harness: claudeCode, host, redactor: async () => redactor };
    const session = { id: sessionId, paths: [path] };
    const { project } = world;
    expect(await mirrorSession(project, session, options)).toMatchObject({
      sizeBytes: readFileSync(path).length,
    });
    await mirrorSession(project, { ...session, ended: true }, options);
    expect((await bytesOf(project)).toString()).toBe(`${line(1)}\n${line(2)}\n`);
    expect((await findManifest(project, "claude-code", sessionId))!.record.ended_at).toEqual(
      expect.any(String),
    );
  });
});

describe("many parts", () => {
  it("past 64 the smallest eight neighbours become one; every byte stays, also for who reads meanwhile", async () => {
    const path = join(tempFolder(), "many.jsonl");
    writeFileSync(
      path,
      Array.from({ length: 300 }, (_, n) => `${line(n, "word ".repeat(n % 30))}\n`).join(""),
    );
    const project = testProject();
    await file(project, path, { sizes: { ...sizes, parts: 1_000 } });
    const before = (await findManifest(project, "claude-code", sessionId))!;
    const reader = contentOf(project, before);
    const chunks = [(await reader.next()).value as Uint8Array];
    appendFileSync(path, `${line(300)}\n`);
    const { warnings } = await file(project, path, { sizes: { ...sizes, parts: 64 } });
    expect(warnings).toEqual([]);
    const { record } = (await findManifest(project, "claude-code", sessionId))!;
    expect(partsOf(record).length).toBeLessThanOrEqual(64);
    expect(partsOf(record).some(({ merged }) => merged?.length === 8)).toBe(true);
    expect(record.records).toBe(301);
    for (const key of Object.keys(await objects(project.store, `sessions/claude-code/${sessionId}/part-`))) {
      const name = key.slice(key.lastIndexOf("/") + 1);
      if (
        !record.parts.some(({ seq, uuid }) => name === `part-${String(seq).padStart(5, "0")}-${uuid}.jsonl`)
      )
        await project.store.delete(key);
    }
    for await (const chunk of reader) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(readFileSync(path))).toBe(true); // It went on in the parts of now.
    expect((await bytesOf(project)).equals(readFileSync(path))).toBe(true);
    const keys = Object.keys(await objects(project.store, `sessions/claude-code/${sessionId}/part-`));
    expect(keys).toEqual(keys.toSorted()); // A reader that only lists has the lines in order.
  });

  it("the last lines of a session of many parts are in at most two of them", async () => {
    const world = sessionWorld([line(0)]);
    const path = join(tempFolder(), "big.jsonl");
    writeFileSync(path, Array.from({ length: 60_000 }, (_, n) => `${line(n, "w".repeat(300))}\n`).join(""));
    const store = countingStore(memoryStore());
    const project = testProject({ store });
    await file(project, path);
    store.reset();
    const said = await world.run(sessionShow, { id: "5c1d", tail: "50" }, { project });
    const lines = said.split("--- tail ---\n")[1]!.split("\n").slice(0, -1);
    expect(lines).toEqual(readFileSync(path, "utf8").trimEnd().split("\n").slice(-50));
    expect(new Set(store.requests.filter((request) => request.includes("part-"))).size).toBeLessThanOrEqual(
      2,
    );
    expect(store.requests.length).toBeLessThanOrEqual(5);
  });
});

describe("format 1", () => {
  const id = "3f2b8c1e-6a4d-4e0f-9b7a-51c0d2e8a001";
  const folder = fixturePath("format1", "bucket", "demo", "sessions", "claude-code", id);
  async function bucket(): Promise<Store> {
    const store = memoryStore();
    for (const name of readdirSync(folder))
      await plant(store, `sessions/claude-code/${id}/${name}`, readFileSync(join(folder, name), "utf8"));
    return store;
  }
  const parts = readdirSync(folder)
    .filter((name) => name.startsWith("part-"))
    .map((name) => readFileSync(join(folder, name), "utf8"));

  it("its sessions are listed, shown, searched, verified and restored", async () => {
    const world = sessionWorld([], { store: await bucket() });
    expect(await world.run(sessionList)).toBe(
      `claude-code  ${id}  562 B  2 parts  2026-11-22T12:17:32Z  designer\n# 0`,
    );
    expect((await world.run(sessionShow, { id: "3f2b", tail: "5" })).split("--- tail ---\n")[1]).toBe(
      `${parts.join("")}# 0`,
    );
    expect(await world.run(sessionSearch, { pattern: "flaky test" })).toContain("prompt: fix the flaky test");
    expect(await world.run(sessionVerify)).toBe(
      `ok  ${id}  2 parts, 2 records, no gap, its source is not here\n# 0`,
    );
    const cwd = tempFolder();
    await world.run(sessionRestore, { id: "3f2b", to: "." }, { cwd });
    expect(readFileSync(join(cwd, `${id}.jsonl`), "utf8")).toBe(parts.join(""));
    expect(await world.run(sessionStop, { id: "3f2b" })).toContain(
      "state_cleared=False meta_marked_ended=True",
    );
  });

  it("a manifest that the published mirror rewrote keeps its parts, and ours begin anew behind them", async () => {
    const store = await bucket();
    const project = testProject({ store });
    const path = join(tempFolder(), "x.jsonl");
    writeFileSync(path, `${line(1)}\n`);
    const session = { id, paths: [path] };
    await mirrorSession(project, session, { harness: claudeCode, host: testHost() });
    const { record } = (await findManifest(project, "claude-code", id))!;
    expect(record.parts.map(({ seq, generation }) => [seq, generation])).toEqual([
      [0, undefined],
      [1, undefined],
      [2, 0],
    ]);
    expect(record).toMatchObject({
      schema_version: 1,
      started_at: "2026-11-22T12:17:31.999111+00:00",
      records: 1,
      generation: 0,
    });
    const listed = Object.entries(await objects(store, `sessions/claude-code/${id}/part-`)).map(
      ([, text]) => text,
    );
    expect(listed.join("")).toBe(`${parts.join("")}${line(1)}\n`);
  });
});

describe("a store that is not as it should be", () => {
  it("without conditions: best effort, and it is said", async () => {
    const project = testProject({ store: brokenStore(ignoresBoth) });
    const path = join(tempFolder(), "x.jsonl");
    writeFileSync(path, `${line(1)}\n`);
    await file(project, path);
    expect(project.warnings.join()).toContain("best effort");
    expect((await bytesOf(project)).toString()).toBe(`${line(1)}\n`);
  });

  it("a commit whose reply is lost counts, and its part is told", async () => {
    const project = testProject({
      store: faultyStore(memoryStore(), { at: (call) => (call === 2 ? "lost" : "fine") }),
    });
    const path = join(tempFolder(), "x.jsonl");
    writeFileSync(path, `${line(1)}\n`);
    expect((await file(project, path)).parts).toHaveLength(1);
    expect((await findManifest(project, "claude-code", sessionId))!.record.parts).toHaveLength(1);
  });

  it("a manifest or part of any content is an error that names it, never a crash, and hides no other session", async () => {
    const world = sessionWorld([line(1), line(2)]);
    await world.run(sessionMirror, claude);
    const manifest = JSON.parse((await objects(world.project.store))[metaKey]!) as Record<string, unknown>;
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(-1, 1e300, 2 ** 53, "../../x", "\u001b[2J", null, [], {}),
    );
    const names = [
      ...Object.keys(manifest),
      ...Object.keys((manifest["parts"] as object[])[0]!).map((name) => `parts.0.${name}`),
    ];
    const hostile = fc.array(
      fc.record({ name: fc.constantFrom(...names, "cursor.offset", "cursor.generation"), value: values }),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (changes) => {
        const changed = structuredClone(manifest);
        for (const { name, value } of changes) {
          const path = name.split(".");
          let at: any = changed;
          for (const step of path.slice(0, -1)) at = at?.[step];
          if (typeof at === "object" && at !== null) at[path.at(-1)!] = value;
        }
        await plant(world.project.store, metaKey, changed);
        const project = testProject({ store: world.project.store, local: memoryLocalState() });
        const cwd = tempFolder();
        for (const said of [
          await world.run(sessionList, {}, { project }),
          await world.run(sessionShow, { id: "5c1d", tail: "5" }, { project }),
          await world.run(sessionShow, { id: "5c1d", events: true }, { project }),
          await world.run(sessionVerify, {}, { project }),
          await world.run(sessionRestore, { id: "5c1d", to: "out" }, { project, cwd }),
          await world.run(sessionSearch, { pattern: "line" }, { project }),
        ]) {
          expect(said).toMatch(/# (?:0|2|5|10)$/);
          expect(said.replaceAll(/^2> (?:Error|Cause): .*$/gm, "")).not.toContain("\u001b");
        }
        expect(readdirSync(cwd).filter((name) => name !== "out")).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
