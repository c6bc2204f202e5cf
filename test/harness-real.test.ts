import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { harnesses } from "../src/harness/all.ts";
import { sumUsage, type HarnessEvent, type Usage } from "../src/harness/events.ts";
import type { Harness } from "../src/harness/harness.ts";
import { readLog } from "../src/harness/jsonl.ts";
import { readAll, testHost } from "./harness-home.ts";

// Transcripts that the real programs wrote lie beside the repository where they may; they are never copied into it.
const real = fileURLToPath(new URL("../../shared/fixtures/transcripts", import.meta.url));
type Line = Record<string, any>;

/** Why these may stand without a partner: a recording that ends while a tool runs, and calls written without an id. */
const open: Record<string, number> = {
  "codex/0.144.3_review-mode.jsonl": 1, // A search, which has no output record.
  "codex/0.147.0_paginated.jsonl": 1, // Ends while a tool waits for permission.
  "openclaw/codeburn_test-sess-1.jsonl": 3, // Made by hand: three calls without ids.
  "pi/pi-mono_large-session.jsonl": 18, // Turns that were interrupted.
};

/** The tokens of a transcript, added up without any code of the adapters. */
const plainSum: Record<string, (lines: Line[]) => Partial<Usage>> = {
  "claude-code"(lines) {
    const last = new Map<string, Line>();
    for (const line of lines) {
      if (line["type"] !== "assistant" || line["isApiErrorMessage"] === true) continue;
      if (line["message"].model !== "<synthetic>")
        last.set(`${line["message"].id} ${line["requestId"]}`, line["message"].usage);
    }
    return total(
      [...last.values()],
      ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"],
    );
  },
  codex(lines) {
    const infos = lines.map((line) => line["payload"]?.info).filter((info) => info?.last_token_usage);
    const once = [
      ...new Map(
        infos.map((info) => [
          JSON.stringify([info.total_token_usage, info.last_token_usage]),
          info.last_token_usage,
        ]),
      ).values(),
    ];
    const sum = total(once, [
      "input_tokens",
      "output_tokens",
      "cached_input_tokens",
      "cache_write_input_tokens",
    ]);
    return { ...sum, input: sum.input - sum.cacheRead };
  },
  pi: byEntry,
  openclaw: byEntry,
  hermes: () => ({ input: 0, output: 0 }), // Counted in the session's row, which these recordings lack.
};

function byEntry(lines: Line[]): Partial<Usage> {
  const said = lines.filter((line) => line["message"]?.role === "assistant" && line["message"].usage);
  const last = new Map(said.map((line, n) => [line["id"] ?? n, line["message"].usage as Line]));
  return total([...last.values()], ["input", "output", "cacheRead", "cacheWrite"]);
}

function total(all: Line[], [input, output, cacheRead, cacheWrite]: [string, string, string, string]) {
  const sum = (name: string) => all.reduce((so, usage) => so + (usage[name] ?? 0), 0);
  return { input: sum(input), output: sum(output), cacheRead: sum(cacheRead), cacheWrite: sum(cacheWrite) };
}

const shares: string[] = [];
afterAll(() => console.log(shares.join("\n")));

describe.skipIf(!existsSync(real))(
  "real transcripts (skipped where ../shared/fixtures/transcripts is missing)",
  () => {
    it.each(harnesses)(
      "$name: every line is read, calls have results, tokens add up",
      async (harness: Harness) => {
        const folder = join(real, harness.name);
        const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
          file.endsWith(".jsonl"),
        );
        let lines = 0;
        let unknown = 0;
        for (const file of files) {
          const path = join(folder, file);
          const { batches } = await readAll(
            { read: readLog },
            testHost(),
            { id: "x", paths: [path] },
            undefined,
            { ended: true },
          );
          const records = batches.flatMap((batch) => batch.records);
          const source = readFileSync(path);
          const whole = Buffer.concat(records.flatMap((record) => [record, Buffer.from("\n")]));
          expect(
            whole.equals(source.at(-1) === 0x0a ? source : Buffer.concat([source, Buffer.from("\n")])),
            file,
          ).toBe(true);
          const memory = new Map();
          const events: HarnessEvent[] = [];
          for (const record of records) {
            const made = harness.events(record, memory);
            expect(made.length, file).toBeGreaterThan(0);
            if (made.some(({ type }) => type === "unknown")) unknown++;
            events.push(...made);
          }
          lines += records.length;
          const calls = events.flatMap((event) => (event.type === "call" ? [event.call] : []));
          const results = events.flatMap((event) => (event.type === "result" ? [event.call] : []));
          expect(without(results, calls), `${file}: results without a call, or told twice`).toEqual([]);
          expect(without(calls, results), `${file}: calls without a result, or told twice`).toHaveLength(
            open[`${harness.name}/${file}`] ?? 0,
          );
          const parsed = records
            .flatMap((record) => Buffer.from(record).toString().replaceAll("}{", "}\n{").split("\n"))
            .flatMap(parse);
          expect(sumUsage(events), file).toMatchObject(plainSum[harness.name]?.(parsed) ?? {});
        }
        shares.push(
          `${harness.name}: ${files.length} files, ${lines} lines, ${unknown} with something unknown`,
        );
        expect(files.length).toBeGreaterThan(0);
        expect(unknown / lines).toBeLessThan(0.05);
      },
    );

    it("claude-code: three snapshots of one growing session are one generation, each only what is new", async () => {
      const steps = [1, 2, 3].map((n) => join(real, `claude-code/v2.1.12_growth/cc432c40.step${n}.jsonl`));
      let cursor;
      const records: string[] = [];
      for (const path of steps) {
        // The tool that stored them cut the last LF: what is not whole yet is left for the next.
        const read = await readAll({ read: readLog }, testHost(), { id: "x", paths: [path] }, cursor);
        records.push(...read.records);
        expect(read.last.generation).toBe(1);
        ({ cursor } = read.last);
      }
      expect(records).toEqual(
        readFileSync(steps[2] ?? "", "latin1")
          .split("\n")
          .slice(0, -1),
      );
    });
  },
);

/** What is left of the first where each of the second takes one away. */
function without<T>(from: readonly T[], taken: readonly T[]): T[] {
  const counts = new Map<T, number>();
  for (const one of taken) counts.set(one, (counts.get(one) ?? 0) + 1);
  return from.filter((one) => {
    const times = counts.get(one) ?? 0;
    counts.set(one, times - 1);
    return times <= 0;
  });
}

function parse(text: string): Line[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? [value] : [];
  } catch {
    return [];
  }
}
