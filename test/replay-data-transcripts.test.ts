import fc from "fast-check";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { harnesses } from "../src/harness/all.ts";
import { sumUsage, type HarnessEvent } from "../src/harness/events.ts";
import type { Harness } from "../src/harness/harness.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { readRow, rowBytes, rowsInto, type Row } from "../src/replay/rows.ts";
import { names, transcriptReader } from "../src/replay/transcript.ts";

const real = fileURLToPath(new URL("../../shared/fixtures/transcripts", import.meta.url));
const redactor = createRedactor();
const latest = Date.parse("2026-12-01T00:00:00Z");

const rowsFolder = mkdtempSync(join(tmpdir(), "tracecraft-rows-"));
let rowFiles = 0;
afterAll(() => rmSync(rowsFolder, { recursive: true }));

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** The rows of lines; `halts` are how many of them were there when the session was looked at before its end. */
async function read(
  harness: Harness | undefined,
  lines: readonly Uint8Array[],
  halts: readonly number[] = [],
) {
  const previews: string[] = [];
  const path = join(rowsFolder, `${++rowFiles}`);
  const file = openSync(path, "w+");
  const rows = rowsInto(file, 0);
  const reader = transcriptReader({
    rows,
    harness,
    redactor,
    bodies: undefined,
    tools: names(),
    models: names(),
    addMs: () => 0,
    begin: 1_000,
    latest: () => latest,
    preview: async (bytes) => void previews.push(Buffer.from(bytes).toString()),
    redacted: () => undefined,
  });
  let repeated = 0;
  for (const [nth, end] of [...halts, lines.length].entries()) {
    repeated += await reader.read(each(lines.slice(halts[nth - 1] ?? 0, end)));
    reader.settle();
  }
  closeSync(file);
  const bytes = readFileSync(path);
  rmSync(path);
  const all = Array.from({ length: rows.count() }, (_, nth) => readRow(bytes, nth * rowBytes));
  return { rows: all, previews, repeated };
}

/** What must be true of the rows of any session, whatever was in it. */
function expectSound(rows: readonly Row[], previews: readonly string[]): void {
  expect(previews).toHaveLength(rows.length);
  rows.forEach(({ at, pair, kind }, nth) => {
    expect(Number.isFinite(at)).toBe(true);
    expect(at).toBeGreaterThanOrEqual(rows[nth - 1]?.at ?? at);
    if (pair < 0) return;
    expect(rows[pair]?.pair).toBe(nth);
    expect([rows[pair]?.kind, kind].toSorted()).toEqual(["call", "result"]);
  });
}

function tokensOf(rows: readonly Row[]) {
  const sum = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  for (const { tokens } of rows)
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += tokens[name];
  return sum;
}

function eventsOf(harness: Harness, lines: readonly Uint8Array[]): HarnessEvent[] {
  const memory = new Map<string, unknown>();
  return lines.flatMap((line) => harness.events(redactor.line(line).bytes, memory));
}

function linesOf(text: string): Buffer[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => Buffer.from(line));
}

const claude = harnesses.find(({ name }) => name === "claude-code")!;
const said = (n: number, content: unknown, more: object = {}) =>
  JSON.stringify({
    type: "assistant",
    uuid: `u${n}`,
    timestamp: new Date(Date.parse("2026-11-20T10:00:00Z") + n * 1_000).toISOString(),
    message: {
      id: `m${n}`,
      role: "assistant",
      model: "claude-sonnet-4-5",
      content,
      usage: { input_tokens: 3, output_tokens: n },
    },
    ...more,
  });
const text = (words: string) => [{ type: "text", text: words }];

