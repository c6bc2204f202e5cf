import {
  type Found,
  type Literal,
  type Search,
  type Span,
  addSpan,
  characterSet,
  lettersAndDigits,
  newSearch,
  runEnd,
} from "./search.ts";
import { randomness } from "./random.ts";
import { type Trigrams, searchTrigrams } from "./trigrams.ts";

/** A key of two bytes would have forms of two characters. */
export const shortestKey = 3;
const before = 128; // Characters of the run in front of a hit: a multiple of four.
const windowSize = 6 * 1024;
const reach = 2048; // Characters behind a hit that its token may need.
const runCharacters = characterSet("base64 run", `${lettersAndDigits}+/_-`);

/**
 * What `key` looks like inside base64, for each of the three places in a group of three bytes where it may begin: the
 * characters that depend on it alone. Nothing for a key under three bytes, whose forms would have two.
 */
export function base64Forms(key: string): { readonly text: string; readonly shift: number }[] {
  if (key.length < shortestKey) return [];
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.from("\0".repeat(shift) + key, "latin1").toString("base64");
    const text = encoded.slice(firstOf(shift), Math.floor(((shift + key.length) * 8) / 6));
    const forms = /[+/]/.test(text) ? [text, text.replaceAll("+", "-").replaceAll("/", "_")] : [text];
    return forms.map((form) => ({ text: form, shift }));
  });
}

/** The first character of a group of four that depends only on bytes from `shift` on. */
function firstOf(shift: number): number {
  return Math.ceil((shift * 8) / 6);
}

/** A key that is also looked for inside base64, as it is written, and what decides about what stands there. */
export interface EncodedKey {
  readonly key: string;
  readonly found: Found;
}

/** The literals that find a key in base64: its three forms. */
export function base64Literals({ key, found }: EncodedKey): Literal[] {
  return base64Forms(key).map(({ text, shift }) => ({
    text,
    exact: true,
    found: (search, at) => lookInside(search, at - firstOf(shift), shift, key, found),
  }));
}

/** Decodes the surroundings of a key and looks there. `group` is where its group of four begins, `shift` its byte in that. */
function lookInside(search: Search, group: number, shift: number, key: string, found: Found): void {
  search.work += 10;
  if (search.depth > 0 || group < 0) return;
  const window = decode(search, group);
  const { inner } = window;
  const at = ((group - window.from) / 4) * 3 + shift;
  if (!inner.text.startsWith(key, at)) return;
  found(inner, at);
  search.work += inner.work + 100;
  inner.work = 0;
  for (const span of inner.spans.splice(0)) mark(search, window, span);
}

const shortestRun = 20;

const longestWords = 200;

/** Whether some 20 characters of a run look as base64 does: a path or a name of several words does not. */
function hasRandom(run: string): boolean {
  for (let at = 0; at + shortestRun <= run.length; at += shortestRun / 2) {
    if (randomness(run.slice(at, at + shortestRun)) > 0) return true;
  }
  return false;
}

/** The same without literals: each run is decoded at each of its four alignments, and the keys searched in what comes out. */
export function findEncoded(search: Search, encoded: readonly EncodedKey[], keys: () => Trigrams): void {
  for (const { 0: run, index } of search.text.matchAll(/[A-Za-z0-9+/_-]{20,}/g)) {
    search.work += run.length;
    if (run.length < longestWords && !hasRandom(run)) continue;
    for (let phase = 0; phase < 4 && run.length - phase >= shortestRun; phase++) {
      const decoded = Buffer.from(run.slice(phase), "base64").toString("latin1");
      search.work += run.length;
      searchTrigrams(keys(), decoded.toLowerCase(), (at, number) => {
        const { key, found } = encoded[number]!;
        if (decoded.startsWith(key, at))
          lookInside(search, index + phase + Math.floor(at / 3) * 4, at % 3, key, found);
        return true;
      });
    }
  }
}

/** A piece of a run of base64, decoded. */
interface Window {
  readonly from: number;
  readonly inner: Search;
  /** Where each line of the run begins, in the search's text and counted without the breaks. */
  readonly lines: readonly { readonly at: number; readonly count: number }[];
  readonly end: number;
}

const windows = new WeakMap<Search, (Window | undefined)[]>();

/** The window that covers a group; kept by its alignment, so that many hits in one run decode it once. */
function decode(search: Search, group: number): Window {
  const kept = windows.get(search) ?? [];
  windows.set(search, kept);
  const known = kept[group % 4];
  if (
    known &&
    group >= known.from + before &&
    group + reach <= Math.max(known.end, known.from + windowSize)
  ) {
    if (known.lines.length === 1) return known;
  }
  let from = group;
  while (from > group - before && from >= 4 && isRun(search.text, from - 4)) from -= 4;
  const { text, lines, end } = unwrap(search, from);
  const decoded = Buffer.from(text, "base64").toString("latin1");
  search.work += 1000 + text.length * 3;
  const window = { from, inner: newSearch(decoded, undefined, 1, search.allowed), lines, end };
  kept[group % 4] = window;
  return window;
}

function isRun(text: string, at: number): boolean {
  for (let index = at; index < at + 4; index++)
    if (runCharacters.has[text.charCodeAt(index)] !== 1) return false;
  return true;
}

const lineBreak = /(?:\\r\\n|\\n|\r\n|\n|\\\/(?=\/)){1}/y;
const shortestLine = 60; // Base64 is broken after 64, 70 or 76 characters, if at all.

/** The characters of a run from `from` on, without its line breaks and with `\/` as `/`. */
function unwrap(
  search: Search,
  from: number,
): { text: string; lines: { at: number; count: number }[]; end: number } {
  const lines = [{ at: from, count: 0 }];
  const parts: string[] = [];
  let at = from;
  for (let count = 0; count < windowSize;) {
    let end = at;
    while (end < at + windowSize - count && runCharacters.has[search.text.charCodeAt(end)] === 1) end++;
    parts.push(search.text.slice(at, end));
    count += end - at;
    const next = nextLine(search.text, at, end);
    if (next < 0) return { text: parts.join(""), lines, end };
    at = next;
    lines.push({ at, count });
  }
  return { text: parts.join(""), lines, end: at };
}

function nextLine(text: string, start: number, end: number): number {
  if (text.startsWith("\\/", end)) return end + 1;
  lineBreak.lastIndex = end;
  return end - start >= shortestLine && lineBreak.test(text) ? lineBreak.lastIndex : -1;
}

function mark(search: Search, window: Window, { start, end, name, rank }: Span): void {
  const first = place(window, Math.floor((start * 4) / 3));
  const whole = end >= window.inner.text.length;
  let last = whole ? window.end : place(window, Math.ceil((end * 4) / 3) - 1) + 1;
  if (whole) {
    last = runEnd(search, runCharacters, last);
    while (search.text[last] === "=") last++;
  }
  if (search.text[first - 1] === "\\" && search.text[first] === "/")
    addSpan(search, first - 1, last, name, rank);
  else addSpan(search, first, last, name, rank);
}

function place(window: Window, count: number): number {
  const line = window.lines.findLast((candidate) => candidate.count <= count) ?? window.lines[0]!;
  return line.at + count - line.count;
}
