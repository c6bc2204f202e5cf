import { createHash } from "node:crypto";
import { TracecraftError } from "../errors.ts";
import { packed, shortHash, unpackedBlocks, type Block } from "./blocks.ts";
import type { Batch, Began, Cursor, Host, ReadOptions } from "./harness.ts";
import { comparing, type Operation } from "./row-changes.ts";
import { nextGeneration, tooLong, whyAnew } from "./jsonl.ts";
import type { Values } from "./rows.ts";
import { databaseReader, type DatabaseReader } from "./sqlite.ts";
import type { Database } from "./sqlite-run.ts";

/** How an adapter finds the rows of one session in a database. Each member runs inside one short transaction. */
export interface TableSource {
  readonly path: string;
  /** As it is named in the operations. */
  readonly table: string;
  /** The table and id that the operation `session` names. */
  readonly of: { readonly table: string; readonly id: string };
  /** Columns that are updated in place often: a change of these alone is told without the rest of the row. */
  readonly state: readonly string[];
  /** What the database says of the session as a whole; undefined when it does not have it (any more). */
  session(db: Database): Values | undefined;
  /** At most `limit` rows with a greater id, ascending. */
  rows(db: Database, after: number, limit: number): { readonly id: number; readonly data: Values }[];
  /** A number that never goes back in one database: if it does, this is another one. */
  mark?(db: Database): number;
  /** The row as it is to be told, where that is more than what is stored. */
  told?(data: Values): Promise<Values>;
}

interface TableCursor {
  readonly generation: number;
  readonly last: number;
  readonly blocks: readonly Block[];
  readonly session: Readonly<Record<string, string>>;
  readonly mark: number;
  readonly gate: string | undefined;
}

const defaultBatchBytes = 512 * 1024;
const defaultLineBytes = 256 * 1024 * 1024;
/** One transaction reads no more rows than this, so that it holds up nobody's checkpoint. */
const pageRows = 128;

/**
 * Reads rows that are inserted, updated in place and deleted, as operations of one JSON line each:
 * `{"op":"row"|"row_update"|"row_delete"|"session","table","id","data"}`. The reader of a mirror folds them by id; the
 * `id` of a `row_delete` may be a range `[from, to]`, followed by the rows that are left in it. Every page is one
 * state of the database; what is committed between two pages may be told half now and half by the next read.
 */
export async function* readTable(
  host: Host,
  source: TableSource,
  from: Cursor | undefined,
  options: ReadOptions = {},
): AsyncIterable<Batch> {
  const reader = databaseReader(host, source.path);
  try {
    yield* operations(reader, source, from, options);
  } finally {
    await reader.close();
  }
}

async function* operations(
  reader: DatabaseReader,
  source: TableSource,
  from: Cursor | undefined,
  options: ReadOptions,
): AsyncIterable<Batch> {
  let known = tableCursor(from);
  let began: Began | undefined = known === undefined ? whyAnew(from) : undefined;
  known ??= startOfTable(nextGeneration(from));
  const now = await standing(reader, source, known);
  const idle = { records: [], malformed: 0, oversize: 0 };
  if (now === "unchanged" || now === "vanished") {
    const end = now === "unchanged" ? "caught_up" : "vanished";
    yield { ...idle, ...batch(known, began), end, pending: 0 };
    return;
  }
  if (now.mark < known.mark) {
    began = "replaced";
    known = startOfTable(known.generation + 1);
  }
  const out = pending(options);
  const session = Object.fromEntries(
    Object.entries(now.data).map(([name, value]) => [name, shortHash(value)]),
  );
  const changed = Object.entries(now.data).filter(([name]) => session[name] !== known?.session[name]);
  if (changed.length > 0) {
    out.add({ op: "session", table: source.of.table, id: source.of.id, data: Object.fromEntries(changed) });
  }
  let cursor: TableCursor = { ...known, session, mark: now.mark, gate: undefined };
  const fold = comparing(source.table, source.state, cursor);
  for (let after = -1, more = true; more;) {
    const rows = await reader.read((db) => source.rows(db, after, pageRows));
    more = rows.length === pageRows;
    for (const row of rows) {
      if (!Number.isSafeInteger(row.id) || row.id <= after) throw strangeId(source, row.id);
      after = row.id;
      for (const operation of fold.next(row)) out.add(await told(source, operation));
      if (out.full()) {
        cursor = { ...cursor, ...fold.seen() };
        yield { ...out.take(), ...batch(cursor, began) };
        began = undefined;
      }
    }
  }
  for (const operation of fold.end()) out.add(await told(source, operation));
  cursor = { ...cursor, ...fold.seen(), gate: now.gate };
  yield { ...out.take(), ...batch(cursor, began), end: "caught_up", pending: 0 };
}

