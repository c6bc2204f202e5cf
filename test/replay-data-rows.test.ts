import fc from "fast-check";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { recent, recentNumbers } from "../src/replay/recent.ts";
import { readRow, rowBytes, rowsInto, type Row } from "../src/replay/rows.ts";

const first: Row = {
  at: 1,
  said: 2,
  kind: "call",
  flags: 3,
  tool: 4,
  model: 5,
  pair: -1,
  block: -1,
  start: 6,
  length: 7,
  tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  preview: 8,
};

const amount = fc.nat(2 ** 32 - 1);
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("add" as const), value: amount }) },
  fc.record({
    kind: fc.constantFrom("time" as const, "pair" as const, "tokens" as const),
    which: fc.nat(),
    value: amount,
  }),
);

it("rows are what was written of them, in memory or in the file by then, wherever they begin", () => {
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-rows-"));
  const run = fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (acts, held) => {
    const path = join(folder, "rows");
    const file = openSync(path, "w+");
    const from = 3 * rowBytes;
    const rows = rowsInto(file, from, held);
    const wanted: Row[] = [];
    for (const one of acts) {
      if (one.kind === "add") {
        const row = { ...first, at: one.value, preview: one.value };
        rows.add(row);
        wanted.push(row);
        continue;
      }
      if (wanted.length === 0) continue;
      const nth = one.which % wanted.length;
      const tokens = { input: one.value, output: 1, cacheRead: 2, cacheWrite: 2 ** 40 };
      if (one.kind === "time") rows.setTime(nth, one.value);
      else if (one.kind === "pair") rows.setPair(nth, one.value % 1000);
      else rows.setTokens(nth, tokens);
      const change =
        one.kind === "time"
          ? { at: one.value }
          : one.kind === "pair"
            ? { pair: one.value % 1000 }
            : { tokens: { ...tokens, cacheWrite: 2 ** 32 - 1 } };
      wanted[nth] = { ...wanted[nth]!, ...change };
    }
    rows.settle();
    closeSync(file);
    const bytes = readFileSync(path);
    expect(rows.count()).toBe(wanted.length);
    expect(wanted.map((_, nth) => readRow(bytes, from + nth * rowBytes))).toEqual(wanted);
  });
  fc.assert(run, { numRuns: 300 });
  rmSync(folder, { recursive: true });
});

it("rows of a session of any length are kept, also while the room for them grows", () => {
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-rows-"));
  const path = join(folder, "rows");
  const file = openSync(path, "w+");
  const rows = rowsInto(file, 0, 1_000);
  for (let nth = 0; nth < 2_500; nth++) rows.add({ ...first, at: nth });
  rows.settle();
  closeSync(file);
  const bytes = readFileSync(path);
  rmSync(folder, { recursive: true });
  expect(bytes.length).toBe(2_500 * rowBytes);
  for (let nth = 0; nth < 2_500; nth++) expect(readRow(bytes, nth * rowBytes)).toEqual({ ...first, at: nth });
});

it("numbers that came lately are known, none is known that did not come, and old ones are forgotten", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 48), { maxLength: 400 }), fc.nat(2 ** 48), (numbers, other) => {
      const most = 50;
      const known = recentNumbers(most);
      const [came, order] = [new Set<number>(), [] as number[]];
      for (const number of numbers) {
        expect(known.has(number)).toBe(
          order.slice(-most).includes(number) || (known.has(number) && came.has(number)),
        );
        known.add(number);
        came.add(number);
        if (!order.includes(number)) order.push(number);
      }
      expect(known.has(other)).toBe(came.has(other) && known.has(other));
      expect(order.slice(-most).filter((number) => !known.has(number))).toEqual([]);
      expect(
        order.slice(0, Math.max(0, order.length - 2 * most)).filter((number) => known.has(number)),
      ).toEqual([]);
    }),
    { examples: [[Array.from({ length: 400 }, (_, at) => at), 0]] },
  );
  const many = recentNumbers(10_000);
  for (let number = 0; number < 10_000; number++) many.add(number * 1024); // All at one place of a small table.
  for (let number = 0; number < 10_000; number++) expect(many.has(number * 1024 + 1)).toBe(false);
});

it("values that were set lately are known, by keys of any length, until they are deleted", () => {
  const known = recent<number>(10);
  const long = "k".repeat(1_000_000);
  known.set(long, 1);
  known.set(`${long}!`, 2);
  expect([known.get(long), known.get(`${long}!`), known.get("k")]).toEqual([1, 2, undefined]);
  known.delete(long);
  expect([known.get(long), known.get(`${long}!`)]).toEqual([undefined, 2]);
  for (let key = 0; key < 20; key++) known.set(`${key}`, key);
  expect([known.get(`${long}!`), known.get("11"), known.get("19")]).toEqual([undefined, 11, 19]);
});