describe("a transcript as rows", () => {
  it("shows lines that a harness wrote again once, and counts them", async () => {
    const once = Array.from({ length: 32 }, (_, n) => said(n, text(`line ${n}`)));
    const lines = [...once, ...once, ...once.slice(0, 4)].map((line) => Buffer.from(line));
    const { rows, previews, repeated } = await read(claude, lines);
    expect(repeated).toBe(36);
    expect(previews.filter((words) => words.startsWith("line "))).toHaveLength(32);
    expect(tokensOf(rows)).toMatchObject({ input: 96, output: (31 * 32) / 2 });
  });

  it("is the same when it was looked at before its end, and the time of the first line came later", async () => {
    const timeless = [0, 1].map((n) =>
      JSON.stringify({ ...JSON.parse(said(n, text("early"))), timestamp: 0 }),
    );
    const once = Array.from({ length: 6 }, (_, n) => said(n + 2, text(`line ${n}`)));
    const lines = [...timeless, ...once, ...once.slice(2, 4)].map((line) => Buffer.from(line));
    const whole = await read(claude, lines);
    for (let halt = 0; halt < lines.length; halt++)
      expect([halt, await read(claude, lines, [halt, halt + 1])]).toEqual([halt, whole]);
  });

  it("keeps two equal lines that say neither when nor which", async () => {
    const { rows, repeated } = await read(undefined, [Buffer.from("again"), Buffer.from("again")]);
    expect([rows.length, repeated]).toEqual([2, 0]);
  });

  it("counts tokens that stand before anything that was said, and the last of those that are told again", async () => {
    const usage = { input: 3, output: 7, cacheRead: 1, cacheWrite: 2, reasoning: 0 };
    const tellsUsage: Harness = {
      ...claude,
      events: (line) => [{ type: "usage", key: "one", usage: { ...usage, output: line.length } }],
    };
    const { rows: one } = await read(tellsUsage, [Buffer.from("12345")]);
    expect(tokensOf(one)).toEqual({ input: 3, output: 5, cacheRead: 1, cacheWrite: 2 });
    const { rows } = await read(
      tellsUsage,
      ["12345", "123456789"].map((line) => Buffer.from(line)),
    );
    expect(rows.map(({ kind }) => kind)).toEqual(["note"]);
    expect(tokensOf(rows)).toEqual({ input: 3, output: 9, cacheRead: 1, cacheWrite: 2 });
  });

  it("gives times that run back, are missing or lie in the future the time of what came before", async () => {
    const early = said(0, text("late"), { timestamp: "2026-11-20T09:00:00.000Z", uuid: "a" });
    const none = said(1, text("none"), { timestamp: undefined, uuid: "b" });
    const future = said(2, text("future"), { timestamp: "2099-01-01T00:00:00.000Z", uuid: "c" });
    const first = said(5, text("first"));
    const { rows } = await read(
      claude,
      [none, first, early, future].map((line) => Buffer.from(line)),
    );
    const at = Date.parse("2026-11-20T10:00:05.000Z");
    expect(new Set(rows.map((row) => row.at))).toEqual(new Set([at]));
    expect(rows.some((row) => row.said === Date.parse("2026-11-20T09:00:00.000Z"))).toBe(true);
  });

  it("never breaks on mutated lines", async () => {
    const source = Array.from({ length: 12 }, (_, n) =>
      said(
        n,
        n % 2 === 0 ? [{ type: "tool_use", id: `t${n}`, name: "Bash", input: { command: "ls" } }] : text("x"),
      ),
    ).join("\n");
    const mutation = fc.tuple(
      fc.nat(source.length),
      fc.nat(40),
      fc.string({ unit: "binary", maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutation, { maxLength: 6 }),
        fc.constantFrom(...harnesses),
        async (cuts, harness) => {
          let broken = source;
          for (const [at, length, put] of cuts)
            broken = broken.slice(0, at) + put + broken.slice(at + length);
          const { rows, previews } = await read(harness, linesOf(broken));
          expectSound(rows, previews);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe.skipIf(!existsSync(real))(
  "real transcripts as rows (skipped where ../shared/fixtures/transcripts is missing)",
  () => {
    for (const harness of harnesses) {
      const folder = join(real, harness.name);
      const paths = existsSync(folder)
        ? readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".jsonl"))
        : [];
      it.skipIf(paths.length === 0)(
        `${harness.name}: time never goes back, pairs are mutual, no token is lost`,
        async () => {
          for (const path of paths) {
            const lines = linesOf(readFileSync(join(folder, path), "latin1")).map((line) =>
              Buffer.from(line.toString(), "latin1"),
            );
            const { rows, previews } = await read(harness, lines);
            expectSound(rows, previews);
            const { reasoning: _, ...sum } = sumUsage(eventsOf(harness, lines));
            expect([path, tokensOf(rows)]).toEqual([path, sum]);
          }
        },
      );
    }
  },
);
