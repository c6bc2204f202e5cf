/** A text is looked at in windows of so many characters: what a pattern can cost is bounded by them. */
export const windowChars = 1000;
/** Two windows share so many: a match up to this long is never cut. */
const sharedChars = 200;
/** A pattern that holds the page longer than this in one text is given up. */
const patienceMs = 40;

/** Looks for one thing in texts. */
export interface Finder {
  /** How many matches a text has, counted up to `most`. Throws `TooSlow` where a pattern takes too long. */
  count(text: string, most?: number): number;
  /** Where the matches are, for highlights. */
  places(text: string, most: number): readonly (readonly [from: number, to: number])[];
}

export class TooSlow extends Error {
  override readonly name = "TooSlow";
}

const signs = /[.*+?^${}()|[\]\\]/g;

/**
 * What a query asks for: a text in any case or, where it is a pattern, a regular expression. A string says why it cannot be looked
 * for: patterns that can cost more than their text is long are refused.
 */
export function finder(query: string, isPattern: boolean, now = () => performance.now()): Finder | string {
  if (query === "") return "empty";
  if (query.length > 1000) return "longer than 1,000 characters";
  if (!isPattern) return plainFinder(query);
  let pattern: RegExp;
  try {
    pattern = new RegExp(query, "giu");
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : "no pattern";
  }
  if (/\\[1-9k]|\(\?<?[=!]/.test(query)) return "back references and lookaround are not searched for";
  if (!shallow(query) || !bounded(query)) return "a pattern like this can take for ever";
  if (pattern.test("")) return "it matches nothing at all, everywhere";
  return patternFinder(pattern, now);
}

/** At most so many repetitions in a pattern, of any sort. */
const repetitionsMost = 12;

/** Whether no repetition stands inside another one: those are what costs more than a power of the length. */
export function shallow(pattern: string): boolean {
  // What is no sign here: escaped, in a class, or what says what sort of group it is.
  const plain = pattern
    .replaceAll(/\\(?:[pPu]\{[^}]*\}|[^])/g, "x")
    .replaceAll(/\[[^\]]*\]/g, "x")
    .replaceAll(/\(\?(?::|<\w+>)/g, "(");
  const repeats: boolean[] = [false];
  let repetitions = 0;
  let closed = false; // Whether a group that holds a repetition ends just before this sign.
  for (let at = 0; at < plain.length; at++) {
    const sign = plain[at];
    const repetition = sign === "*" || sign === "+" || sign === "?" || /^\{\d/.test(plain.slice(at, at + 2));
    if (repetition) {
      if (closed || ++repetitions > repetitionsMost) return false;
      repeats[repeats.length - 1] = true;
      if (sign === "{") at = plain.indexOf("}", at);
      if (plain[at + 1] === "?") at++; // Lazy: the same repetition.
    } else if (sign === "(") repeats.push(false);
    closed = sign === ")" && repeats.pop() === true;
    if (closed) repeats[repeats.length - 1] = true;
  }
  return true;
}

/** At most three repetitions without a bound: each is another power of the window's length. */
function bounded(query: string): boolean {
  const unbounded = query.replace(/\\./g, "x").match(/[*+]|\{\d*,\}/g) ?? [];
  // Alternatives that may begin alike, repeated, are tried in every combination.
  if (/\|[^()]*\)(?:[*+]|\{)/.test(query)) return false;
  const largest = Math.max(0, ...[...query.matchAll(/\{\d*,?(\d*)\}/g)].map(([, most]) => Number(most)));
  return unbounded.length <= 3 && largest <= 200;
}

function plainFinder(query: string): Finder {
  const pattern = new RegExp(query.replace(signs, String.raw`\$&`), "gi");
  return {
    count(text, most = 10_000) {
      pattern.lastIndex = 0;
      let found = 0;
      while (found < most && pattern.test(text)) found++;
      return found;
    },
    places(text, most) {
      const found: [number, number][] = [];
      for (const match of text.matchAll(pattern)) {
        if (found.length >= most) break;
        found.push([match.index, match.index + match[0].length]);
      }
      return found;
    },
  };
}

function patternFinder(pattern: RegExp, now: () => number): Finder {
  const places = (text: string, most: number) => {
    const found: [number, number][] = [];
    let until = 0;
    for (let from = 0; from < text.length && found.length < most; from += windowChars - sharedChars) {
      const since = now();
      for (const match of text.slice(from, from + windowChars).matchAll(pattern)) {
        if (match[0] === "" || from + match.index < until) continue;
        until = from + match.index + match[0].length;
        found.push([from + match.index, until]);
        if (found.length >= most) break;
      }
      if (now() - since > patienceMs) throw new TooSlow("the pattern takes too long");
    }
    return found;
  };
  return { places, count: (text, most = 10_000) => places(text, most).length };
}
