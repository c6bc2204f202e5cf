import type { Events, Header, Pyramid } from "../page.ts";
import type { Gap } from "./axis.ts";

/** Shorter than this nothing is idle time. */
const least = 20_000;
/** A gap is worth narrowing when it is this part of the time that is left without it and the longer ones. */
const share = 0.04;
const most = 400;

/** The longest silences, down to those that would hardly be seen. */
function worthNarrowing(silences: Gap[], whole: number): Gap[] {
  const longest = silences.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, most);
  const kept: Gap[] = [];
  let busy = whole;
  for (const gap of longest) {
    const long = gap.to - gap.from;
    if (long < Math.max(least, (busy - long) * share)) break;
    busy -= long;
    kept.push(gap);
  }
  return kept;
}

/** From the overview, whose buckets may be wide: a gap begins and ends where a bucket does. */
export function gapsFromPyramid(header: Header, pyramid: Pyramid): Gap[] {
  const level = pyramid.levels.toSorted((a, b) => b.buckets - a.buckets)[0];
  if (!level || header.to <= header.from) return [];
  const busy = new Uint8Array(level.buckets);
  for (const counts of level.counts) {
    for (let bucket = 0; bucket < counts.length; bucket++) if (counts[bucket]) busy[bucket] = 1;
  }
  const each = (header.to - header.from) / level.buckets;
  const silences: Gap[] = [];
  let start = -1;
  for (let bucket = 0; bucket < busy.length; bucket++) {
    if (!busy[bucket]) {
      if (start < 0) start = bucket;
      continue;
    }
    if (start > 0) silences.push({ from: header.from + start * each, to: header.from + bucket * each });
    start = -1;
  }
  return worthNarrowing(silences, header.to - header.from);
}

/** From the events themselves, where all of a page's blocks are here: to the millisecond. */
export function gapsFromEvents(header: Header, blocks: readonly Events[]): Gap[] {
  const silences: Gap[] = [];
  let last = header.from;
  for (const { at } of blocks) {
    for (const time of at) {
      if (time - last >= least) silences.push({ from: last, to: time });
      last = Math.max(last, time);
    }
  }
  return worthNarrowing(silences, header.to - header.from);
}
