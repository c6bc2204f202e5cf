import { type Search, addSpan, newSearch, runEnd, tokenCharacters } from "./search.ts";

/** What the prefilter looks for: `\u0020` to `\u007f`, `%09`, `%0a`, `%0d`, `%20` to `%7f`, and a slash that JSON need not escape. */
export const escapeStarts = [
  ...["2", "3", "4", "5", "6", "7"].flatMap((first) => [`\\u00${first}`, `%${first}`]),
  "%09",
  "%0a",
  "%0d",
  "\\/",
];

const escape = /\\{1,8}u00([2-7][0-9a-f])|\\{1,8}(\/)|%(?:25){0,2}(0[9ad]|[2-7][0-9a-f])/gi;
const around = 700;
const mostDecoded = 512 * 1024;
const longestSecret = 64 * 1024; // What a window that had to be divided sees again.
const longestEdge = 4096;

/** Remembers that there is an escape. Escapes come in order, nearly, so neighbours share a window at once. */
export function noteEscape(search: Search, at: number): void {
  search.work += 10;
  if (search.depth > 0) return;
  const { windows } = search;
  const last = windows.length - 1;
  const near = last > 0 && at - around <= windows[last]!;
  if (near && at - windows[last - 1]! < mostDecoded) windows[last] = at + around;
  else windows.push(Math.max(0, at - (near ? longestSecret : around)), at + around);
}

/**
 * Decodes the surroundings of the escapes, and searches what comes out. Escapes in escapes (a string in a string,
 * `%252d`) are one step: any number of backslashes, up to two `25`.
 */
export function searchEscapes(search: Search, scan: (inner: Search) => void): void {
  for (let at = 0; at < search.windows.length; at += 2) {
    searchWindow(search, search.windows[at]!, Math.min(search.windows[at + 1]!, search.text.length), scan);
  }
}

function searchWindow(search: Search, start: number, end: number, scan: (inner: Search) => void): void {
  const { text } = search;
  let to = end;
  while (to < text.length && to < end + longestEdge && /[A-Za-z0-9_%\\-]/.test(text[to]!)) to++;
  const map = decodeEscapes(text.slice(start, to));
  if (map.raw.length === 0) return;

  const inner = newSearch(map.text, undefined, 1, search.allowed);
  scan(inner);
  search.work += inner.work + (to - start) * 2;
  for (const span of inner.spans) {
    if (span.start === 0 && start > 0) continue; // What stands before it was cut off.
    const last = start + rawOf(map, span.end, true);
    const whole = span.end === map.text.length ? runEnd(search, tokenCharacters, last) : last;
    addSpan(search, start + rawOf(map, span.start, false), whole, span.name, span.rank);
  }
}

/** A decoded text, and where its characters were: by each escape, the offset behind it in both. */
interface Decoded {
  readonly text: string;
  readonly decoded: readonly number[];
  readonly raw: readonly number[];
  readonly lengths: readonly number[];
}

/** Decodes every escape of a text. Offsets into the result can be traced back with `rawOf`. */
export function decodeEscapes(text: string): Decoded {
  const parts: string[] = [];
  const decoded: number[] = [];
  const raw: number[] = [];
  const lengths: number[] = [];
  let from = 0;
  let length = 0;
  for (const match of text.matchAll(escape)) {
    const hex = match[1] ?? match[3];
    const character = hex === undefined ? "/" : String.fromCharCode(Number.parseInt(hex, 16));
    parts.push(text.slice(from, match.index), character);
    length += match.index - from + 1;
    from = match.index + match[0].length;
    decoded.push(length);
    raw.push(from);
    lengths.push(match[0].length);
  }
  return { text: parts.join("") + text.slice(from), decoded, raw, lengths };
}

/** Where a decoded offset was: of an escape its beginning, or as an end the place behind it. */
export function rawOf(map: Decoded, offset: number, isEnd: boolean): number {
  let low = 0;
  let high = map.decoded.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (map.decoded[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  // Now map.decoded[low - 1] <= offset < map.decoded[low].
  const base = low === 0 ? offset : map.raw[low - 1]! + offset - map.decoded[low - 1]!;
  if (isEnd && low > 0 && map.decoded[low - 1] === offset) return map.raw[low - 1]!;
  return base;
}
