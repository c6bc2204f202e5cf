import { createRequire } from "node:module";
import { TracecraftError } from "../errors.ts";

/** A row by the names given. Integers are bigint, BLOBs bytes. TEXT must be asked for as `CAST(… AS BLOB)`. */
export type Row = Readonly<Record<string, unknown>>;

/** A database inside one short read transaction. */
export interface Database {
  /** The rows of `SELECT <expressions> <rest>`, with `values` for the `?` in `rest`, in that order. */
  all(select: Readonly<Record<string, string>>, rest: string, ...values: readonly (string | number)[]): Row[];
}

interface Connection {
  exec(sql: string): void;
  function(name: string, options: object, told: (...values: readonly unknown[]) => null): void;
  close(): void;
}
type Driver = new (path: string, options: { readOnly: boolean }) => Connection;

const busyMs = 2000;
/** SQLite takes 127 arguments; a row with more columns is told in pieces. */
const maxArguments = 100;
const load = createRequire(import.meta.url);

function driver(): Driver {
  for (const name of ["node:sqlite", "@photostructure/sqlite"]) {
    try {
      const { DatabaseSync } = load(name) as { DatabaseSync: Driver };
      if (typeof DatabaseSync.prototype.function === "function") return DatabaseSync; // Node 22.13 and later.
    } catch {
      continue;
    }
  }
  throw new TracecraftError("config", "Cannot read SQLite databases: this Node has no reader for them", {
    hint: "npm install --global @photostructure/sqlite@1",
  });
}

/** Opens a database for reading, runs `use` in one transaction, and closes it: no descriptor stays behind. */
export function run<T>(location: string, use: (db: Database) => T): T {
  const connection = new (driver())(location, { readOnly: true });
  let rows: unknown[][] = [];
  try {
    connection.function(
      "told",
      { varargs: true, useBigIntArguments: true, directOnly: true },
      (first, ...values) => {
        if (first === 1n) rows.push([]);
        rows.at(-1)?.push(...values);
        return null;
      },
    );
    connection.exec(
      `PRAGMA busy_timeout=${busyMs}; PRAGMA query_only=1; PRAGMA trusted_schema=0; PRAGMA temp_store=MEMORY; BEGIN`,
    );
    const answer = use({
      all(select, rest, ...values) {
        rows = [];
        connection.exec(telling(Object.values(select), rest, values));
        const names = Object.keys(select);
        return rows.map((row) => Object.fromEntries(names.map((name, n) => [name, row[n]])));
      },
    });
    connection.exec("COMMIT");
    return answer;
  } finally {
    connection.close();
  }
}

/**
 * A statement that hands each row to the function `told`. A prepared statement would be the usual way, but the reader
 * for Node 20 cannot let one go: the connection then stays open behind `close` until memory is collected, and the
 * owner's own last close leaves -wal and -shm behind.
 */
function telling(expressions: readonly string[], rest: string, values: readonly (string | number)[]): string {
  const literals = values.map((value) =>
    typeof value === "number"
      ? String(value)
      : `CAST(x'${Buffer.from(value, "utf8").toString("hex")}' AS TEXT)`,
  );
  const columns = expressions.map((_, n) => `c${n}`);
  const filled = rest.replaceAll("?", () => literals.shift() ?? "NULL");
  const page = `SELECT ${expressions.map((expression, n) => `${expression} AS c${n}`).join(", ")} ${filled}`;
  const calls: string[] = [];
  for (let at = 0; at < columns.length; at += maxArguments) {
    calls.push(`told(${[at === 0 ? 1 : 0, ...columns.slice(at, at + maxArguments)].join(", ")})`);
  }
  return `WITH page AS MATERIALIZED (${page}) SELECT ${calls.join(", ")} FROM page`;
}
