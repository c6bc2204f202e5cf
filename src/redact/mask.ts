import type { Span } from "./search.ts";

/** How often each rule took something out. */
export type Counts = Readonly<Record<string, number>>;

/** What a rule leaves in place of a secret. */
export function markerOf(name: string): string {
  return `[REDACTED:${name}]`;
}

export function countSpans(spans: readonly Span[]): Counts {
  const counts: Record<string, number> = {};
  for (const { name } of spans) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** A stretch to be replaced, and by what. */
export interface Cut {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const headSize = 256;
const longestParsed = 1024 * 1024;

/**
 * Whether to treat a text as JSON. An object is known by its beginning, so that a line with two of them, or half of
 * one, counts. What begins with a bracket or a quote may be prose, and is parsed to tell, unless it is long.
 */
export function isJson(length: number, beginning: (end: number) => string): boolean {
  const [first, second] = beginning(headSize).replaceAll(/\s/g, "");
  if (first === "{") return second === '"' || second === "}";
  if (first !== "[" && first !== '"') return false;
  if (length > longestParsed) return true;
  try {
    JSON.parse(beginning(length));
    return true;
  } catch {
    return false;
  }
}

const backslash = 0x5c;
const quote = 0x22;

/**
 * Where to cut so that what was JSON stays JSON. Inside a string a cut never halves an escape; a secret that reaches
 * over several strings leaves each of them quoted; a number becomes a string. Structure between them is not touched.
 */
export function jsonCuts(codeAt: (at: number) => number, length: number, spans: readonly Span[]): Cut[] {
  const cuts: Cut[] = [];
  let next = 0;
  let inside = false;
  for (let at = 0; at < length && next < spans.length;) {
    const span = spans[next]!;
    if (at >= span.end) {
      next++;
      continue;
    }
    const code = codeAt(at);
    if (code === quote) {
      inside = !inside;
      at++;
    } else if (inside) {
      const size = unitSize(code, codeAt, at, length);
      if (at + size > span.start) extend(cuts, at, at + size, markerOf(span.name));
      at += size;
    } else if (isStructure(code)) at++;
    else {
      let end = at + 1;
      while (end < length && !isStructure(codeAt(end)) && codeAt(end) !== quote) end++;
      if (end > span.start) cuts.push({ start: at, end, text: JSON.stringify(markerOf(span.name)) });
      at = end;
    }
  }
  return cuts;
}

/** The length of one character of a JSON string: an escape is one. */
function unitSize(code: number, codeAt: (at: number) => number, at: number, length: number): number {
  if (code !== backslash) return 1;
  return Math.min(at + 1 < length && codeAt(at + 1) === 0x75 ? 6 : 2, length - at);
}

function extend(cuts: Cut[], start: number, end: number, text: string): void {
  const last = cuts.at(-1);
  if (last && last.end === start && last.text === text)
    cuts[cuts.length - 1] = { start: last.start, end, text };
  else cuts.push({ start, end, text });
}

function isStructure(code: number): boolean {
  // Blanks, comma, colon, brackets and braces.
  return (
    code <= 0x20 ||
    code === 0x2c ||
    code === 0x3a ||
    code === 0x5b ||
    code === 0x5d ||
    code === 0x7b ||
    code === 0x7d
  );
}

/** Cuts for text that is not JSON: each secret is one. */
export function plainCuts(spans: readonly Span[]): Cut[] {
  return spans.map(({ start, end, name }) => ({ start, end, text: markerOf(name) }));
}
