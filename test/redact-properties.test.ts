import fc from "fast-check";
import { expect, it } from "vitest";
import { buildAutomaton } from "../src/redact/automaton.ts";
import { decodeEscapes, rawOf } from "../src/redact/escapes.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { buildTrigrams, searchTrigrams } from "../src/redact/trigrams.ts";
import { allRules, fill, leaked, seeded, warmRedactor } from "./redact-corpus.ts";

const runs = process.env["TRACECRAFT_FULL"] ? 20_000 : 1_000;
const redactor = warmRedactor();
const templates = allRules().flatMap((rule) => rule.details().yes);
const line = (text: string) => Buffer.from(redactor.line(Buffer.from(text)).bytes).toString();

const sample = fc
  .record({ template: fc.constantFrom(...templates), seed: fc.integer() })
  .map(({ template, seed }) => fill(template, seeded(seed)));

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "binary", maxLength: 20 }), fc.lorem());

it("whatever JSON a secret stands in: it is gone, the line parses, and a second pass changes nothing", () => {
  const key = fc.oneof(
    fc.string(),
    sample.map((planted) => planted.text),
  );
  const leaf = fc.oneof(
    text,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.record({ before: text, planted: sample, after: text }),
  );
  const document = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(document, fc.boolean(), (value, nested) => {
      const secrets: string[] = [];
      const written = JSON.stringify(value, (_, part: unknown) => {
        if (typeof part !== "object" || part === null || !("planted" in part)) return part;
        const { before, planted, after } = part as {
          before: string;
          planted: { text: string; secrets: string[] };
          after: string;
        };
        secrets.push(...planted.secrets);
        return `${before} ${planted.text}\n${after}`;
      });
      const record = nested ? JSON.stringify({ arguments: written }) : written;
      const once = line(record);
      JSON.parse(once);
      for (const secret of secrets) {
        expect(
          leaked(once, secret, (piece) => JSON.stringify(piece).slice(1, -1)),
          `${secret} in ${once}`,
        ).toBeUndefined();
      }
      expect(line(once)).toBe(once);
    }),
    { numRuns: runs },
  );
});

it("bytes outside of what is taken out come through untouched, whatever they are", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      sample,
      fc.uint8Array({ maxLength: 60 }),
      (before, planted, after) => {
        const clean = redactor.line(before);
        const joined = Buffer.concat([before, Buffer.from(`\n${planted.text}\n`), after]);
        const { bytes, counts } = redactor.line(joined);
        const out = Buffer.from(bytes);
        if (Object.keys(clean.counts).length > 0) return;
        // The bytes in front, as they are, and at least one redaction behind them.
        expect(out.subarray(0, before.length).equals(before)).toBe(true);
        expect(out.subarray(out.length - after.length).equals(after)).toBe(true);
        expect(Object.values(counts).some((count) => count > 0)).toBe(true);
        expect(redactor.line(bytes).bytes).toBe(bytes);
      },
    ),
    { numRuns: runs },
  );
});

it("text() keeps lone surrogates, and agrees with line() where there are none", () => {
  const any = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 })
    .map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(any, sample, any, (before, planted, after) => {
      const value = `${before}\n${planted.text}\n${after}`;
      const out = redactor.text(value);
      expect(out.text.startsWith(`${before}\n`)).toBe(true);
      expect(out.text.endsWith(`\n${after}`)).toBe(true);
      if (value.isWellFormed()) expect(line(value)).toBe(out.text);
    }),
    { numRuns: runs },
  );
});

it("a scanner counts the same wherever the chunks of a stream end", () => {
  const piece = fc.oneof(
    text,
    sample.map((planted) => ` ${planted.text}\n`),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.array(fc.nat({ max: 2000 }), { maxLength: 6 }),
      (pieces, cuts) => {
        const whole = Buffer.from(pieces.join("\n"));
        const scanner = redactor.scanner();
        let from = 0;
        for (const cut of cuts.toSorted((a, b) => a - b)) {
          scanner.write(whole.subarray(from, cut));
          from = Math.max(from, cut);
        }
        scanner.write(whole.subarray(from));
        expect(scanner.end()).toEqual(redactor.line(whole).counts);
      },
    ),
    { numRuns: runs / 2 },
  );
});

it("the automaton and the table of trigrams find what indexOf finds", () => {
  const word = fc
    .string({ unit: fc.constantFrom(..."abcAB-_:/"), minLength: 2, maxLength: 5 })
    .map((value) => value.toLowerCase());
  fc.assert(
    fc.property(
      fc.uniqueArray(word, { minLength: 1, maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(..."abcAB-_:/ x"), maxLength: 80 }),
      (words, value) => {
        const lower = value.toLowerCase();
        const expected = words.flatMap((wanted, index) =>
          Array.from({ length: value.length }, (_, at) => at)
            .filter((at) => lower.startsWith(wanted, at))
            .map((at) => `${at} ${index}`),
        );
        const { classOf, next, firstAccepting, shift, words: ends } = buildAutomaton(words);
        const found: string[] = [];
        let state = 0;
        Buffer.from(value).forEach((byte, at) => {
          state = next[state + classOf[byte]!]!;
          if (state < firstAccepting) return;
          for (const index of ends[(state - firstAccepting) >> shift]!)
            found.push(`${at + 1 - words[index]!.length} ${index}`);
        });
        const inTable: string[] = [];
        searchTrigrams(buildTrigrams(words), lower, (at, index) => inTable.push(`${at} ${index}`) > 0);
        expect(found.toSorted()).toEqual(expected.toSorted());
        expect(inTable.toSorted()).toEqual(expected.toSorted());
      },
    ),
    { numRuns: runs },
  );
});

it("a decoded offset is traced back to the bytes that it came from", () => {
  const unit = fc.constantFrom(
    "a",
    "-",
    "%",
    "\\u002d",
    "\\\\u005f",
    "\\/",
    "%2d",
    "%252B",
    "%0a",
    "\\",
    "u",
    "2",
    "é",
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (value) => {
      const map = decodeEscapes(value);
      for (let at = 0; at < map.text.length; at++) {
        const from = rawOf(map, at, false);
        const to = rawOf(map, at + 1, true);
        expect(decodeEscapes(value.slice(from, to)).text).toBe(map.text[at]);
      }
      expect(rawOf(map, 0, false)).toBe(0);
      expect(rawOf(map, map.text.length, true)).toBe(value.length);
    }),
    { numRuns: runs },
  );
});

it("a redactor that read nothing before gives the same answer", () => {
  fc.assert(
    fc.property(text, sample, text, (before, planted, after) => {
      const value = `${before}\n${planted.text}\n${after}`;
      expect(createRedactor().text(value)).toEqual(redactor.text(value));
    }),
    { numRuns: runs / 5 },
  );
});
