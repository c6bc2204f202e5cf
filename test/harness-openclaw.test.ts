import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Session } from "../src/harness/harness.ts";
import { openclaw } from "../src/harness/openclaw.ts";
import { harnessContract } from "./harness-contract.ts";
import { fixturePath, readAll, runSql, testHost, type TestHost } from "./harness-home.ts";

harnessContract(openclaw);

const workspace = "/home/ana/.openclaw/workspace";
const inFile = "7d0c9b52-3c1e-4f57-9a10-2f6f3f1f0e01";
const inStore = "8e1d0c63-4d2f-4a68-8b21-3a7a4a2a1f02";
const sessionsFolder = (host: TestHost) => join(host.home, ".openclaw/agents/main/sessions");
const store = (host: TestHost) => join(host.home, ".openclaw/agents/work/agent/openclaw-agent.sqlite");

async function session(host: TestHost, id: string): Promise<Session> {
  const found = (await openclaw.sessions(host, undefined)).sessions.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no session ${id}`);
  return found;
}

describe("openclaw finds its state", () => {
  it("5.6.14: OPENCLAW_HOME is a home folder, OPENCLAW_STATE_DIR the state itself, ~ is the user's home", async () => {
    const host = testHost("openclaw");
    const service = join(host.home, "svc/oc");
    mkdirSync(service, { recursive: true });
    renameSync(join(host.home, ".openclaw"), join(service, ".openclaw"));
    const found = async () => (await openclaw.sessions(host, workspace)).sessions.length;
    expect(await found()).toBe(0);
    host.env = { OPENCLAW_HOME: service };
    expect(await found()).toBe(2);
    host.env = { OPENCLAW_HOME: "~/svc/oc" };
    expect(await found()).toBe(2);
    host.env = { OPENCLAW_STATE_DIR: join(service, ".openclaw") };
    expect(await found()).toBe(2);
    host.env = { OPENCLAW_STATE_DIR: service };
    expect(await found()).toBe(0);
  });

  it("a state folder under one of its former names is found", async () => {
    const host = testHost("openclaw");
    renameSync(join(host.home, ".openclaw"), join(host.home, ".moltbot"));
    expect((await openclaw.sessions(host, workspace)).sessions).toHaveLength(2);
  });

  it("5.6.15: checkpoints, trajectories, locks, backups of repairs and maps are no sessions", async () => {
    const host = testHost("openclaw");
    const header = `${JSON.stringify({ type: "session", id: "x", cwd: workspace })}\n`;
    for (const end of [
      ".checkpoint.11111111-1111-4111-8111-111111111111.jsonl",
      ".trajectory.jsonl",
      ".jsonl.lock",
    ]) {
      writeFileSync(join(sessionsFolder(host), `${inFile}${end}`), header);
    }
    writeFileSync(join(sessionsFolder(host), `${inFile}.jsonl.bak-77-1780383600000`), header);
    writeFileSync(join(sessionsFolder(host), `${inFile}-topic-a%20b.jsonl`), header);
    const ids = (await openclaw.sessions(host, workspace)).sessions.map(({ id }) => id);
    expect(ids.filter((id) => id.startsWith(inFile)).toSorted()).toEqual([
      inFile,
      expect.stringMatching(`^${inFile}-topic-a-20b-[0-9a-f]{8}$`),
    ]);
  });

  it("a reset renames the file: the session goes on to be read there, and has ended", async () => {
    const host = testHost("openclaw");
    const first = await readAll(openclaw, host, await session(host, inFile));
    const live = join(sessionsFolder(host), `${inFile}.jsonl`);
    renameSync(live, `${live}.reset.2026-06-03T04-00-00.000Z`);
    const after = await session(host, inFile);
    expect(after.ended).toBe(true);
    expect((await readAll(openclaw, host, after, first.last.cursor)).last).toMatchObject({
      records: [],
      generation: 1,
    });
  });

  it("5.6.17: a session that moved into the store is read there, its stale file is not", async () => {
    const host = testHost("openclaw");
    const stale = join(host.home, ".openclaw/agents/work/sessions", `${inStore}.jsonl`);
    mkdirSync(dirname(stale), { recursive: true });
    const header = { type: "session", id: inStore, cwd: workspace };
    writeFileSync(stale, `${JSON.stringify(header)}\n`);
    const { sessions } = await openclaw.sessions(host, undefined);
    const both = sessions.filter(({ id }) => id === `work.${inStore}`);
    expect(both.map(({ paths }) => paths)).toEqual([[store(host)]]);
    const log = await readAll(openclaw, host, { id: `work.${inStore}`, paths: [stale] });
    const moved = await readAll(openclaw, host, both[0] as Session, log.last.cursor);
    expect(moved.batches[0]).toMatchObject({ began: "replaced", generation: 2 });
  });
});

describe("openclaw's store", () => {
  it("5.6.16: an end that is replaced with the same numbers is told", async () => {
    const host = testHost("openclaw");
    const there = await session(host, `work.${inStore}`);
    const first = await readAll(openclaw, host, there);
    runSql(store(host), readFileSync(fixturePath("openclaw/replace-tail.sql"), "utf8"));
    const again = await readAll(openclaw, host, there, first.last.cursor);
    const operations = again.records.map(
      (line) => JSON.parse(line) as { op: string; id: unknown; data?: { event_json?: string } },
    );
    expect(operations.map(({ op, id }) => [op, id])).toEqual([
      ["session", inStore],
      ["row_update", 2],
    ]);
    expect(operations[1]?.data?.event_json).toContain("Second draft.");
    const texts = again.batches
      .flatMap(({ records }) => records)
      .flatMap((record) => openclaw.events(record, new Map()));
    expect(texts).toContainEqual(expect.objectContaining({ type: "reply", text: "Second draft." }));
  });

  it("a transcript that is replaced whole, and rows that come back, are told", async () => {
    const host = testHost("openclaw");
    const there = await session(host, `work.${inStore}`);
    const first = await readAll(openclaw, host, there);
    runSql(store(host), `DELETE FROM transcript_events WHERE seq > 0`);
    const gone = await readAll(openclaw, host, there, first.last.cursor);
    expect(gone.records.map((line) => (JSON.parse(line) as { op: string }).op)).toEqual([
      "row_delete",
      "row_delete",
    ]);
    runSql(
      store(host),
      `INSERT INTO transcript_events VALUES ('${inStore}', 1, '{"type":"label","id":"n"}', 1)`,
    );
    const back = await readAll(openclaw, host, there, gone.last.cursor);
    expect(back.records).toEqual([
      '{"op":"row","table":"transcript_events","id":1,"data":{"seq":1,"event_json":"{\\"type\\":\\"label\\",\\"id\\":\\"n\\"}","created_at":1}}',
    ]);
  });

  it("no word of another table leaves the store", async () => {
    const host = testHost("openclaw");
    const { sessions } = await openclaw.sessions(host, undefined);
    const there = await session(host, `work.${inStore}`);
    const { records } = await readAll(openclaw, host, there);
    expect(readFileSync(store(host), "latin1")).toContain("never-to-be-read");
    expect(JSON.stringify([sessions, records])).not.toContain("never-to-be-read");
    expect(JSON.stringify(records)).not.toMatch(/auth_profile|session_nodes/);
  });

  it("a store from before transcripts, and one whose schema is unknown, are told apart", async () => {
    const host = testHost("openclaw");
    runSql(store(host), "DROP TABLE transcript_events");
    expect(await openclaw.sessions(host, undefined)).toMatchObject({
      problems: [],
      sessions: [{ id: inFile }],
    });
    rmSync(store(host));
    runSql(
      store(host),
      "CREATE TABLE session_windows(session_id TEXT); CREATE TABLE transcript_events(x TEXT); INSERT INTO session_windows VALUES('s')",
    );
    const { problems, sessions } = await openclaw.sessions(host, undefined);
    expect(sessions.map(({ id }) => id)).toEqual([inFile]);
    expect(problems).toMatchObject([{ code: "malformed" }]);
  });

  it("rows that were compressed in place are told unpacked", async () => {
    const host = testHost("openclaw");
    const there = await session(host, `work.${inStore}`);
    // A zstd frame with one raw block, as any compressor may write it.
    const text = Buffer.from('{"type":"label","id":"packed"}');
    const frame = Buffer.concat([
      Buffer.from("28b52ffd20", "hex"),
      Buffer.from([text.length]),
      Buffer.from([(text.length << 3) | 1, 0, 0]),
      text,
    ]);
    runSql(
      store(host),
      `ALTER TABLE transcript_events RENAME TO old;
       CREATE TABLE transcript_events(session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, event_zstd BLOB, event_utf8_bytes INTEGER);
       INSERT INTO transcript_events VALUES ('${inStore}', 0, NULL, 1, x'${frame.toString("hex")}', ${text.length})`,
    );
    const { records } = await readAll(openclaw, host, there);
    expect(JSON.parse(records[1] ?? "")).toMatchObject({
      op: "row",
      id: 0,
      data: { event_json: text.toString() },
    });
  });
});
