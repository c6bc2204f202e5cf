import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cursor, Session } from "../src/harness/harness.ts";
import { hermes } from "../src/harness/hermes.ts";
import { harnessContract } from "./harness-contract.ts";
import { fixturePath, openWriter, readAll, runSql, testHost, type TestHost } from "./harness-home.ts";

harnessContract(hermes);

const id = "20260915_090000_a1b2c3";
const database = (host: TestHost) => join(host.home, ".hermes/state.db");
const there = (host: TestHost): Session => ({ id, key: id, paths: [database(host)] });
type Line = { op: string; table: string; id: number | [number, number]; data?: Record<string, unknown> };
const lines = (records: readonly string[]) => records.map((record) => JSON.parse(record) as Line);
const brief = (records: readonly string[]) => lines(records).map((line) => [line.op, line.id]);

/** The rows of the table as a reader of the mirror would have them. */
function fold(rows: Map<number, Record<string, unknown>>, records: readonly string[]): void {
  for (const { op, id: at, data } of lines(records)) {
    const [from, to] = typeof at === "number" ? [at, at] : at;
    if (op === "row" && typeof at === "number") rows.set(at, data ?? {});
    if (op === "row_update" && typeof at === "number") rows.set(at, { ...rows.get(at), ...data });
    if (op === "row_delete") for (const key of rows.keys()) if (key >= from && key <= to) rows.delete(key);
  }
}

