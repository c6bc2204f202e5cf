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

/** From the pyramid: as exact as its buckets are narrow. */
function fromPyramid(axis: Axis, columns: number, byLane: Map<number, Activity>, source: Source) {
  const { header, pyramid } = source;
  const whole = Math.max(1, header.to - header.from);
  const share = (axis.to - axis.from) / whole;
  const levels = pyramid.levels.toSorted((a, b) => a.buckets - b.buckets);
  const idle = axis.gaps.length > 0 ? 4 : 1;
  const level = levels.find((one) => one.buckets * share >= columns * idle) ?? levels.at(-1);
  if (!level) return;
  const each = whole / level.buckets;
  const first = Math.max(0, Math.floor((axis.from - header.from) / each));
  const last = Math.min(level.buckets - 1, Math.floor((axis.to - header.from) / each));
  const place = new Int32Array(last - first + 1);
  for (let bucket = first; bucket <= last; bucket++) {
    const at = header.from + (bucket + 0.5) * each;
    place[bucket - first] = Math.floor(axis.x(at) / columnPixels);
  }
  for (const [lane, activity] of byLane) {
    const counts = level.counts[lane];
    const errors = level.errors[lane];
    if (!counts || !errors) continue;
    for (let bucket = first; bucket <= last; bucket++) {
      if (!counts[bucket]) continue;
      const column = Math.min(columns - 1, Math.max(0, place[bucket - first] ?? 0));
      activity.counts[column] = (activity.counts[column] ?? 0) + (counts[bucket] ?? 0);
      activity.errors[column] = (activity.errors[column] ?? 0) + (errors[bucket] ?? 0);
    }
    work.bins += last - first + 1;
  }
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
  else fromPyramid(axis, columns, byLane, source);
  let most = 1;
  for (const { counts } of out.values()) {
    for (let column = 0; column < columns; column++) most = Math.max(most, counts[column] ?? 0);
  }
  return { rows: out, exact, most };
}
