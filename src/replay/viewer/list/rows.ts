import type { Events } from "../../page.ts";
import { flag, kinds } from "../../page.ts";

/** One line of the merged list: an event, calls of one lane folded into one line, or a stretch in which nothing happened. */
export interface Row {
  /** The place of its event in the block; of folded calls the first one's. */
  readonly index: number;
  /** The places of folded calls, in order; two or more. */
  readonly calls?: readonly number[];
  /** The places of what has no line of its own and is shown by this one: results, thoughts between folded calls. */
  readonly also?: readonly number[];
  /** Milliseconds without any event before this one: a line that is no event. */
  readonly idle?: number;
}

/** A pause between two neighbours in the list that is drawn as one. */
export const idleMs = 10 * 60_000;

/** Calls that other lanes' lines stand between are one line only when they began within this time. */
const runMs = 60_000;

const number = (kind: (typeof kinds)[number]) => kinds.indexOf(kind);
const call = number("call");
const result = number("result");
const quiet = new Set([number("thought"), number("note"), number("model")]);

interface Run {
  readonly calls: number[];
  readonly also: number[];
  readonly from: number;
  /** How many lines there were when its last call came. */
  lines: number;
  readonly line: number;
}

/** What a fold needs to know besides the events: which are left, and whether results are asked for by themselves. */
export interface Asked {
  readonly test?: (events: Events, index: number) => boolean;
  /** False: each event has its own line. */
  readonly fold: boolean;
  /** The time of the last event before the block. */
  readonly before?: number;
}

/**
 * The lines of one block. Calls of a lane that follow each other fold; a result that is no failure is shown by its call;
 * a failed one keeps its own line and takes its call's place in the fold.
 */
export function rowsOf(events: Events, asked: Asked): readonly Row[] {
  const rows: { index: number; calls?: number[]; also?: number[]; idle?: number }[] = [];
  const runs = new Map<number, Run>();
  const shownBy = new Map<number, Run>();
  const gone = failedCalls(events, asked);
  let last = asked.before;
  for (let index = 0; index < events.at.length; index++) {
    if (asked.test && !asked.test(events, index)) continue;
    const at = events.at[index] ?? 0;
    if (last !== undefined && at - last >= idleMs) {
      rows.push({ index, idle: at - last });
      runs.clear();
    }
    last = at;
    const lane = events.lane[index] ?? 0;
    const kind = events.kind[index] ?? 0;
    const run = runs.get(lane);
    if (asked.fold && gone.has(index)) continue;
    if (asked.fold && kind === result && !isFailed(events, index) && (events.pair[index] ?? -1) >= 0) {
      const pair = (events.pair[index] ?? 0) - events.first;
      const owner = shownBy.get(pair);
      owner?.also.push(index);
      // Its call has a line in an earlier block.
      if (owner || pair < 0) continue;
    }
    if (asked.fold && run && quiet.has(kind)) {
      run.also.push(index);
      continue;
    }
    if (asked.fold && kind === call) {
      const joins = run && (run.lines === rows.length || at - run.from <= runMs) ? run : undefined;
      const now: Run = joins ?? { calls: [], also: [], from: at, lines: 0, line: rows.length };
      now.calls.push(index);
      shownBy.set(index, now);
      if (!joins) rows.push({ index, also: now.also });
      else rows[now.line] = { index: now.calls[0] ?? index, calls: now.calls, also: now.also };
      now.lines = rows.length;
      runs.set(lane, now);
      continue;
    }
    runs.delete(lane);
    rows.push({ index });
  }
  return rows;
}

export function isFailed(events: Events, index: number): boolean {
  return ((events.flags[index] ?? 0) & flag.failed) !== 0;
}

/** The calls whose failed result is in the block and left by the filters: the result's line stands for both. */
function failedCalls(events: Events, asked: Asked): Set<number> {
  const found = new Set<number>();
  if (!asked.fold) return found;
  for (let index = 0; index < events.at.length; index++) {
    if (events.kind[index] !== result || !isFailed(events, index)) continue;
    const pair = (events.pair[index] ?? -1) - events.first;
    if (pair >= 0 && pair < index && (!asked.test || asked.test(events, index))) found.add(pair);
  }
  return found;
}

/** The line that shows an event, whether as its own or as part of a fold. -1 where the filters left no such line. */
export function rowShowing(rows: readonly Row[], events: Events, index: number): number {
  const direct = rows.findIndex(
    (row) =>
      row.idle === undefined &&
      (row.index === index || row.calls?.includes(index) === true || row.also?.includes(index) === true),
  );
  if (direct >= 0) return direct;
  const pair = (events.pair[index] ?? -1) - events.first;
  return pair >= 0 ? rows.findIndex((row) => row.idle === undefined && row.index === pair) : -1;
}

/** "Read 3, Edit 2, Bash 1": the most used first, then by name. */
export function toolCounts(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .toSorted(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
