import { TracecraftError } from "../errors.ts";
import type { Database, Row } from "./sqlite-run.ts";

/** A row as JSON data, by column. What JSON cannot say is an object with one key that starts with "$". */
export type Values = Readonly<Record<string, unknown>>;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The columns that a table has; none when there is no such table. Schemas grow: whatever exists is read. */
export function columnsOf(db: Database, table: string): string[] {
  const encoding = bytesOf(
    db.all({ encoding: "CAST(encoding AS BLOB)" }, "FROM pragma_encoding")[0]?.["encoding"],
  ).toString();
  if (encoding !== "UTF-8") {
    throw new TracecraftError(
      "malformed",
      `Cannot read table "${table}": its text is ${encoding}, not UTF-8`,
    );
  }
  const rows = db.all({ name: "CAST(name AS BLOB)" }, "FROM pragma_table_info(?)", table);
  return rows.map((row) => bytesOf(row["name"]).toString());
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * What to select so that `valuesIn` gets every value whole. Several SQLite readers for Node cut TEXT at a NUL byte
 * and replace what is no UTF-8, so text is fetched as bytes with its type beside it.
 */
export function selection(columns: readonly string[]): Record<string, string> {
  const pairs = columns.map(quoted).flatMap((column, n) => [
    [`t${n}`, `CAST(typeof(${column}) AS BLOB)`],
    [`v${n}`, `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) ELSE ${column} END`],
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** The values of a row that was selected with `selection` of these columns. */
export function valuesIn(row: Row, columns: readonly string[]): Values {
  return Object.fromEntries(
    columns.map((name, n) => [name, value(bytesOf(row[`t${n}`]).toString(), row[`v${n}`])]),
  );
}

function value(type: string, stored: unknown): unknown {
  if (type === "text") return text(bytesOf(stored));
  if (type === "blob") return { $blob: bytesOf(stored).toString("base64") };
  if (type === "integer") return integer(stored as bigint);
  if (type === "real") return Number.isFinite(stored) ? stored : { $real: String(stored) };
  return null;
}

function text(bytes: Buffer): unknown {
  try {
    return strict.decode(bytes);
  } catch {
    return { $text: bytes.toString("base64") };
  }
}

function integer(stored: bigint): unknown {
  const number = Number(stored);
  return Number.isSafeInteger(number) ? number : { $integer: stored.toString() };
}

/** The bytes of a BLOB. */
export function bytesOf(stored: unknown): Buffer {
  return stored instanceof Uint8Array
    ? Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
    : Buffer.alloc(0);
}
