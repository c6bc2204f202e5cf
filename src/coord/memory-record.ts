import { createHash } from "node:crypto";
import {
  memoryRecord,
  readRecord,
  revisionLimit,
  schemaNumber,
  type MemoryRecord,
} from "../format/records.ts";

/** Of the values of earlier revisions, this many bytes stay in the record; the journal has every value. */
const earlierValuesLimit = 64 * 1024;

export type { MemoryRecord };

/** One state that a key had. `value` is absent where the record no longer has it. */
export interface Revision {
  readonly revision: string;
  readonly value?: unknown;
  readonly setBy: string;
  readonly setAt: string;
  readonly deleted: boolean;
}

/** A record of memory; one of format 1 gets the first 8 digits of its SHA-256 as its revision. */
export function readMemory(key: string, body: Uint8Array): MemoryRecord & { readonly revision: string } {
  const record = readRecord(memoryRecord, key, body);
  const revision = record.revision ?? createHash("sha256").update(body).digest("hex").slice(0, 8);
  return { ...record, revision };
}

export type Memory = ReturnType<typeof readMemory>;

/** The record after a set or a delete: one more revision, the last 20 kept, unknown fields kept. */
export function nextMemory(
  base: Memory | undefined,
  change: { revision: string; value: unknown; by: string; at: string; deleted: boolean },
): Memory {
  const { deleted: _, ...rest } = base ?? { deleted: undefined };
  const earlier = base ? [...earlierOf(base), ownRevision(base)] : [];
  return {
    ...rest,
    schema: schemaNumber,
    value: change.value,
    set_by: change.by,
    set_at: change.at,
    revision: change.revision,
    ...(change.deleted && { deleted: true }),
    revisions: [
      ...withinLimit(earlier),
      {
        revision: change.revision,
        set_by: change.by,
        set_at: change.at,
        ...(change.deleted && { deleted: true }),
      },
    ].slice(-revisionLimit),
  };
}

/**
 * Whether the attempt `mine` is in the history of `now`. Without it, what it was based on must be there, or all of
 * the history, for it to be certain that it did not land.
 */
export function landedInMemory(now: Memory, mine: Memory): "yes" | "no" | "unknown" {
  const names = new Set([now.revision, ...(now.revisions ?? []).map(({ revision }) => revision)]);
  if (names.has(mine.revision)) return "yes";
  const base = mine.revisions?.at(-2)?.revision;
  if (base !== undefined) return names.has(base) ? "no" : "unknown";
  return (now.revisions?.length ?? revisionLimit) < revisionLimit ? "no" : "unknown";
}

/** What the record still knows of its past, newest first. */
export function revisionsOf(record: Memory): readonly Revision[] {
  return [...earlierOf(record), ownRevision(record)]
    .map((one) => ({
      revision: one.revision,
      ...("value" in one && { value: one.value }),
      setBy: one.set_by,
      setAt: one.set_at,
      deleted: one.deleted === true,
    }))
    .toReversed();
}

type StoredRevision = NonNullable<MemoryRecord["revisions"]>[number];

function earlierOf(record: Memory): StoredRevision[] {
  return (record.revisions ?? []).filter(({ revision }) => revision !== record.revision);
}

function ownRevision(record: Memory): StoredRevision {
  return {
    revision: record.revision,
    value: record.value,
    set_by: record.set_by,
    set_at: record.set_at,
    ...(record.deleted && { deleted: true }),
  };
}

/** Drops the values of the oldest revisions, so that a record stays far below what a client may write. */
function withinLimit(revisions: readonly StoredRevision[]): StoredRevision[] {
  let left = earlierValuesLimit;
  return revisions
    .toReversed()
    .map((one) => {
      left -= Buffer.byteLength(JSON.stringify(one.value ?? ""));
      if (left >= 0) return one;
      const { value: _, ...rest } = one;
      return rest;
    })
    .toReversed();
}
