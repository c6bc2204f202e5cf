/** A set of words as a table: one look-up a byte finds them all. Letters are folded, so a hit says nothing about case. */
export interface Automaton {
  readonly classOf: Uint8Array;
  /** Next state by state and class; a state is the offset of its row. */
  readonly next: Int32Array;
  /** Rows from here on end a word: one comparison a byte tells. */
  readonly firstAccepting: number;
  /** Which words end in a state, by its number counted from the first accepting one. */
  readonly words: readonly (readonly number[])[];
  readonly shift: number;
}

/** Builds the Aho-Corasick automaton of some lower-case words of bytes. Rows are as wide as the words' alphabet, rounded up. */
export function buildAutomaton(words: readonly string[]): Automaton {
  const { classOf, shift } = classesOf(words);
  const width = 1 << shift;
  const total = 1 + words.reduce((sum, word) => sum + word.length, 0);
  const next = new Int32Array(total * width);
  const ends: number[][] = [[]];
  let states = 1;
  words.forEach((word, index) => {
    let state = 0;
    for (let at = 0; at < word.length; at++) {
      const slot = state * width + classOf[word.charCodeAt(at)]!;
      if (next[slot] === 0) {
        next[slot] = states++;
        ends.push([]);
      }
      state = next[slot]!;
    }
    ends[state]!.push(index);
  });
  link(next, ends, states, width);
  return renumber({ next, ends, states, width, shift, classOf });
}

/** In Latin-1, as the text is one. */
function isUpper(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0xc0 && code <= 0xde && code !== 0xd7);
}

function classesOf(words: readonly string[]): { classOf: Uint8Array; shift: number } {
  const classOf = new Uint8Array(256);
  let classes = 1; // Class 0 is every byte that no word has.
  for (const word of words) {
    for (let at = 0; at < word.length; at++) {
      const code = word.charCodeAt(at);
      if (classOf[code] === 0) classOf[code] = classes++;
    }
  }
  for (let code = 0x41; code <= 0xde; code++) if (isUpper(code)) classOf[code] = classOf[code + 32]!;
  return { classOf, shift: Math.ceil(Math.log2(classes + 1)) };
}

/** Completes the trie: where no word goes on, the row of the longest suffix does. Breadth first, so suffixes are done. */
function link(next: Int32Array, ends: number[][], states: number, width: number): void {
  const suffix = new Int32Array(states);
  const queue = new Int32Array(states);
  let tail = 0;
  for (let column = 0; column < width; column++) if (next[column] !== 0) queue[tail++] = next[column]!;
  for (let head = 0; head < tail; head++) {
    const state = queue[head]!;
    const row = state * width;
    const suffixRow = suffix[state]! * width;
    if (ends[suffix[state]!]!.length > 0) ends[state] = [...ends[state]!, ...ends[suffix[state]!]!];
    for (let column = 0; column < width; column++) {
      const target = next[row + column]!;
      if (target === 0) next[row + column] = next[suffixRow + column]!;
      else {
        suffix[target] = next[suffixRow + column]!;
        queue[tail++] = target;
      }
    }
  }
}

interface Draft {
  readonly next: Int32Array;
  readonly ends: readonly (readonly number[])[];
  readonly states: number;
  readonly width: number;
  readonly shift: number;
  readonly classOf: Uint8Array;
}

function renumber({ next, ends, states, width, shift, classOf }: Draft): Automaton {
  const place = new Int32Array(states);
  let row = 0;
  for (let state = 0; state < states; state++) if (ends[state]!.length === 0) place[state] = row++;
  const firstAccepting = row;
  const words: (readonly number[])[] = [];
  for (let state = 0; state < states; state++) {
    if (ends[state]!.length === 0) continue;
    place[state] = row++;
    words.push(ends[state]!);
  }
  const moved = new Int32Array(states * width);
  for (let state = 0; state < states; state++) {
    const from = state * width;
    const to = place[state]! * width;
    for (let column = 0; column < width; column++) moved[to + column] = place[next[from + column]!]! * width;
  }
  return { classOf, next: moved, firstAccepting: firstAccepting * width, words, shift };
}
