import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { searchEscapes } from "../src/redact/escapes.ts";
import { ruleLiterals } from "../src/redact/literals.ts";
import { createPrefilter } from "../src/redact/prefilter.ts";
import { builtInRules } from "../src/redact/rules.ts";
import { newSearch } from "../src/redact/search.ts";
import { allRules, samplesOf, seeded, warmRedactor } from "./redact-corpus.ts";

/** What each rule dislikes most: its own keys in a row, apart, with a token's beginning; halves of tokens; tokens in base64. */
function hostile(): [string, string][] {
  const random = seeded(3);
  const pieces: [string, string][] = allRules().flatMap((rule) => {
    const [sample] = samplesOf(rule, 1, random).map(({ text }) => text);
    const keys = rule.keys.slice(0, 2);
    const half = sample!.slice(0, Math.ceil(sample!.length / 2));
    return [
      ...keys,
      ...keys.map((key) => `${key} `),
      ...keys.map((key) => `${key}aB1`),
      half,
      `${half} `,
      sample!,
      Buffer.from(sample!).toString("base64"),
    ].map((piece): [string, string] => [rule.name, piece]);
  });
  const others = [
    "SECRET TOKEN API_KEY PASSWORD ",
    "secret_token_api_key_password_",
    "http://a:b@c ",
    "a://b:c",
    "sk-proj-eyJ",
    "eyJ.",
    "%2d",
    "%252d",
    "\\u002d",
    "\\\\\\\\u002d",
    "\\/",
    'password="',
    "password='\\\"",
    '"token":"',
    "--token ",
    "Basic YTpi ",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n",
    "-----END",
    "machine a login b password ",
    "\u001b[31m",
    "LS0tLS1CRUdJTi",
  ];
  return [...pieces, ...others.map((piece): [string, string] => ["of no rule", piece])];
}

const pieces = hostile();

it("the work on what a rule dislikes grows with its length, and no faster", () => {
  const { literals, encoded } = ruleLiterals(builtInRules());
  const prefilter = createPrefilter(literals, encoded);
  prefilter(
    newSearch(" ".repeat(300_000), undefined, 0, () => false),
    Infinity,
  );
  const work = (piece: string, length: number) => {
    const search = newSearch(piece.repeat(Math.ceil(length / piece.length)), undefined, 0, () => false);
    prefilter(search, Infinity);
    if (search.windows.length > 0) searchEscapes(search, (inner) => prefilter(inner, Infinity));
    return search.work;
  };
  const length = 3 * 1024; // Four times that is four times the work; what is quadratic is sixteen times.
  const grown = pieces.filter(
    ([, piece]) => work(piece, 4 * length) > 6 * work(piece, length) + 200 * length,
  );
  expect(grown).toEqual([]);
});

/** On-CPU time of this thread: other programs on the machine do not count. */
function cpuMs(): number {
  return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;
}

// The proof by the clock: TRACECRAFT_FULL=1, alone.
it.runIf(process.env["TRACECRAFT_FULL"])(
  "1 MB of what a rule dislikes takes less than 100 ms",
  { timeout: 3_600_000 },
  () => {
    const redactor = warmRedactor();
    const slow: string[] = [];
    let most = 0;
    for (const [name, piece] of pieces) {
      const bytes = Buffer.alloc(1_000_000, piece, "latin1");
      let best = Number.POSITIVE_INFINITY;
      for (let run = 0; run === 0 || (run < 5 && best > 60); run++) {
        const before = cpuMs();
        const scanner = redactor.scanner();
        scanner.write(bytes);
        scanner.end();
        best = Math.min(best, cpuMs() - before);
      }
      most = Math.max(most, best);
      if (best > 100) slow.push(`${name}: ${best.toFixed(0)} ms for ${JSON.stringify(piece.slice(0, 60))}`);
    }
    console.log(`worst of ${pieces.length}: ${most.toFixed(0)} ms`);
    expect(slow).toEqual([]);
  },
);