describe("hermes tells what becomes of rows", () => {
  it("5.6.18: undo, compaction with copies, deletion and the session's own row", async () => {
    const host = testHost("hermes");
    const first = await readAll(hermes, host, there(host));
    expect(brief(first.records)).toEqual([["session", id], ...[1, 2, 3, 4, 5, 6].map((row) => ["row", row])]);

    runSql(database(host), readFileSync(fixturePath("hermes/undo.sql"), "utf8"));
    const undone = await readAll(hermes, host, there(host), first.last.cursor);
    expect(undone.records.map((line) => JSON.parse(line) as unknown)).toEqual([
      { op: "session", table: "sessions", id, data: { rewind_count: 1 } },
      { op: "row_update", table: "messages", id: 5, data: { active: 0, compacted: 0 } },
      { op: "row_update", table: "messages", id: 6, data: { active: 0, compacted: 0 } },
    ]);

    runSql(database(host), readFileSync(fixturePath("hermes/compact.sql"), "utf8"));
    const compacted = await readAll(hermes, host, there(host), undone.last.cursor);
    expect(brief(compacted.records)).toEqual([
      ...[1, 2, 3, 4].map((row) => ["row_update", row]),
      ["row", 8],
      ["row", 9],
    ]);
    const memory = new Map();
    const events = [...first.records, ...undone.records, ...compacted.records].flatMap((line) =>
      hermes.events(Buffer.from(line, "latin1"), memory),
    );
    expect(events.filter(({ type }) => type === "compaction")).toHaveLength(1);
    expect(events.filter((event) => event.type === "note" && event.what === "copied")).toHaveLength(1);

    runSql(
      database(host),
      `DELETE FROM messages WHERE id IN (5, 6); UPDATE messages SET content = 'new' WHERE id = 4`,
    );
    const deleted = await readAll(hermes, host, there(host), compacted.last.cursor);
    expect(brief(deleted.records)).toEqual([
      ["row_update", 4],
      ["row_delete", 5],
      ["row_delete", 6],
    ]);
  });

  it("5.6.19: content behind a NUL byte, invalid UTF-8, surrogates and great integers come whole", async () => {
    const host = testHost("hermes");
    const { records } = await readAll(hermes, host, there(host));
    expect(lines(records)[1]?.data?.["content"]).toMatch(/^\0json:\[\{"type":"text","text":"What is wrong/);
    expect(hermes.events(Buffer.from(records[1] ?? "", "latin1"), new Map())).toMatchObject([
      { type: "prompt", text: "What is wrong in this screenshot?", images: 1 },
    ]);
    runSql(
      database(host),
      `INSERT INTO messages(session_id, role, content, timestamp, tool_name, token_count, display_identity) VALUES
       ('${id}', 'user', CAST(x'61ff62' AS TEXT), 9e999, CAST(x'EDA080' AS TEXT), 9007199254740993, x'0001ff');`,
    );
    const more = await readAll(hermes, host, there(host));
    expect(lines(more.records).at(-1)?.data).toMatchObject({
      content: { $text: "Yf9i" },
      timestamp: { $real: "Infinity" },
      tool_name: { $text: "7aCA" },
      token_count: { $integer: "9007199254740993" },
      display_identity: { $blob: "AAH/" },
    });
  });

  it("5.6.20: a backup put in its place begins a generation, and ids that come again are told", async () => {
    const host = testHost("hermes");
    copyFileSync(database(host), `${database(host)}.backup`);
    runSql(
      database(host),
      `INSERT INTO messages(session_id, role, content, timestamp) VALUES ('${id}', 'user', 'lost', 1789462840)`,
    );
    const first = await readAll(hermes, host, there(host));
    copyFileSync(`${database(host)}.backup`, database(host));
    const restored = await readAll(hermes, host, there(host), first.last.cursor);
    expect(restored.batches[0]).toMatchObject({ began: "replaced", generation: 2 });
    expect(brief(restored.records)).toEqual([
      ["session", id],
      ...[1, 2, 3, 4, 5, 6].map((row) => ["row", row]),
    ]);
    runSql(
      database(host),
      `INSERT INTO messages(session_id, role, content, timestamp) VALUES ('${id}', 'user', 'again', 1789462841)`,
    );
    const again = await readAll(hermes, host, there(host), restored.last.cursor);
    expect(brief(again.records)).toEqual([["row", 8]]);
  });

  it("VACUUM and a change of inode are no change", async () => {
    const host = testHost("hermes");
    const first = await readAll(hermes, host, there(host));
    runSql(database(host), `VACUUM INTO '${database(host)}.new'`);
    rmSync(database(host));
    copyFileSync(`${database(host)}.new`, database(host));
    const again = await readAll(hermes, host, there(host), first.last.cursor);
    expect(again.last).toMatchObject({ records: [], generation: 1 });
  });

  it("nothing is read when nothing was committed", async () => {
    const host = testHost("hermes");
    const first = await readAll(hermes, host, there(host));
    expect(first.last.cursor).toHaveProperty("gate");
    const inode = statSync(database(host)).ino;
    truncateSync(database(host), statSync(database(host)).size); // The same bytes, another time.
    expect(statSync(database(host)).ino).toBe(inode);
    const again = await readAll(hermes, host, there(host), first.last.cursor);
    expect(again.last.cursor["gate"]).not.toBe(first.last.cursor["gate"]);
    const soon = { ...host, now: () => Date.now() };
    expect((await readAll(hermes, soon, there(host))).last.cursor).not.toHaveProperty("gate");
  });

  it("any history of inserts, updates and deletes folds to the table, from any cut", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("insert" as const), n: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ do: fc.constant("flag" as const), n: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ do: fc.constant("edit" as const), n: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ do: fc.constant("delete" as const), n: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ do: fc.constant("read" as const), n: fc.integer({ min: 1, max: 3 }) }),
    );
    const sql = {
      flag: "UPDATE messages SET active = 1 - active WHERE id =",
      edit: "UPDATE messages SET content = content || '!' WHERE id =",
      delete: "DELETE FROM messages WHERE id =",
    };
    const runs = process.env["TRACECRAFT_FULL"] === undefined ? 12 : 300;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const host = testHost("hermes");
        const db = openWriter(database(host));
        const rows = new Map<number, Record<string, unknown>>();
        let cursor: Cursor | undefined;
        for (const { do: action, n } of [...steps, { do: "read" as const, n: 1 }]) {
          if (action === "insert") {
            for (let i = 0; i < n; i++)
              db.exec(
                `INSERT INTO messages(session_id, role, content, timestamp) VALUES ('${id}', 'user', 'text ${i}', ${i})`,
              );
          } else if (action === "read") {
            let taken = 0; // A mirror that is killed after some batches goes on from the last that it committed.
            for await (const batch of hermes.read(host, there(host), cursor, { batchBytes: 4000 })) {
              fold(
                rows,
                batch.records.map((record) => Buffer.from(record).toString()),
              );
              cursor = batch.cursor;
              if (n === 3 && ++taken === 2) break;
            }
          } else {
            db.exec(`${sql[action]} ${n}`);
          }
        }
        const stored = db
          .prepare(`SELECT id, content, active FROM messages WHERE session_id = ? AND id > 1 ORDER BY id`)
          .all(id);
        db.close();
        const folded = [...rows.values()].map(({ id: key, content, active }) => ({
          id: key,
          content,
          active,
        }));
        expect(folded.filter((row) => row.id !== 1).toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual(
          stored.map((row) => ({ ...(row as object) })),
        );
      }),
      { numRuns: runs },
    );
  });

  it(
    "9,000 rows fit a cursor of 64 KiB, and a change in any of them is told",
    { timeout: 60_000 },
    async () => {
      const host = testHost("hermes");
      const db = openWriter(database(host));
      db.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
       INSERT INTO messages(session_id, role, content, timestamp) SELECT '${id}', 'user', 'text ' || i, i FROM n`,
      );
      const rows = new Map<number, Record<string, unknown>>();
      const first = await readAll(hermes, host, there(host));
      fold(rows, first.records);
      expect(JSON.stringify(first.last.cursor).length).toBeLessThanOrEqual(64 * 1024);
      db.exec(
        `UPDATE messages SET content = 'changed' WHERE id = 4000; DELETE FROM messages WHERE id = 7001; UPDATE messages SET active = 0 WHERE id = 77`,
      );
      const again = await readAll(hermes, host, there(host), first.last.cursor);
      expect(again.records.length).toBeLessThan(60);
      fold(rows, again.records);
      expect([rows.get(4000)?.["content"], rows.has(7001), rows.get(77)?.["active"], rows.size]).toEqual([
        "changed",
        false,
        0,
        9005,
      ]);
      db.close();
    },
  );
});

describe("hermes finds its databases, and says what it cannot read", () => {
  it("each profile has its own database, and a session's id names it", async () => {
    const host = testHost("hermes");
    mkdirSync(join(host.home, ".hermes/profiles/work"), { recursive: true });
    copyFileSync(database(host), join(host.home, ".hermes/profiles/work/state.db"));
    const ids = (await hermes.sessions(host, "/home/ana/my_app")).sessions.map((session) => session.id);
    expect(ids.toSorted()).toEqual(
      [id, "20260915_090100_d4e5f6", `work.${id}`, "work.20260915_090100_d4e5f6"].toSorted(),
    );
  });

  it.each([
    ["a gateway's", "UPDATE sessions SET cwd = NULL", 2],
    ["those of a schema without cwd", "ALTER TABLE sessions DROP COLUMN cwd", 2],
    ["one of a gateway among others", "UPDATE sessions SET cwd = '' WHERE parent_session_id IS NULL", 1],
  ])("sessions without a folder belong to no project, and it is said: %s", async (_whose, sql, without) => {
    const host = testHost("hermes");
    runSql(database(host), sql);
    for (const folder of ["/home/ana/my_app", { below: "/" }]) {
      const { sessions, warnings } = await hermes.sessions(host, folder);
      expect(sessions).toHaveLength(2 - without);
      expect(warnings).toEqual([
        `hermes: ${without === 1 ? "1 session" : "2 sessions"} without a folder in ${database(host)} passed over: --everywhere or --session-id takes such`,
      ]);
    }
    const everywhere = await hermes.sessions(host, undefined);
    expect(everywhere).toMatchObject({ problems: [], warnings: [] });
    expect(everywhere.sessions).toHaveLength(2);
  });

  it("another backend is said, not taken for silence", async () => {
    const host = testHost("hermes");
    writeFileSync(
      join(host.home, ".hermes/config.yaml"),
      "model: x\ndatabase:\n  # here\n  backend: postgres\nother:\n  backend: none\n",
    );
    expect((await hermes.sessions(host, undefined)).warnings).toEqual([
      "hermes: state.db is silent, its backend is postgres; nothing was read",
    ]);
    writeFileSync(
      join(host.home, ".hermes/config.yaml"),
      "database:\n  backend: sqlite\nother:\n  backend: postgres\n",
    );
    expect((await hermes.sessions(host, undefined)).warnings).toEqual([]);
  });

  it("5.6.21: a locked database is an error, for sessions and for reading", async () => {
    const host = testHost("hermes");
    runSql(database(host), "PRAGMA journal_mode=DELETE");
    const db = openWriter(database(host));
    db.exec("PRAGMA cache_size=1; BEGIN EXCLUSIVE; UPDATE messages SET content = 'x'");
    // Locked, but nothing of it is in the file yet: the last committed state can be read without the lock.
    expect((await hermes.sessions(host, undefined)).sessions).toHaveLength(2);
    db.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) INSERT INTO messages(session_id, role, content, timestamp)
       SELECT '${id}', 'user', hex(randomblob(2000)), i FROM n`,
    );
    const { sessions, problems } = await hermes.sessions(host, undefined);
    expect([sessions, problems]).toMatchObject([[], [{ code: "unreachable" }]]);
    await expect(readAll(hermes, host, there(host))).rejects.toMatchObject({ code: "unreachable" });
    db.exec("ROLLBACK");
    db.close();
    expect((await hermes.sessions(host, undefined)).sessions).toHaveLength(2);
  });

  it("a corrupt database, one that is none, and one of an unknown schema are malformed", async () => {
    const host = testHost("hermes");
    const whole = readFileSync(database(host));
    const problem = async () => (await hermes.sessions(host, undefined)).problems;
    writeFileSync(
      database(host),
      Buffer.concat([whole.subarray(0, 100), Buffer.alloc(whole.length - 100, 0x5a)]),
    );
    expect(await problem()).toMatchObject([{ code: "malformed" }]);
    writeFileSync(database(host), "no database at all, only words that go on for longer than a header");
    expect(await problem()).toMatchObject([{ code: "malformed" }]);
    rmSync(database(host));
    runSql(
      database(host),
      "CREATE TABLE conversations(id TEXT); CREATE TABLE schema_version(version INTEGER); INSERT INTO schema_version VALUES(99)",
    );
    expect(await problem()).toMatchObject([
      { code: "malformed", message: expect.stringContaining("not those of a version known here") },
    ]);
    await expect(readAll(hermes, host, there(host))).rejects.toMatchObject({ code: "malformed" });
  });

  it("a newer schema with more columns is read, the new ones too", async () => {
    const host = testHost("hermes");
    runSql(
      database(host),
      "ALTER TABLE messages ADD COLUMN mood TEXT DEFAULT 'calm'; UPDATE schema_version SET version = 31",
    );
    expect(lines((await readAll(hermes, host, there(host))).records)[1]?.data).toMatchObject({
      mood: "calm",
    });
  });

  it("a file that may not be read is denied", async () => {
    const host = testHost("hermes");
    chmodSync(database(host), 0);
    const { problems } = await hermes.sessions(host, undefined);
    chmodSync(database(host), 0o600);
    if (process.getuid?.() !== 0)
      expect(problems).toMatchObject([{ code: expect.stringMatching(/denied|unreachable/) }]);
  });
});
