// The pairs of letters that make up 95 % of the words of English and of source code, by first letter: whatever has many
// other pairs, or digits in its middle, was not made by a person.
const a = 0x61;
const pairs = [
  ["a", "abcdefgiklmnprstuvwxy"],
  ["b", "aeijlorsuy"],
  ["c", "acehiklorstu"],
  ["d", "acdeilorstu"],
  ["e", "abcdefgilmnopqrstvwxy"],
  ["f", "aefilortu"],
  ["g", "aeghilnorstu"],
  ["h", "aeiort"],
  ["i", "abcdefglmnoprstvxz"],
  ["j", "es"],
  ["k", "aeis"],
  ["l", "adefilopstuvy"],
  ["m", "abeilmopsu"],
  ["n", "acdefgiklnopstuvy"],
  ["o", "abcdfgiklmnoprstuvw"],
  ["p", "adehiloprstuy"],
  ["q", "u"],
  ["r", "acdefgiklmnoprstuvy"],
  ["s", "acdefhiklmnopstuy"],
  ["t", "acdefhilmoprstuy"],
  ["u", "abcdegilmnprst"],
  ["v", "aei"],
  ["w", "aehinors"],
  ["x", "ceipt"],
  ["y", "nopstw"],
  ["z", "e"],
] as const;

/** By the numbers of two letters: 1 for a usual pair. */
const usual = new Uint8Array(26 * 26);
for (const [first, seconds] of pairs) {
  for (let at = 0; at < seconds.length; at++)
    usual[(first.charCodeAt(0) - a) * 26 + seconds.charCodeAt(at) - a] = 1;
}
const window = 20;
const longest = 256;

const counts = new Uint8Array(256);
const bits = Float64Array.from({ length: window + 1 }, (_, count) =>
  count < 2 ? 0 : count * Math.log2(count),
);

/**
 * Whether some 20 characters of a text (or all of a shorter one) have at least so much Shannon entropy, in bits a
 * character. By stretches, so that a dull beginning or end does not hide a secret.
 */
export function isVaried(text: string, floor: number): boolean {
  const end = Math.min(text.length, longest);
  for (let start = 0; start === 0 || start + window <= end; start += window / 2) {
    if (entropy(text, start, Math.min(end, start + window)) >= floor) return true;
  }
  return false;
}

function entropy(text: string, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at) & 255;
    const count = counts[code]!;
    sum += bits[count + 1]! - bits[count]!;
    counts[code] = count + 1;
  }
  for (let at = start; at < end; at++) counts[text.charCodeAt(at) & 255] = 0;
  const size = end - start;
  return size === 0 ? 0 : Math.log2(size) - sum / size;
}

/**
 * How much likelier a text is random than words, as a sum over its pairs of neighbours (log-likelihoods, rounded).
 * 20 random letters and digits score about 26, names in source code below 0.
 */
export function randomness(text: string): number {
  let score = 0;
  const end = Math.min(text.length, longest);
  for (let at = 1; at < end; at++) {
    const [before, here] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
    const [first, second] = [kind(before), kind(here)];
    if (first === letter && second === letter) {
      score += usual[((before | 0x20) - a) * 26 + (here | 0x20) - a] === 1 ? -0.8 : 2.4;
    } else if (first + second === letter + digit) score += 2.6;
  }
  return score;
}

const other = 0;
const digit = 1;
const letter = 3;

function kind(code: number): number {
  if (code >= 0x30 && code <= 0x39) return digit;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? letter : other;
}
