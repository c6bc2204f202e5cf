import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import { runSql, tempFolder } from "./harness-home.ts";
import { objects } from "./project.ts";
import { sessionWorld } from "./sessions-world.ts";

/** A home folder, and which sessions are in the bucket. */
function home() {
  const store = memoryStore();
  const world = sessionWorld([], { store });
  const mirrored = async () =>
    Object.keys(await objects(store, "sessions/")).flatMap(
      (key) => /([^/]+)\/meta\.json$/.exec(key)?.[1] ?? [],
    );
  return { world, mirrored };
}

it("a private chat in a database that knows no folders is mirrored by nobody who does not ask for it", async () => {
  const { world, mirrored } = home();
  mkdirSync(join(world.home, ".hermes"));
  runSql(
    join(world.home, ".hermes", "state.db"),
    `CREATE TABLE sessions(id TEXT PRIMARY KEY, source TEXT, started_at REAL);
     CREATE TABLE messages(id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT, role TEXT, content TEXT, timestamp REAL);
     INSERT INTO sessions VALUES('private_1', 'telegram', 1), ('private_2', 'telegram', 2);
     INSERT INTO messages(session_id, role, content, timestamp) VALUES('private_1', 'user', 'private', 1), ('private_2', 'user', 'too', 2)`,
  );
  for (const words of [{ all: true }, { harness: "hermes" }, { harness: "hermes", all: true }]) {
    const said = await world.run(sessionMirror, words);
    expect(said).toMatch(/hermes: 2 sessions without a folder in .*state\.db passed over/);
    expect(await mirrored()).toEqual([]);
  }
  await world.run(sessionMirror, { harness: "hermes", sessionId: "private_1" });
  expect(await mirrored()).toEqual(["private_1"]);
  await world.run(sessionMirror, { all: true, everywhere: true });
  expect((await mirrored()).toSorted()).toEqual(["private_1", "private_2"]);
});

const said = (type: string, bytes: number, cwd?: string) => ({
  type,
  uuid: type,
  cwd,
  message: { content: "x".repeat(bytes) },
});

it("a session of a neighbour whose name in the harness is the same is not mirrored, however late its lines say it", async () => {
  const { world, mirrored } = home();
  const root = tempFolder();
  const [ours, theirs] = [join(root, "my_app"), join(root, "my-app")];
  for (const folder of [ours, theirs]) mkdirSync(folder);
  const place = join(world.home, ".claude", "projects", theirs.replaceAll(/[^A-Za-z0-9]/g, "-"));
  mkdirSync(place, { recursive: true });
  const [late, never] = ["1", "2"].map((end) => `c0000000-0000-4000-8000-00000000000${end}`);
  const write = (id: string, lines: object[]) =>
    writeFileSync(join(place, `${id}.jsonl`), lines.map((one) => `${JSON.stringify(one)}\n`).join(""));
  write(late!, [{ type: "mode", mode: "x" }, said("user", 200_000, theirs), said("assistant", 100_000)]);
  write(never!, [said("user", 10)]);
  for (const words of [{ all: true }, { harness: "claude-code" }]) {
    expect(await world.run(sessionMirror, words, { cwd: ours })).toContain(`session ${never} passed over`);
    expect(await mirrored()).toEqual([]);
  }
  await world.run(sessionMirror, { harness: "claude-code" }, { cwd: theirs });
  expect(await mirrored()).toEqual([late]);
  await world.run(sessionMirror, { harness: "claude-code", sessionId: never! }, { cwd: ours });
  expect((await mirrored()).toSorted()).toEqual([late, never]);
});