async function standing(reader: DatabaseReader, source: TableSource, known: TableCursor) {
  try {
    const gate = await reader.gate();
    if (gate !== undefined && gate === known.gate) return "unchanged";
    const found = await reader.read((db) => ({ data: source.session(db), mark: source.mark?.(db) ?? 0 }));
    return found.data === undefined ? "vanished" : { data: found.data, mark: found.mark, gate };
  } catch (error) {
    if (error instanceof TracecraftError && error.code === "not_found") return "vanished";
    throw error;
  }
}

async function told(source: TableSource, operation: Operation): Promise<Operation> {
  if (source.told === undefined || operation.data === undefined) return operation;
  return { ...operation, data: await source.told(operation.data) };
}

/** Operations as records, until there are enough for a batch. */
function pending(options: ReadOptions) {
  let records: Buffer[] = [];
  let bytes = 0;
  let oversize = 0;
  return {
    add(operation: Operation): void {
      const line = Buffer.from(JSON.stringify(operation));
      const long = line.length > (options.maxLineBytes ?? defaultLineBytes);
      const record = long ? tooLong(line.length, createHash("sha256").update(line).digest("hex")) : line;
      records.push(record);
      bytes += record.length;
      if (long) oversize++;
    },
    full: () => bytes >= (options.batchBytes ?? defaultBatchBytes),
    take() {
      const taken = { records, malformed: 0, oversize };
      [records, bytes, oversize] = [[], 0, 0];
      return taken;
    },
  };
}

function batch(cursor: TableCursor, began: Began | undefined) {
  const { generation, last, session, mark, gate } = cursor;
  const saved = { kind: "table", generation, last, blocks: packed(cursor.blocks), session, mark };
  return {
    generation,
    cursor: { ...saved, ...(gate !== undefined && { gate }) },
    ...(began !== undefined && { began }),
  };
}

function startOfTable(generation: number): TableCursor {
  return { generation, last: -1, blocks: [], session: {}, mark: 0, gate: undefined };
}

function tableCursor(cursor: Cursor | undefined): TableCursor | undefined {
  if (cursor === undefined || cursor["kind"] !== "table") return undefined;
  const { generation, last, session, mark, gate } = cursor as Record<string, unknown>;
  const blocks = typeof cursor["blocks"] === "string" ? unpackedBlocks(cursor["blocks"]) : undefined;
  if (blocks === undefined || !isNumber(generation) || generation < 1 || !isNumber(last) || !isNumber(mark))
    return undefined;
  if (typeof session !== "object" || session === null || (blocks.at(-1)?.first ?? -1) > last)
    return undefined;
  const hashes = session as Record<string, string>;
  return {
    generation,
    last,
    blocks,
    session: hashes,
    mark,
    gate: typeof gate === "string" ? gate : undefined,
  };
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function strangeId(source: TableSource, id: number): TracecraftError {
  return new TracecraftError(
    "malformed",
    `Cannot read "${source.path}": row ${id} of ${source.table} is out of order`,
    { details: { path: source.path } },
  );
}
