import { size } from "./values.ts";

const echoLimit = 200;

/** What a terminal or a model would act on, or nobody would see: controls but LF and TAB, C1, bidirectional, invisible, tags. */
const unseen =
  "[\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufff9-\\ufffb]|\\p{Bidi_Control}|\\p{Default_Ignorable_Code_Point}|\\p{Surrogate}";
const clean = /^[\n\t\x20-\x5b\x5d-\x7e]*$/;
const patterns = new Map<string, RegExp>();

/**
 * Text of a record as it may be shown: what a terminal would act on, or nobody would see, appears as `\u{1b}`. No two
 * texts are shown alike: backslashes before such a mark, and before one that the text itself has, are doubled.
 */
export function shown(text: string): string {
  return altered(text).text;
}

/** The same on one line: line ends are written out as `\n`. For lists and names. */
export function shownLine(text: string): string {
  return shown(text).replaceAll("\n", "\\n");
}

/** The first line, to 200 characters, of a text that the caller sent a moment ago; then `… (12.4 KiB)`, if there is more. */
export function echoed(text: string): string {
  const line = text.split("\n", 1)[0]!;
  const start = Array.from(line.slice(0, 2 * echoLimit))
    .slice(0, echoLimit)
    .join("");
  return start.length === text.length ? shown(text) : `${shown(start)}… (${size(Buffer.byteLength(text))})`;
}

/** How many characters of a text are not shown as they are. */
export function countAltered(text: string): number {
  return altered(text).count;
}

/**
 * `shown`, and how many characters it altered. `more` is the source of a pattern for further places where one
 * character is to be altered.
 */
export function altered(text: string, more?: string): { readonly text: string; readonly count: number } {
  if (more === undefined && clean.test(text)) return { text, count: 0 };
  let count = 0;
  const replaced = text.replaceAll(patternWith(more), (match, backslashes: string, found: string) => {
    count += backslashes.length;
    if (found === "u{") return `${backslashes}${match}`;
    count++;
    return `${backslashes}${backslashes}\\u{${found.codePointAt(0)!.toString(16)}}`;
  });
  return { text: replaced, count };
}

/** Begins at the first of a run of backslashes, so that a long one costs no more than its length. */
function patternWith(more?: string): RegExp {
  const key = more ?? "";
  const known = patterns.get(key);
  if (known) return known;
  const made = new RegExp(`(?<!\\\\)(\\\\*)(u\\{|${unseen}${more === undefined ? "" : `|${more}`})`, "gu");
  patterns.set(key, made);
  return made;
}

/**
 * The last look at a text before it is printed: no control character goes through, whoever forgot to have it shown.
 * What was shown already stays as it is. `colours` lets our own colours pass.
 */
export function withoutControls(text: string, colours: boolean): string {
  if (clean.test(text)) return text;
  const pattern = new RegExp(`(\\x1b\\[(?:0|1|2|3[1-6])m)|(?:${unseen})`, "gu");
  return text.replaceAll(pattern, (found, colour: string | undefined) => {
    if (colour !== undefined && colours) return colour;
    return Array.from(found, (character) => written(character)).join("");
  });
}

function written(character: string): string {
  const code = character.codePointAt(0)!;
  return code >= 0x20 && code < 0x7f ? character : `\\u{${code.toString(16)}}`;
}
