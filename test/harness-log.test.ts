import { createHash } from "node:crypto";
import {
  appendFileSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Batch, Cursor, Host, ReadOptions } from "../src/harness/harness.ts";
import { readLog } from "../src/harness/jsonl.ts";
import { readAll as readAllOf, tempFolder, testHost } from "./harness-home.ts";

const full = process.env["TRACECRAFT_FULL"] !== undefined;
const reader = { read: readLog };

const rows = (from: number) => Array.from({ length: 900 }, (_, n) => `{"n":${from + n}}\n`).join("");

function log(text: string | Buffer = ""): {
  host: Host;
  path: string;
  read: (cursor?: Cursor, options?: ReadOptions) => ReturnType<typeof readAllOf>;
} {
  const host = testHost();
  const path = join(tempFolder(), "log.jsonl");
  writeFileSync(path, text, "latin1");
  return {
    host,
    path,
    read: (cursor, options) => readAllOf(reader, host, { id: "x", paths: [path] }, cursor, options),
  };
}

describe("readLog()", () => {
  it("5.6.3: takes half a line only when it is whole", async () => {
    const { path, read } = log('{"a":1}\n{"b"');
    const first = await read();
    expect(first.records).toEqual(['{"a":1}']);
    expect(first.last).toMatchObject({ end: "caught_up", pending: 4 });
    appendFileSync(path, ":2}\n");
    const second = await read(first.last.cursor);
    expect(second.records).toEqual(['{"b":2}']);
    expect(second.last).toMatchObject({ generation: 1, pending: 0 });
  });

  it("5.6.4: sees a log that lost a line and grew back to the same size", async () => {
    const lines = Array.from({ length: 900 }, (_, n) => `{"n":${1000 + n}}\n`).join("");
    const { path, read } = log(`${lines}{"last":"one"}\n`);
    const first = await read();
    truncateSync(path, lines.length);
    appendFileSync(path, '{"last":"two"}\n');
    const again = await read(first.last.cursor);
    expect(again.batches[0]).toMatchObject({ began: "rewritten", generation: 2 });
    expect(again.records.at(-1)).toBe('{"last":"two"}');
    expect(again.records).toHaveLength(901);
  });

  it("sees a log cut far before a last line that is as short as any, and grown back to the same size", async () => {
    for (const last of ["\n", "{}\n"]) {
      const { path, read } = log(`${rows(1000)}${last}`);
      const first = await read();
      const kept = rows(1000).length - 300;
      truncateSync(path, kept);
      appendFileSync(path, `${rows(5000).slice(kept)}${last}`);
      const again = await read(first.last.cursor);
      expect(again.batches[0]).toMatchObject({ began: "rewritten", generation: 2 });
      expect(again.records).toHaveLength(901);
      expect((await read(again.last.cursor)).records).toEqual([]);
    }
  });

  it("goes on from a cursor that says nothing of the bytes before it, and says it from then on", async () => {
    const { path, read } = log('{"a":1}\n{"b":2}\n');
    const { tail: _tail, ...old } = (await read()).last.cursor;
    appendFileSync(path, '{"c":3}\n');
    const next = await read(old);
    expect([next.records, next.last.generation]).toEqual([['{"c":3}'], 1]);
    expect(next.last.cursor["tail"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("a cursor after any reading is that of one reading from the start, whatever the batches and limits", async () => {
    const lines = fc.array(fc.integer({ min: 0, max: 9_000 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lines, fc.nat({ max: 6_000 }), fc.nat({ max: 5_000 }), async (sizes, batch, limit) => {
        const { path, read } = log();
        let cursor: Cursor | undefined;
        for (const [n, size] of sizes.entries()) {
          appendFileSync(path, `{"${n}":"${"x".repeat(size)}"}\n`);
          const options = { batchBytes: batch + 1, maxLineBytes: limit + 100 };
          const { last } = await read(cursor, options);
          expect(last.generation).toBe(1);
          ({ cursor } = last);
          expect(cursor).toEqual((await read(undefined, { maxLineBytes: limit + 100 })).last.cursor);
        }
      }),
      { numRuns: full ? 500 : 40 },
    );
  });

  it("5.6.5: sees a stub put in the log's place, and another log of any size", async () => {
    const { path, read } = log('{"a":1}\n{"b":2}\n');
    const first = await read();
    writeFileSync(path, '{"s":0}\n');
    const stub = await read(first.last.cursor);
    expect(stub.batches[0]).toMatchObject({ began: "shrunk", generation: 2 });
    expect(stub.records).toEqual(['{"s":0}']);
    writeFileSync(`${path}.new`, '{"t":0}\n{"more":1}\n');
    renameSync(`${path}.new`, path);
    expect((await read(stub.last.cursor)).batches[0]).toMatchObject({ began: "rewritten", generation: 3 });
  });

  it("5.6.22: passes a line of 20 MB, and one of 64 MB, whole", async () => {
    for (const megabytes of [20, 64]) {
      const line = Buffer.alloc(megabytes * 1024 * 1024, `{"x":"`);
      line.fill("y", 6);
      line.write('"}', line.length - 2);
      const { read } = log(Buffer.concat([Buffer.from("{}\n"), line, Buffer.from("\n{}\n")]));
      const { batches, last } = await read();
      const records = batches.flatMap((batch) => batch.records);
      expect(records.map(({ length }) => length)).toEqual([2, line.length, 2]);
      expect(Buffer.compare(records[1] as Buffer, line)).toBe(0);
      expect((await read(last.cursor)).records).toEqual([]);
    }
  });

  it("replaces a line over the limit by its length and hash, and says so", async () => {
    const long = `{"x":"${"y".repeat(5000)}"}`;
    const { path, read } = log(`{}\n${long}\n{}\n`);
    const first = await read(undefined, { maxLineBytes: 4096, batchBytes: 100 });
    const sha256 = createHash("sha256").update(long).digest("hex");
    expect(first.records).toEqual([
      "{}",
      JSON.stringify({ tracecraft: "line_too_long", bytes: long.length, sha256 }),
      "{}",
    ]);
    expect(first.batches.reduce((sum, { oversize }) => sum + oversize, 0)).toBe(1);
    appendFileSync(path, '{"z":1}\n');
    const more = await read(first.last.cursor, { maxLineBytes: 4096 });
    expect([more.records, more.last.generation]).toEqual([['{"z":1}'], 1]);
  });

  it("keeps CRLF, NUL, empty lines, invalid UTF-8 and surrogates as they are, and counts what is no JSON", async () => {
    const bytes = Buffer.from(
      '{"a":1}\r\n\n{"s":"\\ud800"}\n{"b":"\xff\xfe"}\n{"n":"\0"}\n{"e":"\xed\xa0\x80"}\nwords\n',
      "latin1",
    );
    const { read } = log(bytes);
    const { records, batches } = await read();
    expect(`${records.join("\n")}\n`).toBe(bytes.toString("latin1"));
    expect(records[0]).toBe('{"a":1}\r');
    expect(batches.reduce((sum, { malformed }) => sum + malformed, 0)).toBe(3); // The empty line, the NUL, the words.
  });

  it("an empty file, one that is not there, and a folder are no trouble", async () => {
    const { path, host, read } = log();
    const empty = await read();
    expect(empty.last).toMatchObject({ records: [], end: "caught_up", pending: 0, generation: 1 });
    appendFileSync(path, "{}\n");
    expect((await read(empty.last.cursor)).last).toMatchObject({ generation: 1 });
    rmSync(path);
    expect((await read(empty.last.cursor)).last).toMatchObject({
      end: "vanished",
      cursor: empty.last.cursor,
    });
    const folder = await readAllOf(reader, host, { id: "x", paths: [tempFolder()] });
    expect(folder.last).toMatchObject({ end: "vanished" });
  });

  it("takes a last line without LF only of an ended session, and sees it closed or grown", async () => {
    const { path, read } = log('{"a":1}\n{"b":2}');
    expect((await read()).records).toEqual(['{"a":1}']);
    const ended = await read(undefined, { ended: true });
    expect(ended.records).toEqual(['{"a":1}', '{"b":2}']);
    expect((await read(ended.last.cursor, { ended: true })).last).toMatchObject({
      records: [],
      generation: 1,
    });
    appendFileSync(path, "\n");
    const closed = await read(ended.last.cursor);
    expect([closed.records, closed.last.generation, closed.last.pending]).toEqual([[], 1, 0]);
    appendFileSync(path, '{"c":3}\n');
    expect((await read(closed.last.cursor)).records).toEqual(['{"c":3}']);
    expect((await read(ended.last.cursor)).records).toEqual(['{"c":3}']);
    writeFileSync(path, '{"a":1}\n{"b":2}{"glued":3}\n');
    const grown = await read(ended.last.cursor);
    expect(grown.batches[0]).toMatchObject({ began: "rewritten", generation: 2 });
    expect(grown.records).toEqual(['{"a":1}', '{"b":2}{"glued":3}']);
  });

  it("a file that is removed, cut, rewritten or grows while it is read gives whole lines of one generation", async () => {
    const lines = Array.from({ length: 2000 }, (_, n) => `{"n":${n}}`);
    const others = Array.from({ length: 2500 }, (_, n) => `{"o":${n}}`);
    for (const act of ["remove", "cut", "grow", "rewrite"] as const) {
      const { host, path } = log(`${lines.join("\n")}\n`);
      const batches: Batch[] = [];
      for await (const batch of readLog(host, { id: "x", paths: [path] }, undefined, { batchBytes: 1000 })) {
        batches.push(batch);
        if (batches.length !== 3) continue;
        if (act === "remove") rmSync(path);
        if (act === "cut") writeFileSync(path, '{"cut":1}\n');
        if (act === "rewrite") writeFileSync(path, `${others.join("\n")}\n`);
        if (act === "grow") appendFileSync(path, '{"later":1}\n');
      }
      const records = batches
        .filter(({ generation }) => generation === batches.at(-1)?.generation)
        .flatMap((b) => b.records.map(String));
      expect(batches.at(-1)?.end).toBe("caught_up");
      expect(records).toEqual(act === "cut" ? ['{"cut":1}'] : act === "rewrite" ? others : lines);
    }
  });

  it("bytes before the cursor decide, not the inode or the time", async () => {
    const { path, read } = log('{"a":1}\n');
    const first = await read();
    const copy = readFileSync(path);
    rmSync(path);
    writeFileSync(path, copy);
    expect((await read(first.last.cursor)).last).toMatchObject({ records: [], generation: 1 });
    const file = openSync(path, "r+");
    writeSync(file, "9", 5);
    closeSync(file);
    expect((await read(first.last.cursor)).batches[0]).toMatchObject({ began: "rewritten" });
  });
});

/** A zstd file with stored blocks, as any compressor may write it. */
function zstd(plain: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < plain.length || at === 0; at += 100_000) {
    const block = plain.subarray(at, at + 100_000);
    const header = (block.length << 3) | (at + 100_000 >= plain.length ? 1 : 0);
    blocks.push(Buffer.from([header & 0xff, (header >> 8) & 0xff, header >> 16]), block);
  }
  return Buffer.concat([Buffer.from("28b52ffd0058", "hex"), ...blocks]);
}

type Step = {
  readonly do: "append" | "part" | "read" | "cut" | "regrow" | "head" | "zip" | "unzip" | "move" | "ended";
  readonly n: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom(
    "append",
    "append",
    "append",
    "part",
    "part",
    "read",
    "read",
    "cut",
    "regrow",
    "head",
    "zip",
    "unzip",
    "move",
    "ended",
  ),
  n: fc.nat(12_000),
});

/** What the log holds, kept beside it, and what a mirror has of each generation. */
async function schedule(steps: readonly Step[]): Promise<void> {
  const host = testHost();
  const folder = tempFolder();
  const [plain, archived] = [join(folder, "log.jsonl"), join(folder, "archived.jsonl")];
  const session = { id: "x", paths: [plain, `${plain}.zst`, archived, `${archived}.zst`] };
  let place = plain;
  let content = Buffer.alloc(0);
  let unique = 0;
  let cursor: Cursor | undefined;
  let generation = 0;
  let mirrored = Buffer.alloc(0);
  let openEnd = false;
  const save = () => {
    for (const path of session.paths) rmSync(path, { force: true });
    writeFileSync(place, place.endsWith(".zst") ? zstd(content) : content);
  };
  save();
  for (const { do: action, n } of [...steps, { do: "read", n: 0 } as const, { do: "read", n: 0 } as const]) {
    if (action === "append")
      content = Buffer.concat([content, Buffer.from(`{"n":${unique++},"x":"${"y".repeat(n)}"}\n`)]);
    if (action === "part") content = Buffer.concat([content, Buffer.from(`{"part":${unique++}`)]);
    if (action === "cut") content = content.subarray(0, content.length - Math.min(content.length, n));
    if (action === "regrow") {
      const kept = content.lastIndexOf(0x0a, content.length - 2) + 1;
      const line = `{"n":${unique++},"x":"${"z".repeat(Math.max(0, content.length - kept - 20 + (n % 40)))}"}\n`;
      content = Buffer.concat([content.subarray(0, kept), Buffer.from(line)]);
    }
    if (action === "head" && content.length > 8) {
      const mark = Buffer.from(String(unique++).padStart(6, "h"));
      content = Buffer.concat([content.subarray(0, 2), mark, content.subarray(8)]);
    }
    if (action === "zip" && !place.endsWith(".zst")) place = `${place}.zst`;
    if (action === "unzip") place = place.replace(/\.zst$/, "");
    if (action === "move")
      place = place.startsWith(plain) ? place.replace(plain, archived) : place.replace(archived, plain);
    if (action !== "read" && action !== "ended") {
      save();
      continue;
    }
    // A mirror that died after some batches goes on from the last that it committed.
    const stop = n % 4 === 3 ? 1 + (n % 3) : Number.POSITIVE_INFINITY;
    const ended = action === "ended";
    const before = mirrored;
    // A line taken without LF stands in the mirror with one; its source has none, or has it by now.
    const taken = openEnd && content.length === before.length - 1 ? before.subarray(0, -1) : before;
    const stillThere = content.subarray(0, taken.length).equals(taken);
    let batches = 0;
    let finished = false;
    for await (const batch of readLog(host, session, cursor, { batchBytes: 1 + (n % 5000), ended })) {
      if (batch.began !== undefined) {
        expect(
          stillThere && generation > 0,
          "a generation began though nothing before the cursor changed",
        ).toBe(false);
        expect(batch.generation).toBe(generation + 1);
        generation = batch.generation;
        mirrored = Buffer.alloc(0);
      }
      const records = batch.records.flatMap((record) => [Buffer.from(record), Buffer.from("\n")]);
      mirrored = Buffer.concat([mirrored, ...records]);
      cursor = JSON.parse(JSON.stringify(batch.cursor)) as Cursor;
      finished = batch.end !== undefined;
      if (++batches >= stop) break;
    }
    const whole = content.subarray(0, content.lastIndexOf(0x0a) + 1);
    const halfLine = whole.length < content.length;
    openEnd = halfLine && (ended || (openEnd && stillThere && content.length === before.length - 1));
    const expected = openEnd ? Buffer.concat([content, Buffer.from("\n")]) : whole;
    if (finished) expect(mirrored.toString()).toBe(expected.toString());
    else expect(mirrored.toString()).toBe(expected.subarray(0, mirrored.length).toString());
    openEnd = cursor?.["open"] === true;
  }
  expect(readdirSync(host.temp)).toEqual([]);
}

describe("readLog() under any schedule", () => {
  it(
    "mirrors every generation byte for byte, and begins one only when bytes before the cursor changed",
    { timeout: 600_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40, size: "max" }), schedule),
        {
          numRuns: full ? 5000 : 120,
        },
      );
    },
  );
});
