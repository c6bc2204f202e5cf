import { createHash } from "node:crypto";
import type { Cursor } from "./harness.ts";
import type { PlainFile } from "./plain-file.ts";

/** How much of the beginning of a log, and of what lies before the cursor, is remembered by its hash. */
export const edgeBytes = 4096;
const scratchBytes = 1024 * 1024;

/**
 * How far a log was read. Hashes tell an append from a rewrite: of the first bytes; of the last line that was taken,
 * which shows a log that was cut at a line's end and has grown back since; and of what lies before the offset, because
 * a last line may be as short as any other.
 */
export interface LogCursor {
  readonly kind: "log";
  readonly generation: number;
  /** Of the source's plain bytes: after the LF of the last line taken, or after the line itself while it is `open`. */
  readonly offset: number;
  /** SHA-256 of the first min(4096, offset) bytes. */
  readonly head: string;
  /** SHA-256 of the last line taken, and its bytes, LF included unless `open`. */
  readonly last: string;
  readonly lastBytes: number;
  /** SHA-256 of the min(4096, offset) bytes before the offset. Cursors of earlier versions have none. */
  readonly tail?: string;
  /** The last line had no LF when it was taken. */
  readonly open?: true;
  /** The compressed file that was read to its end. */
  readonly packed?: string;
}

export const emptyHash = sha256(new Uint8Array(0));

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function startOfLog(generation: number): LogCursor {
  const empty = { head: emptyHash, last: emptyHash, tail: emptyHash };
  return { kind: "log", generation, offset: 0, lastBytes: 0, ...empty };
}

/** The first bytes of a log and the last ones of what was taken, at most `edgeBytes` of each. */
export interface Edges {
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** The edges once these bytes were taken too. Of `bytes` nothing is kept. */
export function extended({ head, tail }: Edges, bytes: Buffer): Edges {
  const more = bytes.subarray(0, edgeBytes - head.length);
  const end = bytes.subarray(Math.max(0, bytes.length - edgeBytes));
  const kept = tail.subarray(Math.max(0, tail.length + end.length - edgeBytes));
  return {
    head: more.length === 0 ? head : Buffer.concat([head, more]),
    tail: Buffer.concat([kept, end]),
  };
}

/** The cursor if it is one of a log and makes sense; it comes out of a bucket. */
export function logCursor(cursor: Cursor | undefined): LogCursor | undefined {
  if (cursor === undefined || cursor["kind"] !== "log") return undefined;
  const { generation, offset, head, last, lastBytes, tail, open, packed } = cursor;
  if (!isCount(generation) || generation < 1 || !isCount(offset) || !isCount(lastBytes)) return undefined;
  if (lastBytes > offset || !isHash(head) || !isHash(last)) return undefined;
  return {
    kind: "log",
    generation,
    offset,
    head,
    last,
    lastBytes,
    ...(isHash(tail) && { tail }),
    ...(open === true && { open }),
    ...(typeof packed === "string" && { packed }),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/**
 * What became of the bytes before the cursor: still there (then their edges are returned for later cursors), or
 * `shrunk`, or `rewritten`. A line taken without LF that has grown counts as rewritten.
 */
export async function compare(
  file: PlainFile,
  size: number,
  cursor: LogCursor,
): Promise<Edges | "shrunk" | "rewritten"> {
  if (size < cursor.offset) return "shrunk";
  const edge = Math.min(edgeBytes, cursor.offset);
  const [head, tail] = [Buffer.alloc(edge), Buffer.alloc(edge)];
  if (!(await file.fill(head, 0)) || !(await file.fill(tail, cursor.offset - edge))) return "shrunk";
  if (sha256(head) !== cursor.head) return "rewritten";
  if (cursor.tail !== undefined && sha256(tail) !== cursor.tail) return "rewritten";
  const last = await hashRange(file, cursor.offset - cursor.lastBytes, cursor.offset);
  if (last === undefined) return "shrunk";
  if (last !== cursor.last) return "rewritten";
  if (cursor.open === undefined || size === cursor.offset) return { head, tail };
  const next = Buffer.alloc(1);
  return (await file.fill(next, cursor.offset)) && next[0] !== 0x0a ? "rewritten" : { head, tail };
}

/** SHA-256 of the bytes from `start` to `end`, in bounded memory; undefined when the file ends before. */
export async function hashRange(file: PlainFile, start: number, end: number): Promise<string | undefined> {
  const hash = createHash("sha256");
  const scratch = Buffer.allocUnsafe(Math.min(scratchBytes, end - start));
  for (let at = start; at < end;) {
    const piece = scratch.subarray(0, Math.min(scratch.length, end - at));
    if (!(await file.fill(piece, at))) return undefined;
    hash.update(piece);
    at += piece.length;
  }
  return hash.digest("hex");
}

/** Where the line that starts at `start` ends (its LF), looking no further than `end`; undefined when it has no LF. */
export async function lineEnd(file: PlainFile, start: number, end: number): Promise<number | undefined> {
  const scratch = Buffer.allocUnsafe(Math.min(scratchBytes, Math.max(0, end - start)));
  for (let at = start; at < end;) {
    const piece = scratch.subarray(0, Math.min(scratch.length, end - at));
    if (!(await file.fill(piece, at))) return undefined;
    const found = piece.indexOf(0x0a);
    if (found >= 0) return at + found;
    at += piece.length;
  }
  return undefined;
}
