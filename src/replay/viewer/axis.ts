import type { AxisMode } from "./model.ts";
import { clock, day, long } from "./words.ts";

/** A span in which nothing happened. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** How many events there were up to a time, and the time of the nth: what the sequence axis is made of. */
export interface Order {
  rank(at: number): number;
  time(rank: number): number;
}

export interface Axis {
  readonly mode: AxisMode;
  readonly width: number;
  readonly from: number;
  readonly to: number;
  /** The gaps that are narrowed, with the pixels they take. */
  readonly gaps: readonly (Gap & { readonly x0: number; readonly x1: number })[];
  x(at: number): number;
  at(x: number): number;
}

const margin = 4;
/** An idle gap takes this many pixels of a compressed axis, however long it was. */
const gapPixels = 24;

type Knot = readonly [at: number, x: number];

/** Piecewise straight between knots, both ways; outside them the first and last pieces go on. */
function through(knots: readonly Knot[], value: number, from: 0 | 1): number {
  let low = 0;
  let high = knots.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((knots[middle]?.[from] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  const a = knots[low] ?? [0, 0];
  const b = knots[low + 1] ?? a;
  const across = b[from] - a[from];
  const other = from === 0 ? 1 : 0;
  return across <= 0 ? a[other] : a[other] + ((value - a[from]) / across) * (b[other] - a[other]);
}

function realKnots(from: number, to: number, width: number): Knot[] {
  return [
    [from, margin],
    [to, width - margin],
  ];
}

/** The longest gaps get their few pixels, the rest of the time shares what is left evenly. */
function compressedKnots(from: number, to: number, width: number, gaps: readonly Gap[]) {
  const room = Math.max(0, Math.floor((width * 0.3) / gapPixels));
  const longest = gaps
    .filter((gap) => gap.to > from && gap.from < to)
    .map((gap) => ({ from: Math.max(from, gap.from), to: Math.min(to, gap.to) }))
    .toSorted((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, room);
  // A gap that would be narrower without it is left as it is: seen beside what the longer ones leave.
  let left = to - from;
  const kept = longest.filter((gap) => {
    const narrows = ((gap.to - gap.from) / left) * width > gapPixels;
    if (narrows) left -= gap.to - gap.from;
    return narrows;
  });
  const inside = kept.toSorted((a, b) => a.from - b.from);
  const idle = inside.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  // Nothing but idle time: narrowing it would leave the axis empty.
  if (to - from - idle < 1) return { knots: realKnots(from, to, width), drawn: [] };
  const busy = to - from - idle;
  const scale = (width - 2 * margin - inside.length * gapPixels) / busy;
  const knots: Knot[] = [[from, margin]];
  const drawn: { from: number; to: number; x0: number; x1: number }[] = [];
  let [at, x] = [from, margin];
  for (const gap of inside) {
    x += (gap.from - at) * scale;
    if (gap.from > from) knots.push([gap.from, x]);
    drawn.push({ ...gap, x0: x, x1: x + gapPixels });
    x += gapPixels;
    at = gap.to;
    knots.push([at, x]);
  }
  if (at < to) knots.push([to, x + (to - at) * scale]);
  return { knots, drawn };
}

const pieces = 240;
/** Events stand at even distances: each piece of the axis holds as many as its neighbour. */
function sequenceKnots(from: number, to: number, width: number, order: Order): Knot[] {
  const first = order.rank(from);
  const last = Math.max(first + 1e-9, order.rank(to));
  const knots: Knot[] = [[from, margin]];
  for (let piece = 1; piece < pieces; piece++) {
    const at = order.time(first + ((last - first) * piece) / pieces);
    const before = knots.at(-1)?.[0] ?? from;
    if (at > before && at < to) knots.push([at, margin + ((width - 2 * margin) * piece) / pieces]);
  }
  knots.push([to, width - margin]);
  return knots;
}

/** The one place where time becomes pixels, for the lanes, their labels and what is clicked. */
export function makeAxis(
  mode: AxisMode,
  [from, to]: readonly [number, number],
  width: number,
  gaps: readonly Gap[],
  order: Order,
): Axis {
  const end = Math.max(to, from + 1);
  const packed = mode === "compressed" ? compressedKnots(from, end, width, gaps) : undefined;
  const knots =
    packed?.knots ??
    (mode === "sequence" ? sequenceKnots(from, end, width, order) : realKnots(from, end, width));
  return {
    mode,
    width,
    from,
    to: end,
    gaps: packed?.drawn ?? [],
    x: (at) => through(knots, at, 0),
    at: (x) => through(knots, x, 1),
  };
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const steps = [
  ...[1, 5, 20, 100, 250].map((each) => each),
  ...[1, 2, 5, 10, 20, 30].map((each) => each * second),
  ...[1, 2, 5, 10, 20, 30].map((each) => each * minute),
  ...[1, 2, 3, 6, 12].map((each) => each * hour),
  ...[1, 2, 7, 14, 28, 91, 365].map((each) => each * 24 * hour),
];

export interface Tick {
  readonly at: number;
  readonly x: number;
  readonly label: string;
}

/** Round times at least `apart` pixels from one another, and none inside a narrowed gap. At most as many as fit. */
export function ticks(axis: Axis, apart: number): Tick[] {
  const idle = axis.gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const busy = Math.max(1, axis.to - axis.from - idle);
  const perPixel = busy / Math.max(1, axis.width - axis.gaps.length * gapPixels);
  const step = steps.find((each) => each >= perPixel * apart) ?? steps.at(-1) ?? hour;
  const out: Tick[] = [];
  const most = Math.ceil(axis.width / 8);
  let last = Number.NEGATIVE_INFINITY;
  for (
    let at = Math.ceil(axis.from / step) * step, seen = 0;
    at <= axis.to && seen < most * 8;
    at += step, seen++
  ) {
    const gap = axis.gaps.find((one) => at > one.from && at < one.to);
    if (gap) {
      at = Math.floor(gap.to / step) * step;
      continue;
    }
    const x = axis.x(at);
    if (x - last < apart * 0.7) continue;
    last = x;
    out.push({ at, x, label: label(at, step) });
  }
  return out;
}

function label(at: number, step: number): string {
  if (step >= 24 * hour || at % (24 * hour) === 0) return day(at).slice(0, -5);
  if (step >= minute) return clock(at, false);
  return step >= second ? clock(at) : `${clock(at)}.${String(at % 1000).padStart(3, "0")}`;
}

/** What is written over a narrowed gap. */
export function gapLabel(gap: Gap, narrow: boolean): string {
  return narrow ? long(gap.to - gap.from) : `${long(gap.to - gap.from)} idle`;
}
