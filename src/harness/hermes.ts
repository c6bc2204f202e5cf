import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { textOr, type Fields } from "./events.ts";
import { about, collector, foldersIn, namesOf, sessionId, type Names } from "./folders.ts";
import type { Harness, Host, Session } from "./harness.ts";
import { hermesEvents } from "./hermes-rows.ts";
import { columnsOf, selection, valuesIn } from "./rows.ts";
import { databaseReader } from "./sqlite.ts";
import type { Database } from "./sqlite-run.ts";
import { readTable, type TableSource } from "./table.ts";

// $HERMES_HOME/state.db, and profiles/<name>/state.db for each profile. Rows are updated in place, deleted and
// inserted again under new ids. Checked against schema 30: test/fixtures/hermes/README.md.

export const hermes: Harness = {
  name: "hermes",

  async sessions(host, cwd) {
    const found = collector();
    const names = cwd === undefined ? undefined : await namesOf(cwd);
    await found.from(async () => {
      for (const folder of [home(host), ...(await foldersIn(join(home(host), "profiles")))]) {
        const path = join(folder, "state.db");
        if (await otherBackend(host, folder)) found.warnings.push(silent);
        if ((await about(path)) !== undefined)
          await found.from(() => sessionsIn(host, path, names, found.warnings));
      }
      return [];
    });
    return found.found();
  },

  read(host, session, cursor, options) {
    return readTable(host, messagesOf(session), cursor, options);
  },

  events: hermesEvents,

  place: () => undefined, // A database is never written.
};

const silent = "hermes: state.db is silent, its backend is postgres; nothing was read";

function home(host: Host): string {
  if (host.env["HERMES_HOME"]) return host.env["HERMES_HOME"];
  const local = host.env["LOCALAPPDATA"];
  return host.platform === "win32" && local ? join(local, "hermes") : join(host.home, ".hermes");
}

/** Whether its configuration says that the sessions are kept in another database; read for that line alone. */
async function otherBackend(host: Host, folder: string): Promise<boolean> {
  if (host.env["HERMES_DATABASE_URL"]) return true;
  const text = await readFile(join(folder, "config.yaml"), "utf8").catch(() => "");
  return /^database:\s*(?:#.*)?\n(?:[ \t]+.*\n|[ \t]*\n)*?[ \t]+backend:\s*["']?postgres/m.test(text);
}

function passedOver(count: number, path: string): string {
  const sessions = count === 1 ? "1 session" : `${count} sessions`;
  return `hermes: ${sessions} without a folder in ${path} passed over: --everywhere or --session-id takes such`;
}

async function sessionsIn(
  host: Host,
  path: string,
  names: Names | undefined,
  warnings: string[],
): Promise<Session[]> {
  const reader = databaseReader(host, path);
  try {
    const rows = await reader.read((db) => {
      const wanted = [
        "id",
        "cwd",
        "parent_session_id",
        "title",
        "started_at",
        "ended_at",
        "last_activity_at",
      ];
      const has = columnsOf(db, "sessions").filter((name) => wanted.includes(name));
      return db.all(selection(has), "FROM sessions").map((row) => valuesIn(row, has));
    });
    const folder = dirname(path);
    const profile = basename(dirname(folder)) === "profiles" ? [basename(folder)] : [];
    const all = rows.map((row) => sessionOf(row, path, profile));
    if (names === undefined) return all;
    // Those of a gateway have no folder, and in databases of older versions none has one: they may be private chats.
    const nameless = all.filter(({ cwd }) => cwd === undefined).length;
    if (nameless > 0) warnings.push(passedOver(nameless, path));
    return all.filter(({ cwd }) => cwd !== undefined && names.has(cwd));
  } finally {
    await reader.close();
  }
}

function sessionOf(row: Fields, path: string, profile: readonly string[]): Session {
  const key = textOr(row["id"], "");
  const [cwd, title, parent] = [row["cwd"], row["title"], row["parent_session_id"]].map((value) =>
    textOr(value, ""),
  );
  const times = [row["last_activity_at"], row["ended_at"], row["started_at"]];
  const at = times.find((time) => typeof time === "number");
  return {
    id: sessionId(...profile, key),
    key,
    paths: [path],
    ended: typeof row["ended_at"] === "number",
    ...(typeof at === "number" && { activeAt: at * 1000 }),
    ...(cwd !== "" && cwd !== undefined && { cwd }),
    ...(title !== "" && title !== undefined && { title }),
    ...(parent !== "" && parent !== undefined && { parent: sessionId(...profile, parent) }),
  };
}

function messagesOf(session: Session): TableSource {
  const key = session.key ?? session.id;
  return {
    path: session.paths[0] ?? "",
    table: "messages",
    of: { table: "sessions", id: key },
    state: ["active", "compacted"],

    session(db) {
      const columns = columnsOf(db, "sessions");
      const row = db.all(selection(columns), "FROM sessions WHERE id = ?", key)[0];
      return row === undefined ? undefined : valuesIn(row, columns);
    },

    rows(db, after, limit) {
      const columns = columnsOf(db, "messages");
      const rest = "FROM messages WHERE session_id = ? AND id > ? ORDER BY id LIMIT ?";
      return db.all(selection(columns), rest, key, after, limit).map((row) => {
        const data = valuesIn(row, columns);
        return { id: Number(data["id"]), data };
      });
    },

    mark: lastIdEver,
  };
}

/** The greatest id that was ever given. It goes back only when the database was replaced, by a backup for example. */
function lastIdEver(db: Database): number {
  if (columnsOf(db, "sqlite_sequence").length === 0) return 0;
  return Number(db.all({ seq: "seq" }, "FROM sqlite_sequence WHERE name = 'messages'")[0]?.["seq"] ?? 0);
}
