import { fieldsOf, textOr, type Fields } from "./events.ts";
import { sessionId } from "./folders.ts";
import type { Host, Session } from "./harness.ts";
import { valuesOf } from "./json-values.ts";
import { columnsOf, selection, valuesIn, type Values } from "./rows.ts";
import { databaseReader } from "./sqlite.ts";
import type { Database } from "./sqlite-run.ts";
import type { TableSource } from "./table.ts";
import { unpackedBytes } from "./zstd.ts";

// The same file holds provider credentials and memories. Only the tables named here are ever selected from.
const events = "transcript_events";
const windows = ["session_windows", "sessions"]; // The second is the name in the first betas.
const nodes = ["session_nodes", "session_entries"];
const windowColumns =
  `session_id session_key previous_session_id reason created_at updated_at transcript_updated_at
  started_at ended_at status channel model_provider model`.split(/\s+/);

/** A session's id for a key: OpenClaw's own is unique in one agent only. */
export function idIn(agent: string, session: string): string {
  return agent === "main" ? sessionId(session) : sessionId(agent, session);
}

/** The sessions in an agent's store. Versions before 2026.7.2 have the file without transcripts: then there is none. */
export async function sessionsInStore(host: Host, path: string, agent: string): Promise<Session[]> {
  const reader = databaseReader(host, path);
  try {
    const rows = await reader.read((db) => {
      const table = first(db, windows, "session_id");
      if (table === undefined || columnsOf(db, events).length === 0) return [];
      const has = columnsOf(db, table).filter((name) => windowColumns.includes(name));
      const starters = startersOf(db);
      return db.all(selection(has), `FROM ${table}`).map((row) => {
        const window = valuesIn(row, has);
        const key = textOr(window["session_key"], "");
        return { window, header: headerOf(db, textOr(window["session_id"], "")), node: starters.get(key) };
      });
    });
    return rows.map(({ window, header, node }) => sessionOf(path, agent, window, header, node));
  } finally {
    await reader.close();
  }
}

function first(db: Database, names: readonly string[], column: string): string | undefined {
  return names.find((name) => columnsOf(db, name).includes(column));
}

/** By session key: the label, and the current session of whoever spawned it. */
function startersOf(db: Database): Map<string, Fields> {
  const table = first(db, nodes, "current_session_id");
  if (table === undefined) return new Map();
  const wanted = [
    "session_key",
    "current_session_id",
    "parent_session_key",
    "spawned_by",
    "label",
    "display_name",
  ];
  const has = columnsOf(db, table).filter((name) => wanted.includes(name));
  const rows = db.all(selection(has), `FROM ${table}`).map((row) => valuesIn(row, has));
  const current = new Map(rows.map((row) => [row["session_key"], row["current_session_id"]]));
  return new Map(
    rows.map((row) => {
      const starter = current.get(row["spawned_by"] ?? row["parent_session_key"]);
      return [textOr(row["session_key"], ""), { title: row["display_name"] ?? row["label"], starter }];
    }),
  );
}

/** The first entry of a session: its header, which has the cwd. */
function headerOf(db: Database, session: string): Fields {
  const rest = `FROM ${events} WHERE session_id = ? ORDER BY seq LIMIT 1`;
  const json = db.all({ json: "CAST(event_json AS BLOB)" }, rest, session)[0]?.["json"];
  return json instanceof Uint8Array ? fieldsOf(valuesOf(json)?.[0]) : {};
}

function sessionOf(
  path: string,
  agent: string,
  window: Values,
  header: Fields,
  node: Fields | undefined,
): Session {
  const key = textOr(window["session_id"], "");
  const at = window["transcript_updated_at"] ?? window["updated_at"];
  const title = textOr(node?.["title"], undefined);
  const starter = textOr(node?.["starter"], undefined);
  const cwd = textOr(header["cwd"], undefined);
  return {
    id: idIn(agent, key),
    key,
    paths: [path],
    ended: typeof window["ended_at"] === "number",
    ...(typeof at === "number" && { activeAt: at }),
    ...(cwd !== undefined && { cwd }),
    ...(title !== undefined && { title }),
    ...(starter !== undefined && starter !== key && { parent: idIn(agent, starter) }),
  };
}

/** The rows of one session: its tail is replaced with the same numbers, so every row is compared, not only counted. */
export function transcriptOf(session: Session): TableSource {
  const key = session.key ?? session.id;
  return {
    path: session.paths[0] ?? "",
    table: events,
    of: { table: "session_windows", id: key },
    state: [],

    session(db) {
      const table = first(db, windows, "session_id");
      const has =
        table === undefined ? [] : columnsOf(db, table).filter((name) => windowColumns.includes(name));
      const row =
        has.length === 0 ? undefined : db.all(selection(has), `FROM ${table} WHERE session_id = ?`, key)[0];
      return row === undefined ? undefined : valuesIn(row, has);
    },

    rows(db, after, limit) {
      const columns = columnsOf(db, events).filter((name) => name !== "session_id");
      const rest = `FROM ${events} WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?`;
      return db.all(selection(columns), rest, key, after, limit).map((row) => {
        const data = valuesIn(row, columns);
        return { id: Number(data["seq"]), data };
      });
    },

    told: unzipped,
  };
}

/** Old rows are compressed in place from 2026.9.6 on: told as they were before. */
async function unzipped(data: Values): Promise<Values> {
  const { event_zstd: zipped, event_utf8_bytes: _bytes, ...rest } = data as Record<string, unknown>;
  const blob = fieldsOf(zipped)["$blob"];
  if (typeof blob !== "string") return rest;
  try {
    const bytes = await unpackedBytes(Buffer.from(blob, "base64"));
    return { ...rest, event_json: Buffer.from(bytes).toString("utf8") };
  } catch {
    return data; // Kept as it is: what cannot be unpacked here may be elsewhere.
  }
}
