import { TracecraftError } from "../errors.ts";
import type { Batch, Began, Cursor, Host, ReadOptions, Session } from "./harness.ts";
import { isOneValue } from "./json-values.ts";
import {
  compare,
  edgeBytes,
  extended,
  hashRange,
  lineEnd,
  logCursor,
  sha256,
  startOfLog,
} from "./log-cursor.ts";
import type { Edges, LogCursor } from "./log-cursor.ts";
import { openFirst, type PlainFile } from "./plain-file.ts";

const defaultBatchBytes = 512 * 1024;
const defaultLineBytes = 256 * 1024 * 1024;
/** A source that is rewritten this often while it is read is left for later. */
const maxRestarts = 5;

type Piece = Pick<Batch, "records" | "malformed" | "oversize"> & { readonly cursor: LogCursor };

/**
 * Reads a log, which grows at its end, up to its last line feed (design 3.3). Whatever else happened to it is seen:
 * shorter than the cursor, or other bytes before it, begins a generation that starts at 0. Reads what is there when it
 * starts and no more, so it ends even while the log grows. Holds one batch, or one long line, in memory.
 */
export async function* readLog(
  host: Host,
  session: Session,
  from: Cursor | undefined,
  options: ReadOptions = {},
): AsyncIterable<Batch> {
  const known = logCursor(from);
  let cursor = known ?? startOfLog(nextGeneration(from));
  let began: Began | undefined = known === undefined ? whyAnew(from) : undefined;
  const idle = { records: [], malformed: 0, oversize: 0 };
  const file = await openFirst(session.paths, host.temp, known?.packed);
  if (file === undefined || "unchanged" in file) {
    const end = file === undefined ? "vanished" : "caught_up";
    yield { ...idle, ...batch(cursor, began), end, pending: 0 };
    return;
  }
  try {
    for (let restarts = 0; ; restarts++) {
      if (restarts > maxRestarts) throw restless(file.path);
      const size = await file.size();
      const edges = await compare(file, size, cursor);
      if (typeof edges === "string") {
        began = edges;
        cursor = startOfLog(cursor.generation + 1);
        continue;
      }
      const pieces = newLines(file, size, cursor, edges, options);
      let piece = await pieces.next();
      for (; piece.done !== true; piece = await pieces.next()) {
        cursor = piece.value.cursor;
        const { records, malformed, oversize } = piece.value;
        yield { records, malformed, oversize, ...batch(cursor, began) };
        began = undefined;
      }
      if (piece.value === "changed") continue;
      if (file.packed !== undefined && piece.value === 0) cursor = { ...cursor, packed: file.packed };
      yield { ...idle, ...batch(cursor, began), end: "caught_up", pending: piece.value };
      return;
    }
  } finally {
    await file.close();
  }
}

function batch(cursor: LogCursor, began: Began | undefined) {
  return { generation: cursor.generation, cursor: { ...cursor }, ...(began !== undefined && { began }) };
}

/** Why a reader that cannot use this cursor starts anew. */
export function whyAnew(from: Cursor | undefined): Began {
  if (from === undefined) return "first";
  return from["kind"] === "log" || from["kind"] === "table" ? "replaced" : "cursor";
}

/** The generation after that of a cursor which cannot be used. */
export function nextGeneration(from: Cursor | undefined): number {
  const generation = from?.["generation"];
  return Number.isSafeInteger(generation) && (generation as number) > 0 ? (generation as number) + 1 : 1;
}

function restless(path: string): TracecraftError {
  return new TracecraftError(
    "unreachable",
    `Cannot read "${path}": it is rewritten faster than it can be read`,
    { details: { path } },
  );
}

