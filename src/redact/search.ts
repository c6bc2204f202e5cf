/** A stretch of text that must go. `end` is exclusive; the lowest rank names a redaction made of several. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly rank: number;
}

/** Who names a redaction when several rules match: a token's own shape before its name, its name before its look. */
export const ranks = {
  cut: 0,
  token: 1,
  block: 2,
  project: 3,
  assigned: 4,
  place: 5,
  environment: 6,
  assignment: 7,
} as const;

/** Looks whether a secret stands where a literal was seen, and marks it. */
export type Found = (search: Search, at: number) => void;

/** What the prefilter looks for, and what then decides whether a secret stands there. */
export interface Literal {
  /** Bytes. Compared without regard to case unless `exact`. */
  readonly text: string;
  readonly exact: boolean;
  readonly found: Found;
}

/** One pass over one text. The text has one character a byte, so offsets are bytes. */
export interface Search {
  readonly text: string;
  /** The same text as bytes, where it came as such. */
  readonly bytes: Uint8Array | undefined;
  readonly spans: Span[];
  /** 0 for the text itself, 1 for what was decoded from it: only level 0 is decoded further. */
  readonly depth: number;
  readonly allowed: (secret: string) => boolean;
  /** Around the escapes that may hide a part of a token: beginning and end, in turn. */
  readonly windows: number[];
  /** Remembered ends of runs, so that many hits inside one run cost one reading of it. */
  readonly memo: Map<string, readonly [number, number]>;
  /** Counted, not timed: about a nanosecond each. Over the engine's limit the rest of the text goes whole. */
  work: number;
}

export function newSearch(
  text: string,
  bytes: Uint8Array | undefined,
  depth: number,
  allowed: (secret: string) => boolean,
): Search {
  return { text, bytes, spans: [], depth, allowed, windows: [], memo: new Map(), work: 0 };
}

/** Marks a stretch as secret, unless the project allows exactly that text. */
export function addSpan(search: Search, start: number, end: number, name: string, rank: number): void {
  if (end > start && !search.allowed(search.text.slice(start, end)))
    search.spans.push({ start, end, name, rank });
}

/** The end of the run of `set` characters that covers `at`. Linear over a whole text, however often it is asked. */
export function runEnd(search: Search, set: CharacterSet, at: number): number {
  const known = search.memo.get(set.name);
  if (known && at >= known[0] && at <= known[1]) return known[1];
  const { text } = search;
  let end = at;
  while (end < text.length && set.has[text.charCodeAt(end)] === 1) end++;
  search.work += end - at;
  search.memo.set(set.name, [at, end]);
  return end;
}

export interface CharacterSet {
  readonly name: string;
  readonly has: Uint8Array;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
export const lettersAndDigits = `${letters}0123456789`;

/** A set of the characters of a text. */
export function characterSet(name: string, characters: string): CharacterSet {
  const has = new Uint8Array(256);
  for (let at = 0; at < characters.length; at++) has[characters.charCodeAt(at)] = 1;
  return { name, has };
}

/** A set of everything but white space and the characters of a text. */
export function characterSetWithout(name: string, characters: string): CharacterSet {
  const has = new Uint8Array(256).fill(1, 0x21);
  for (const code of [0x7f, 0x85, 0xa0]) has[code] = 0;
  for (let at = 0; at < characters.length; at++) has[characters.charCodeAt(at)] = 0;
  return { name, has };
}

export const alphanumeric = characterSet("alphanumeric", lettersAndDigits);
export const tokenCharacters = characterSet("token", `${lettersAndDigits}_-`);
export const base64Characters = characterSet("base64", `${lettersAndDigits}_-+/=`);
