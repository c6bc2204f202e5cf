import type { Events, Source } from "../page.ts";
import { flag, kinds } from "../page.ts";
import type { Axis } from "./axis.ts";
import type { Blocks } from "./blocks.ts";
import { lowerBound, mostBlocks } from "./blocks.ts";
import { work } from "./model.ts";
import type { Row } from "./rows.ts";

/** Pixels of a column of activity, with the pixel that parts it from the next. */
export const columnPixels = 4;

/** What happened in each column of a row: events, of them prompts and replies, and errors. */
export interface Activity {
  readonly counts: Float32Array;
  readonly talk: Float32Array;
  readonly errors: Float32Array;
}

const talking = new Set([kinds.indexOf("prompt"), kinds.indexOf("reply")]);
/** What nobody did: time ran out. */
const derived = new Set([kinds.indexOf("lapse"), kinds.indexOf("silent")]);
const errorKind = kinds.indexOf("error");
const fencedKind = kinds.indexOf("fenced");

/** Whether the event at this place is one of the errors that the page counts. */
export function isError(events: Events, index: number): boolean {
  const kind = events.kind[index];
  return kind === errorKind || kind === fencedKind || ((events.flags[index] ?? 0) & flag.failed) !== 0;
}

function empty(columns: number): Activity {
  return {
    counts: new Float32Array(columns),
    talk: new Float32Array(columns),
    errors: new Float32Array(columns),
  };
}

/** From the blocks, event by event: exact. */
function fromBlocks(axis: Axis, columns: number, byLane: Map<number, Activity>, all: readonly Events[]) {
  for (const events of all) {
    const end = lowerBound(events.at, axis.to + 1e-6);
    for (let index = lowerBound(events.at, axis.from); index < end; index++) {
      const activity = byLane.get(events.lane[index] ?? -1);
      if (!activity || derived.has(events.kind[index] ?? -1)) continue;
      const column = Math.min(columns - 1, Math.floor(axis.x(events.at[index] ?? 0) / columnPixels));
      if (column < 0) continue;
      activity.counts[column] = (activity.counts[column] ?? 0) + 1;
      if (talking.has(events.kind[index] ?? -1)) activity.talk[column] = (activity.talk[column] ?? 0) + 1;
      if (isError(events, index)) activity.errors[column] = (activity.errors[column] ?? 0) + 1;
    }
    work.bins += events.at.length;
  }
}

/** Gives each column that a span covers its share of a count. */
function spread(into: Float32Array, axis: Axis, from: number, to: number, count: number): void {
  const first = Math.max(0, Math.floor(axis.x(from) / columnPixels));
  const last = Math.min(into.length - 1, Math.max(first, Math.floor(axis.x(to) / columnPixels)));
  for (let column = first; column <= last; column++) {
    into[column] = (into[column] ?? 0) + count / (last - first + 1);
  }
}

/** The level whose buckets are as narrow as a column where time is drawn, not narrowed; else the finest. */
function levelFor(axis: Axis, columns: number, { header, pyramid }: Source) {
  const idle = axis.gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const share = Math.max(0, axis.to - axis.from - idle) / Math.max(1, header.to - header.from);
  const levels = pyramid.levels.toSorted((a, b) => a.buckets - b.buckets);
  return levels.find((one) => one.buckets * share >= columns) ?? levels.at(-1);
}

/** From the pyramid: as exact as its buckets are narrow. Without `counts` only the errors. */
function fromPyramid(
  axis: Axis,
  columns: number,
  byLane: Map<number, Activity>,
  source: Source,
  counts: boolean,
) {
  const { header } = source;
  const level = levelFor(axis, columns, source);
  if (!level) return;
  const each = Math.max(1, header.to - header.from) / level.buckets;
  const first = Math.max(0, Math.floor((axis.from - header.from) / each));
  const last = Math.min(level.buckets - 1, Math.floor((axis.to - header.from) / each));
  for (const [lane, activity] of byLane) {
    const [own, errors] = [level.counts[lane], level.errors[lane]];
    if (!own || !errors) continue;
    for (let bucket = first; bucket <= last; bucket++) {
      if (!own[bucket]) continue;
      const from = header.from + bucket * each;
      if (counts) spread(activity.counts, axis, from, from + each - 1, own[bucket] ?? 0);
      if (!errors[bucket]) continue;
      const column = Math.floor(axis.x(from + each / 2) / columnPixels);
      const inside = Math.min(columns - 1, Math.max(0, column));
      activity.errors[inside] = (activity.errors[inside] ?? 0) + (errors[bucket] ?? 0);
    }
    work.bins += last - first + 1;
  }
}

const mostEntries = 2048;

/** From what the index says of its blocks, which are short where much happened: finer than the pyramid after long silences. */
function fromDirectory(
  axis: Axis,
  byLane: Map<number, Activity>,
  source: Source,
  first: number,
  last: number,
) {
  for (const block of source.header.index.slice(first, last + 1)) {
    for (let at = 0; at < block.lanes.length; at += 2) {
      const activity = byLane.get(block.lanes[at] ?? -1);
      if (activity) spread(activity.counts, axis, block.from, block.to, block.lanes[at + 1] ?? 0);
      work.bins++;
    }
  }
}

/** Whether the blocks of a window are shorter than the pyramid's finest buckets. */
function directoryIsFiner(source: Source, first: number, last: number): boolean {
  const { header, pyramid } = source;
  const count = last - first + 1;
  if (count < 2 || count > mostEntries) return false;
  const finest = Math.max(1, ...pyramid.levels.map(({ buckets }) => buckets));
  const bucket = (header.to - header.from) / finest;
  const lengths = header.index.slice(first, last + 1).map(({ from, to }) => to - from);
  return (lengths.toSorted((a, b) => a - b)[count >> 1] ?? bucket) < bucket * 2;
}

/**
 * The activity of rows, by the lane of the row. Exact where the window's blocks are few and here; until they arrive, and
 * for wider windows, from the pyramid. `exact` says which.
 */
export function activityOf(
  source: Source,
  blocks: Blocks,
  axis: Axis,
  rows: readonly Row[],
): { readonly rows: ReadonlyMap<number, Activity>; readonly exact: boolean; readonly most: number } {
  const columns = Math.max(1, Math.ceil(axis.width / columnPixels));
  const out = new Map<number, Activity>();
  const byLane = new Map<number, Activity>();
  for (const row of rows) {
    const activity = empty(columns);
    out.set(row.lane, activity);
    for (const lane of row.lanes) byLane.set(lane, activity);
  }
  const { first, last } = blocks.touching(axis.from, axis.to);
  const few = last - first < mostBlocks;
  if (few) blocks.want(first, last);
  const here: Events[] = [];
  for (let block = first, end = few ? last : first - 1; block <= end; block++) {
    const events = blocks.get(block);
    if (events) here.push(events);
  }
  const exact = few && here.length === last - first + 1;
  if (exact) fromBlocks(axis, columns, byLane, here);
  else {
    const directory = directoryIsFiner(source, first, last);
    if (directory) fromDirectory(axis, byLane, source, first, last);
    fromPyramid(axis, columns, byLane, source, !directory);
  }
  let most = 1;
  for (const { counts } of out.values()) {
    for (let column = 0; column < columns; column++) most = Math.max(most, counts[column] ?? 0);
  }
  return { rows: out, exact, most };
}
