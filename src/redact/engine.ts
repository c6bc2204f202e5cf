import { searchEscapes } from "./escapes.ts";
import type { Prefilter } from "./prefilter.ts";
import { type Search, type Span, newSearch, ranks } from "./search.ts";

// Nanoseconds, nearly: what one text may cost before the rest of it goes whole. Real records need about 1 a byte.
const freeWork = 2_000_000;
const workPerByte = 25;

/** Every secret in one text, sorted and merged. Bytes are given where the text came as such. */
export type FindSecrets = (text: string, bytes?: Uint8Array) => Span[];

/** The whole search: prefilter, rules at its hits, escapes decoded and searched again, overlaps merged. */
export function createEngine(prefilter: Prefilter, allowed: (secret: string) => boolean): FindSecrets {
  return (text, bytes) => {
    const search = newSearch(text, bytes, 0, allowed);
    const limit = freeWork + workPerByte * text.length;
    scan(search, limit);
    // Over the limit, what is decoded goes whole from its first hit on.
    searchEscapes(search, (inner) => scan(inner, limit - search.work));
    return mergeSpans(search.spans);
  };

  function scan(search: Search, limit: number): void {
    const end = prefilter(search, limit);
    if (end < search.text.length) {
      search.spans.push({ start: end, end: search.text.length, name: "over_limit", rank: ranks.cut });
    }
  }
}

/** Joins what overlaps, so that the whole of it goes, under the name of the most particular rule. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end || a.rank - b.rank)) {
    const last = merged.at(-1);
    if (!last || span.start >= last.end) merged.push(span);
    else {
      const named = span.rank < last.rank ? span : last;
      merged[merged.length - 1] = {
        start: last.start,
        end: Math.max(last.end, span.end),
        name: named.name,
        rank: named.rank,
      };
    }
  }
  return merged;
}
