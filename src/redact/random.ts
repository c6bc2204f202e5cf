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

/** Shannon entropy in bits a character of the most varied 20 characters: a dull beginning does not hide a secret. */
export function entropy(text: string): number {
  const end = Math.min(text.length, longest);
  let most = 0;
  for (let start = 0; start === 0 || start + window <= end; start += window / 2) {
    most = Math.max(most, entropyOf(text.slice(start, Math.min(end, start + window))));
  }
  return most;
}

function entropyOf(text: string): number {
  const seen = new Map<string, number>();
  for (const character of text) seen.set(character, (seen.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of seen.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
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
