import { type Automaton, buildAutomaton } from "./automaton.ts";
import type { Literal, Search } from "./search.ts";

/** A text up to this length is searched word by word: less work than building the automaton, which takes 10 to 20 ms. */
const shortText = 32 * 1024;

/** Finds each literal and lets it look. Returns how far it got: to the end, or to where the work exceeded the limit. */
export type Prefilter = (search: Search, limit: number) => number;

/** The prefilter of a redactor. The automaton is built for the first long text, or when short ones have added up. */
export function createPrefilter(literals: readonly Literal[]): Prefilter {
  const folded = literals.map((literal) => literal.text.toLowerCase());
  const groups = groupByText(literals, folded);
  const words = [...groups.keys()];
  const users = [...groups.values()];
  let automaton: Automaton | undefined;
  let searched = 0;

  return (search, limit) => {
    searched += search.text.length;
    if (searched > shortText) automaton ??= buildAutomaton(words);
    return automaton
      ? byAutomaton(search, limit, automaton, words, users)
      : byWord(search, limit, words, users);
  };
}

function groupByText(literals: readonly Literal[], folded: readonly string[]): Map<string, Literal[]> {
  const groups = new Map<string, Literal[]>();
  literals.forEach((literal, index) => {
    const text = folded[index]!;
    const group = groups.get(text);
    if (group) group.push(literal);
    else groups.set(text, [literal]);
  });
  return groups;
}

function byWord(
  search: Search,
  limit: number,
  words: readonly string[],
  users: readonly Literal[][],
): number {
  const lower = search.text.toLowerCase(); // One byte a character: nothing changes its length.
  const hits: [number, number][] = [];
  words.forEach((word, index) => {
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1)) hits.push([at, index]);
  });
  // The order in which the automaton meets them: by where they end, the longest first.
  const end = ([at, index]: [number, number]) => at + words[index]!.length;
  hits.sort((a, b) => end(a) - end(b) || a[0] - b[0]);
  for (const [at, index] of hits) {
    if (search.work > limit) return at;
    use(search, at, users[index]!);
  }
  return search.text.length;
}

function byAutomaton(
  search: Search,
  limit: number,
  automaton: Automaton,
  words: readonly string[],
  users: readonly Literal[][],
): number {
  const { classOf, next, firstAccepting, shift } = automaton;
  const bytes = search.bytes ?? Buffer.from(search.text, "latin1");
  const firstState = firstAccepting >> shift;
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
}

function use(search: Search, at: number, literals: readonly Literal[]): void {
  for (const literal of literals) {
    search.work += 2;
    if (!literal.exact || search.text.startsWith(literal.text, at)) literal.found(search, at);
  }
}
