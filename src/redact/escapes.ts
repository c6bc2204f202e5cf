import { type Search, addSpan, newSearch, runEnd, tokenCharacters } from "./search.ts";

/** What the prefilter looks for: `\u0020` to `\u007f`, `%09`, `%0a`, `%0d`, `%20` to `%7f`, and a slash that JSON need not escape. */
export const escapeStarts = [
  ...["2", "3", "4", "5", "6", "7"].flatMap((first) => [`\\u00${first}`, `%${first}`]),
  "%09",
  "%0a",
  "%0d",
  "\\/",
];

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
}

const backslash = 0x5c;
const percent = 0x25;
const mostBackslashes = 8;

/** Decodes every escape of a text of bytes. Offsets into the result can be traced back with `rawOf`. */
export function decodeEscapes(text: string): Decoded {
  const bytes = Buffer.from(text, "latin1");
  const decoded: number[] = [];
  const raw: number[] = [];
  let to = 0; // What is decoded takes less room: the same bytes hold it.
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at]!;
    const size = code === backslash ? backslashes(bytes, at) : code === percent ? percents(bytes, at) : 0;
    if (size === 0) {
      bytes[to++] = code;
      at++;
      continue;
    }
    const slash = bytes[at + size - 1] === 0x2f;
    bytes[to++] = slash ? 0x2f : hexAt(bytes, at + size - 2);
    at += size;
    decoded.push(to);
    raw.push(at);
  }
  return { text: bytes.toString("latin1", 0, to), decoded, raw };
}

/** The length of an escape of JSON that begins here: one to eight backslashes, then `/` or `u0020` to `u007f`. Or 0. */
function backslashes(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < at + mostBackslashes && bytes[end] === backslash) end++;
  if (bytes[end] === 0x2f) return end + 1 - at;
  const unicode = bytes[end] === 0x75 && bytes[end + 1] === 0x30 && bytes[end + 2] === 0x30;
  return unicode && hexAt(bytes, end + 3) >= 0x20 && hexAt(bytes, end + 3) < 0x80 ? end + 5 - at : 0;
}

/** The length of an escape of a URL that begins here: `%`, up to two `25`, two digits of ASCII or of white space. Or 0. */
function percents(bytes: Uint8Array, at: number): number {
  for (let nested = 2; nested >= 0; nested--) {
    const code = hexAt(bytes, at + 1 + 2 * nested);
    const good = (code >= 0x20 && code < 0x80) || code === 9 || code === 10 || code === 13;
    if (good && (nested < 1 || is25(bytes, at + 1)) && (nested < 2 || is25(bytes, at + 3)))
      return 3 + 2 * nested;
  }
  return 0;
}

function is25(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x32 && bytes[at + 1] === 0x35;
}

/** The number that two hexadecimal digits make, or a negative one. */
function hexAt(bytes: Uint8Array, at: number): number {
  return digit(bytes[at]) * 16 + digit(bytes[at + 1]);
}

function digit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1000;
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
