/** A set of words by their first two or three characters: slower than an automaton, and built in a fraction of a millisecond. */
export interface Trigrams {
  readonly texts: readonly string[];
  /** One more than the number of a word that begins so, or 0; `others` has the next one, by number. */
  readonly triples: Uint16Array;
  readonly pairs: Uint16Array;
  readonly others: Uint16Array;
}

const classes = 64;

/** Which of 64 classes a byte belongs to: a letter in either case, a digit, or one of 27 heaps of the rest. */
const classOf = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  const lower = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
  const letter = lower >= 0x61 && lower <= 0x7a;
  classOf[code] = letter ? lower - 0x60 : code >= 0x30 && code <= 0x39 ? code - 0x30 + 27 : 37 + (code % 27);
}

/** Builds the table of some words in lower case, each of two bytes or more. */
export function buildTrigrams(texts: readonly string[]): Trigrams {
  const triples = new Uint16Array(classes ** 3);
  const pairs = new Uint16Array(classes ** 2);
  const others = new Uint16Array(texts.length);
  for (let index = 0; index < texts.length; index++) {
    const text = texts[index]!;
    const pair = classOf[text.charCodeAt(0)]! * classes + classOf[text.charCodeAt(1)]!;
    const table = text.length > 2 ? triples : pairs;
    const slot = text.length > 2 ? pair * classes + classOf[text.charCodeAt(2)]! : pair;
    others[index] = table[slot]!;
    table[slot] = index + 1;
  }
  return { texts, triples, pairs, others };
}

/** Calls `hit` with the place and number of every word in a text in lower case, left to right, until it answers false. */
export function searchTrigrams(
  { texts, triples, pairs, others }: Trigrams,
  text: string,
  hit: (at: number, index: number) => boolean,
): void {
  const mask = classes ** 3 - 1;
  let triple = 0;
  // One step beyond the end: a word of two bytes may stand there.
  for (let at = 0; at <= text.length; at++) {
    triple = ((triple << 6) | (at < text.length ? classOf[text.charCodeAt(at) & 255]! : 0)) & mask;
    if (at < 2) continue;
    for (let next = triples[triple]!; next !== 0; next = others[next - 1]!) {
      if (text.startsWith(texts[next - 1]!, at - 2) && !hit(at - 2, next - 1)) return;
    }
    for (let next = pairs[triple >> 6]!; next !== 0; next = others[next - 1]!) {
      if (text.startsWith(texts[next - 1]!, at - 2) && !hit(at - 2, next - 1)) return;
    }
  }
}
