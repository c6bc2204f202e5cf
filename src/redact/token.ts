import { startsToken } from "./boundary.ts";
import { entropy, randomness } from "./random.ts";
import type { Rule } from "./rule.ts";
import { type Search, addSpan, base64Characters, runEnd, tokenCharacters } from "./search.ts";

const leastRandomness = 4;

/** What a rule does where the prefilter saw one of its keys. Its expression is compiled when it is first needed. */
export function tokenMatcher(rule: Rule, key: string, rank: number): (search: Search, at: number) => void {
  const [least, most] = rule.back;
  // The key's own bytes: a shape is case-sensitive, so a key in another case is told at once.
  return (search, at) => {
    search.work += 2;
    if (!search.text.startsWith(key, at)) return;
    for (let back = most; back >= least; back--) {
      if (at >= back && startsToken(search.text, at - back) && matchToken(search, rule, at - back, rank))
        return;
    }
  };
}

function matchToken(search: Search, rule: Rule, start: number, rank: number): boolean {
  const shape = compiled(rule);
  shape.lastIndex = start;
  search.work += 20;
  const found = shape.exec(search.text)?.[0];
  if (found === undefined) return false;
  search.work += found.length;
  const made = variable(found, rule);
  if (entropy(made) < rule.floor || (rule.mixed && randomness(made) < leastRandomness)) return false;
  const set = rule.base64 ? base64Characters : tokenCharacters;
  const end = runEnd(search, set, start + found.length);
  addSpan(search, start, end, rule.name, rank);
  return true;
}

/** The token without its key, which would lend its variety to a row of x. */
function variable(token: string, rule: Rule): string {
  const key = rule.keys.find((candidate) => token.startsWith(candidate));
  return key === undefined ? token : token.slice(key.length);
}

const expressions = new WeakMap<Rule, RegExp>();

function compiled(rule: Rule): RegExp {
  let expression = expressions.get(rule);
  if (!expression) expressions.set(rule, (expression = new RegExp(rule.shape, "y")));
  return expression;
}
