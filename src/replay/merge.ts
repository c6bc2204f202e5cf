import { closeSync, openSync, readSync } from "node:fs";
import { readRow, rowBytes, timeOf, type Row } from "./rows.ts";

/** Rows that lie in a file, one session after the other, and their previews in another. */
export interface Stored {
  readonly rows: string;
  readonly previews: string;
}

/** A session's share of those files: of its rows those that are on the page, which follow each other. */
export interface Share {
  readonly stored: Stored;
  /** The first row's byte in the file of rows, and the first preview's in that of previews. */
  readonly row: number;
  readonly preview: number;
  /** The place of the first in its session: not 0 where the page begins later. */
  readonly nth: number;
  readonly count: number;
}

export interface Merged {
  /** Which share it is of. */
  readonly share: number;
  readonly nth: number;
  readonly row: Row;
  readonly preview: Buffer;
}

/** Bytes of both files in memory, all shares together. */
const bufferBytes = 64 * 1024 * 1024;

/**
 * The rows of all shares in the order of time; at the same time the earlier share first, and within a share its own
 * order. Reads each file piece by piece, at once: they were just written on this machine, and a promise for each row
 * would cost more than all else of it.
 */
export function* mergedRows(shares: readonly Share[]): Generator<Merged> {
  const files = new Map<string, number>();
  const fileOf = (path: string): number => {
    if (!files.has(path)) files.set(path, openSync(path, "r"));
    return files.get(path)!;
  };
  try {
    const piece = Math.max(
      4096,
      Math.min(256 * 1024, Math.floor(bufferBytes / 2 / Math.max(1, shares.length))),
    );
    const cursors = shares.map((share, index) => cursorOf(index, share, fileOf, piece));
    const heap: Cursor[] = [];
    for (const cursor of cursors) if (cursor.load()) push(heap, cursor);
    while (heap.length > 0) {
      const first = heap[0]!;
      yield first.take();
      if (!first.load()) {
        const last = heap.pop()!;
        if (heap.length > 0) heap[0] = last;
      }
      sink(heap);
    }
  } finally {
    for (const file of files.values()) closeSync(file);
  }
}

interface Cursor {
  readonly share: number;
  at: number;
  /** Makes the next row ready; false at the end. */
  load(): boolean;
  take(): Merged;
}

function cursorOf(index: number, share: Share, fileOf: (path: string) => number, piece: number): Cursor {
  const rowReader = reader(
    fileOf(share.stored.rows),
    share.row,
    Math.max(rowBytes, piece - (piece % rowBytes)),
  );
  const previewReader = reader(fileOf(share.stored.previews), share.preview, piece);
  let done = 0;
  let ready: Buffer;
  const cursor: Cursor = {
    share: index,
    at: 0,
    load() {
      if (done >= share.count) return false;
      ready = rowReader(rowBytes);
      cursor.at = timeOf(ready, 0);
      return true;
    },
    take() {
      const row = readRow(ready, 0);
      const nth = share.nth + done++;
      return { share: index, nth, row, preview: previewReader(row.preview) };
    },
  };
  return cursor;
}

/** Reads a file from `start` on, so many bytes at each call, and larger pieces of it at once. */
function reader(file: number, start: number, piece: number): (bytes: number) => Buffer {
  let position = start;
  let held = Buffer.alloc(0);
  return (bytes) => {
    if (held.length < bytes) {
      const more = Buffer.alloc(Math.max(piece, bytes));
      const bytesRead = readSync(file, more, 0, more.length, position);
      position += bytesRead;
      held = Buffer.concat([held, more.subarray(0, bytesRead)]);
      if (held.length < bytes) throw new Error("a temporary file of the page was cut");
    }
    const taken = held.subarray(0, bytes);
    held = held.subarray(bytes);
    return taken;
  };
}

function before(a: Cursor, b: Cursor): boolean {
  return a.at < b.at || (a.at === b.at && a.share < b.share);
}

function push(heap: Cursor[], cursor: Cursor): void {
  heap.push(cursor);
  for (let at = heap.length - 1; at > 0;) {
    const parent = (at - 1) >> 1;
    if (!before(heap[at]!, heap[parent]!)) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

/** Puts the first where it belongs. */
function sink(heap: Cursor[]): void {
  for (let at = 0; ;) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    let least = at;
    if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
    if (right < heap.length && before(heap[right]!, heap[least]!)) least = right;
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
