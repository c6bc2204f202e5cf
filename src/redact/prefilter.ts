import { type Automaton, buildAutomaton } from "./automaton.ts";
import { type EncodedKey, base64Literals, findEncoded } from "./base64.ts";
import type { Literal, Search } from "./search.ts";
import { type Trigrams, buildTrigrams, searchTrigrams } from "./trigrams.ts";

/** So many bytes are searched with the table that costs nothing to build; a program that reads more gets the automaton. */
const fewBytes = 256 * 1024;

/** Finds each literal and lets it look. Returns how far it got: to the end, or to where the work exceeded the limit. */
export type Prefilter = (search: Search, limit: number) => number;

/** The prefilter of a redactor: literals in the text as it is, and keys inside base64. Its tables are built when needed. */
export function createPrefilter(literals: readonly Literal[], encoded: readonly EncodedKey[]): Prefilter {
  let few: ((search: Search, limit: number) => number) | undefined;
  let many: ((search: Search, limit: number) => number) | undefined;
  let searched = 0;
  return (search, limit) => {
    searched += search.text.length;
    if (searched > fewBytes) many ??= byAutomaton([...literals, ...encoded.flatMap(base64Literals)]);
    if (many) return many(search, limit);
    few ??= byTrigrams(literals, encoded);
    return few(search, limit);
  };
}

/** Literals that look for the same thing share a place in the table. */
function grouped(literals: readonly Literal[]): { readonly words: string[]; readonly users: Literal[][] } {
  const groups = new Map<string, Literal[]>();
  for (const literal of literals) {
    const text = literal.text.toLowerCase();
    const group = groups.get(text);
    if (group) group.push(literal);
    else groups.set(text, [literal]);
  }
  return { words: [...groups.keys()], users: [...groups.values()] };
}

function byTrigrams(literals: readonly Literal[], encoded: readonly EncodedKey[]): Prefilter {
  const { words, users } = grouped(literals);
  const trigrams = buildTrigrams(words);
  let keys: Trigrams | undefined;
  return (search, limit) => {
    let end = search.text.length;
    // Of bytes, so nothing changes its length in lower case.
    searchTrigrams(trigrams, search.text.toLowerCase(), (at, index) => {
      if (search.work > limit) {
        end = at;
        return false;
      }
      use(search, at, users[index]!); // If this goes over the limit, the next hit says so, and where.
      return true;
    });
    if (search.depth === 0) {
      findEncoded(
        search,
        encoded,
        () => (keys ??= buildTrigrams(encoded.map(({ key }) => key.toLowerCase()))),
      );
    }
    return end;
  };
}

function byAutomaton(literals: readonly Literal[]): Prefilter {
  const { words, users } = grouped(literals);
  const automaton: Automaton = buildAutomaton(words);
  const { classOf, next, firstAccepting, shift } = automaton;
  const firstState = firstAccepting >> shift;
  return (search, limit) => {
    const bytes = search.bytes ?? Buffer.from(search.text, "latin1");
    let state = 0;
    for (let at = 0; at < bytes.length; at++) {
      state = next[state + classOf[bytes[at]!]!]!;
      if (state < firstAccepting) continue;
      for (const index of automaton.words[(state >> shift) - firstState]!) {
        const start = at + 1 - words[index]!.length;
        if (search.work > limit) return start;
        use(search, start, users[index]!);
      }
    }
    return bytes.length;
  };
}

function use(search: Search, at: number, literals: readonly Literal[]): void {
  for (const literal of literals) {
    search.work += 10;
    if (!literal.exact || search.text.startsWith(literal.text, at)) literal.found(search, at);
  }
}