/** The whole lines between the cursor and `size`, then how many bytes of an unfinished line are left. */
async function* newLines(
  file: PlainFile,
  size: number,
  from: LogCursor,
  edges: Edges,
  options: ReadOptions,
): AsyncGenerator<Piece, number | "changed"> {
  const batchBytes = options.batchBytes ?? defaultBatchBytes;
  let cursor = from;
  if (from.open === true && from.offset < size) {
    const line = await closed(file, from, edges);
    if (line === undefined) return "changed";
    ({ edges, cursor } = line);
    yield line;
  }
  while (cursor.offset < size) {
    const chunk = Buffer.allocUnsafe(Math.min(batchBytes, size - cursor.offset));
    if (!(await file.fill(chunk, cursor.offset))) return "changed";
    const end = chunk.lastIndexOf(0x0a) + 1;
    let piece: Piece | undefined;
    if (end > 0) {
      edges = extended(edges, chunk.subarray(0, end));
      piece = split(chunk.subarray(0, end), cursor, edges);
    } else {
      const lf = await lineEnd(file, cursor.offset + chunk.length, size);
      if (lf === undefined && options.ended !== true) return size - cursor.offset;
      const line = await longLine(file, cursor, edges, lf ?? size, lf === undefined, options);
      if (line !== undefined) ({ edges, ...piece } = line);
    }
    // A log that was rewritten while it was read may have given half of one line and half of another; and one that grew
    // meanwhile goes on behind what was taken for its last line.
    const sizeNow = await file.size();
    if (piece === undefined || typeof (await compare(file, sizeNow, cursor)) === "string") return "changed";
    if (piece.cursor.open === true && sizeNow !== size) return "changed";
    cursor = piece.cursor;
    yield piece;
  }
  return 0;
}

/** The position after the LF that has come to a line which had none. Undefined when the file became shorter. */
async function closed(file: PlainFile, { open: _open, ...from }: LogCursor, before: Edges) {
  const [offset, lastBytes] = [from.offset + 1, from.lastBytes + 1];
  const last = await hashRange(file, offset - lastBytes, offset);
  if (last === undefined) return undefined;
  const edges = extended(before, Buffer.from("\n"));
  const cursor: LogCursor = { ...from, offset, ...hashesOf(edges), last, lastBytes };
  return { records: [], malformed: 0, oversize: 0, cursor, edges };
}

function hashesOf({ head, tail }: Edges): Pick<LogCursor, "head" | "tail"> {
  return { head: sha256(head), tail: sha256(tail) };
}

function split(lines: Buffer, from: LogCursor, edges: Edges): Piece {
  const records: Buffer[] = [];
  let malformed = 0;
  let lastStart = 0;
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(0x0a, at);
    const record = lines.subarray(at, end);
    if (!isOneValue(record)) malformed++;
    records.push(record);
    lastStart = at;
    at = end + 1;
  }
  const last = lines.subarray(lastStart);
  return {
    records,
    malformed,
    oversize: 0,
    cursor: after(from, lines.length, edges, sha256(last), last.length),
  };
}

/** A line that does not fit a batch, or has no LF yet, as a piece by itself. Undefined when the file became shorter. */
async function longLine(
  file: PlainFile,
  from: LogCursor,
  before: Edges,
  end: number,
  open: boolean,
  options: ReadOptions,
): Promise<(Piece & { readonly edges: Edges }) | undefined> {
  const bytes = end - from.offset;
  const taken = open ? bytes : bytes + 1;
  const oversize = bytes > (options.maxLineBytes ?? defaultLineBytes);
  const line = Buffer.allocUnsafe(oversize ? Math.min(taken, edgeBytes) : taken);
  if (!(await file.fill(line, from.offset))) return undefined;
  const ending = Buffer.allocUnsafe(oversize ? Math.min(taken, edgeBytes) : 0);
  if (!(await file.fill(ending, from.offset + taken - ending.length))) return undefined;
  const last = oversize ? await hashRange(file, from.offset, from.offset + taken) : sha256(line);
  const hash = oversize ? await hashRange(file, from.offset, end) : last;
  if (last === undefined || hash === undefined) return undefined;
  const begun = extended(before, line);
  const edges = oversize ? { head: begun.head, tail: extended(before, ending).tail } : begun;
  const cursor = { ...after(from, taken, edges, last, taken), ...(open && { open }) };
  const record = oversize ? tooLong(bytes, hash) : line.subarray(0, bytes);
  return {
    records: [record],
    malformed: isOneValue(record) ? 0 : 1,
    oversize: oversize ? 1 : 0,
    cursor,
    edges,
  };
}

/** The record that stands for a line over the limit. */
export function tooLong(bytes: number, hash: string): Buffer {
  return Buffer.from(JSON.stringify({ tracecraft: "line_too_long", bytes, sha256: hash }));
}

function after(
  { open: _open, packed: _packed, ...from }: LogCursor,
  taken: number,
  edges: Edges,
  last: string,
  lastBytes: number,
): LogCursor {
  return { ...from, offset: from.offset + taken, ...hashesOf(edges), last, lastBytes };
}
