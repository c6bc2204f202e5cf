import { insideBase64, startsToken } from "./boundary.ts";
import { isVaried, randomness } from "./random.ts";
import type { Rule } from "./rule.ts";
import { type Found, type Search, addSpan, base64Characters, runEnd, tokenCharacters } from "./search.ts";

const leastRandomness = 0;

/** What a rule does where the prefilter saw one of its keys. */
export function tokenMatcher(rule: Rule, key: string, rank: number): Found {
  return (search, at) => {
    const [least, most] = rule.details().back;
    for (let back = most; back >= least; back--) {
      search.work += 30;
      if (at < back || !startsToken(search.text, at - back)) continue;
      if (matchToken(search, rule, key, at - back, rank)) return;
    }
  };
}

function matchToken(search: Search, rule: Rule, key: string, start: number, rank: number): boolean {
  const { shape, floor, mixed, base64 } = rule.details();
  shape.lastIndex = start;
  search.work += 100;
  const found = shape.exec(search.text)?.[0];
  if (found === undefined) return false;
  search.work += 300 + found.length * 4;
  // Without its key, which would lend its variety to a row of x.
  const made = found.startsWith(key) ? found.slice(key.length) : found;
  if (!isVaried(made, floor)) return false;
  if (mixed && (randomness(made) < leastRandomness || insideBase64(search.text, start))) return false;
  addSpan(
    search,
    start,
    runEnd(search, base64 ? base64Characters : tokenCharacters, start + found.length),
    rule.name,
    rank,
  );
  return true;
}
