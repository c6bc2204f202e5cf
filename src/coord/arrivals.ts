import { parseRecordName } from "../format/keys.ts";
import type { Listed } from "../store/store.ts";

/** So long after the time that a store writes on an object, it may still be absent from a listing. */
export const graceMs = 10 * 60_000;
/** The time in a key is its writer's: it is trusted to be no further off than this. */
export const dayMs = 24 * 3_600_000;

/** What a reader has seen: all that arrived before `mark` (ms, the store's clock), and `seen` of what came after. */
export interface Progress {
  readonly mark: number;
  readonly seen: ReadonlySet<string>;
}

/** Nothing was ever read. */
export const beginning: Progress = { mark: 0, seen: new Set() };

/** By arrival, then by the writer's own time, so that one writer's objects keep their order within a second. */
export function byArrival(a: Listed, b: Listed): number {
  return (
    a.writtenAt - b.writtenAt || compare(nameTime(a.key), nameTime(b.key)) || (a.key < b.key ? -1 : 1) // Never equal.
  );
}

export function isUnseen({ key, writtenAt }: Listed, { mark, seen }: Progress): boolean {
  return writtenAt >= mark && !seen.has(key);
}

/**
 * What has been seen once `shown` was shown. The mark goes to ten minutes before the listing was made, yet never past
 * something that is not shown, and never back. Keys from before the mark leave `seen`; so does a key that is gone
 * from the listing, once its name is a day older than the mark. `storeNow` is the store's clock when the listing began.
 */
export function advance(
  before: Progress,
  listed: readonly Listed[],
  shown: Iterable<string>,
  storeNow: number | undefined,
): Progress {
  const seen = new Set([...before.seen, ...shown]);
  // Where a store does not tell its time, what it last wrote is a time that it had reached.
  let mark = (storeNow ?? Math.max(0, ...listed.map(({ writtenAt }) => writtenAt))) - graceMs;
  for (const object of listed) {
    if (isUnseen(object, { mark: before.mark, seen })) mark = Math.min(mark, object.writtenAt);
  }
  mark = Math.max(before.mark, Math.floor(mark));

  const arrivals = new Map(listed.map(({ key, writtenAt }) => [key, writtenAt]));
  for (const key of seen) {
    const arrivedAt = arrivals.get(key);
    const stays = arrivedAt === undefined ? nameMs(key) >= mark - dayMs : arrivedAt >= mark;
    if (!stays) seen.delete(key);
  }
  return { mark, seen };
}

function nameTime(key: string): bigint {
  return parseRecordName(key)?.ns ?? 0n;
}

function nameMs(key: string): number {
  return Number(nameTime(key) / 1_000_000n);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
