import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Cursor, Host } from "../src/harness/harness.ts";
import { readLog } from "../src/harness/jsonl.ts";
import { recordPieces } from "../src/redact/torn.ts";
import { redactBatch } from "../src/sessions/part.ts";
import { tempFolder, testHost } from "./harness-home.ts";
import { allRules, leaked, samplesOf, seeded, warmRedactor, type Sample } from "./redact-corpus.ts";

// TRACECRAFT_FULL=1: 5 samples of each rule at every byte; else one, at every seventh, beginning elsewhere in each.
const full = process.env["TRACECRAFT_FULL"] !== undefined;
const samples = full ? 5 : 1;
const stride = full ? 1 : 7;
const rules = allRules();
const redactor = warmRedactor();
const written = (text: string) => JSON.stringify(text).slice(1, -1);
const start = '{"type":"user","content":"before ';
const lineOf = ({ text }: Sample) => `${start}${written(text)}","after":1}`;

function shown(text: string, { secrets }: Sample): string | undefined {
  for (const secret of secrets) {
    // The names of a PuTTY key's lines are no secret, nor are those values.
    const value = secret.replace(
      /^(?:(?:Encryption|Comment|Public-Lines|Private-Lines): .*|Private-MAC: )/,
      "",
    );
    const piece = value === "" ? undefined : leaked(text, value, written);
    if (piece !== undefined) return piece;
  }
  return undefined;
}

/** The cuts of a line, from its secret's first byte to its last. */
function* cutsOf(sample: Sample, n: number): Generator<number> {
  const end = start.length + written(sample.text).length;
  for (let cut = start.length + (n % stride); cut <= end; cut += stride) yield cut;
}

it(
  "no secret of any rule is seen when its line comes in two reads, whichever byte the first ends with",
  { timeout: 600_000 },
  async () => {
    const host: Host = testHost();
    const random = seeded(17);
    const leaks: string[] = [];
    let splits = 0;
    for (const [n, rule] of rules.entries()) {
      const path = join(tempFolder(), "log.jsonl");
      writeFileSync(path, "");
      let cursor: Cursor | undefined;
      let read = 0;
      const readOn = async (sample: Sample): Promise<void> => {
        for await (const batch of readLog(host, { id: "s", paths: [path] }, cursor)) {
          ({ cursor } = batch);
          read += batch.records.length;
          const text = Buffer.concat([...redactBatch(batch, redactor).chunks]).toString();
          const piece = shown(text, sample);
          if (piece !== undefined) leaks.push(`${rule.name}: ${piece} of ${sample.text}`);
        }
      };
      let lines = 0;
      for (const sample of samplesOf(rule, samples, random)) {
        const line = lineOf(sample);
        for (const cut of cutsOf(sample, n)) {
          appendFileSync(path, line.slice(0, cut));
          await readOn(sample);
          appendFileSync(path, `${line.slice(cut)}\n`);
          await readOn(sample);
          lines++;
        }
      }
      expect(read).toBe(lines); // One that was lost would leak nothing either.
      splits += lines;
    }
    expect(leaks).toEqual([]);
    expect(splits).toBeGreaterThan(rules.length * samples);
  },
);

it("no half of a secret of any rule is seen where its line breaks off for good, whichever byte was the last", () => {
  const random = seeded(18);
  const leaks: string[] = [];
  for (const [n, rule] of rules.entries()) {
    for (const sample of samplesOf(rule, samples, random)) {
      for (const cut of cutsOf(sample, n)) {
        const torn = Buffer.from(lineOf(sample).slice(0, cut));
        const text = Buffer.concat([...recordPieces(redactor, torn).pieces]).toString();
        const piece = shown(text, sample);
        if (piece !== undefined) leaks.push(`${rule.name}: ${piece} of ${sample.text} at ${cut}`);
        const again = Buffer.concat([...recordPieces(redactor, Buffer.from(text)).pieces]).toString();
        if (again !== text) leaks.push(`${rule.name}: a second look takes more of ${text}`);
      }
    }
  }
  expect(leaks).toEqual([]);
});

it.each([
  ['{"a":"whole words here"}', undefined],
  ['{"a":"whole"}\r', undefined],
  ['{"a":[1]}{"b":', undefined],
  ['{"a":"[REDACTED:torn_end]', undefined],
  ["no object and sevenandmore", undefined],
  ['{"a":"see sevenandmore \t', '{"a":"see [REDACTED:torn_end] \t'],
  ['{"a":"https://example.test/?q=1', '{"a":"[REDACTED:torn_end]'],
])("of the record %j what is left is %j", (record, left) => {
  const { pieces } = recordPieces(redactor, Buffer.from(record));
  expect(Buffer.concat([...pieces]).toString()).toBe(left ?? record);
});
