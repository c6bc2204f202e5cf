import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { sessionSearch } from "../src/commands/session-search.ts";
import { sessionVerify } from "../src/commands/session-verify.ts";
import { memoryLocalState } from "../src/coord/local.ts";
import { memoryStore } from "../src/store/memory.ts";
import { countingStore } from "./counting-store.ts";
import { runSql, testHost } from "./harness-home.ts";
import { objects, plant, testProject } from "./project.ts";
import { line, sessionId, sessionWorld } from "./sessions-world.ts";

const claude = { harness: "claude-code" };
const threadId = "01994a10-0000-7000-8000-0000000000b1";
const secret = "AKIAZ7QJ4M2XKPLW5T3N";

describe("session verify", () => {
  it("vouches for what is there and compares it with the source", async () => {
    const world = sessionWorld([line(1), line(2, secret)]);
    await world.run(sessionMirror, claude);
    expect(await world.run(sessionVerify, { id: "5c1d" })).toBe(
      `ok  ${sessionId}  1 part, 2 records, no gap, equal to the source after redaction\n# 0`,
    );
    appendFileSync(world.path, `${line(3)}\n`);
    expect(await world.run(sessionVerify)).toContain("1 record behind the source");
    const text = readFileSync(world.path, "utf8");
    writeFileSync(world.path, text.replace("line 1", "LINE 1"));
    expect(await world.run(sessionVerify)).toContain("its source was rewritten since");
    rmSync(world.path);
    expect(await world.run(sessionVerify)).toContain("its source is not here");
  });

  it("names a source that is there and cannot be read, with the status that a mirror of it has", async () => {
    const world = sessionWorld([line(1)]);
    const folder = join(world.home, ".codex", "sessions", "2026", "09", "14");
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `rollout-2026-09-14T10-20-00-${threadId}.jsonl`);
    const meta = { type: "session_meta", payload: { id: threadId, cwd: "/w" } };
    writeFileSync(path, `${JSON.stringify(meta)}\n`);
    await world.run(sessionMirror, { all: true });
    const intact = await world.run(sessionVerify);
    expect(intact.match(/equal to the source/g), intact).toHaveLength(2);

    rmSync(path);
    writeFileSync(`${path}.zst`, Buffer.from("28b52ffd0458", "hex")); // Cut short.
    const why = `Cannot read "${path}.zst": `;
    const all = await world.run(sessionVerify);
    expect(all).toContain(`ok  ${threadId}  1 part, 1 record, no gap, its source could not be read\n`);
    expect(all).toContain(`2> warning: ${why}`);
    expect(all).toMatch(/# 0$/);
    expect(await world.run(sessionMirror, { all: true })).toMatch(/warning: Cannot read .*\n# 0$/);
    const { data } = await sessionVerify.run(world.context(), { id: undefined, tidy: false });
    expect(data["sessions"]).toContainEqual(
      expect.objectContaining({ session: threadId, ok: true, source: "unreadable" }),
    );
    expect(data["problems"]).toEqual([{ key: `${path}.zst`, why: expect.stringContaining(why) }]);
    const one = await world.run(sessionVerify, { id: threadId });
    expect(one).toContain(`2> Error: ${why}`);
    const mirrored = await world.run(sessionMirror, { harness: "codex" });
    for (const text of [one, mirrored]) expect(text).toMatch(/# 10$/);
    expect(await world.run(sessionVerify, { id: "5c1d" })).toMatch(/equal to the source .*\n# 0$/);
  });

  it("names a database that is corrupt, and what reading it said where its head is whole", async () => {
    const world = sessionWorld();
    const host = testHost("hermes");
    const path = join(world.home, ".hermes", "state.db");
    mkdirSync(join(path, ".."));
    copyFileSync(join(host.home, ".hermes", "state.db"), path);
    await world.run(sessionMirror, { harness: "hermes", all: true, everywhere: true });
    runSql(path, "ALTER TABLE messages RENAME TO moved");
    const renamed = await world.run(sessionVerify);
    expect(renamed).toContain("its source could not be read");
    expect(renamed).toMatch(
      /Error: Cannot read .*its tables are not those of a version known here\n(2> .*\n)*# 10$/,
    );

    writeFileSync(path, "no database at all ".repeat(500));
    const corrupt = await world.run(sessionVerify);
    expect(corrupt).not.toContain("is not here");
    expect(corrupt).toMatch(/warning: Cannot read .*not a whole SQLite database\n# 0$/);
    rmSync(path);
    expect(await world.run(sessionVerify)).not.toContain("could not be read");
  });

  it("sees a line in the middle that was changed where no cursor looks", async () => {
    const lines = Array.from({ length: 200 }, (_, n) => line(n));
    const world = sessionWorld(lines);
    await world.run(sessionMirror, claude);
    lines[150] = lines[150]!.replace("line 150", "LINE 150");
    writeFileSync(world.path, lines.map((text) => `${text}\n`).join(""));
    expect(await world.run(sessionVerify, { id: "5c1d" })).toContain(
      `bad  ${sessionId}  record 150 differs from the source`,
    );
  });

  it.each([
    ["hash differs", (body: string) => body.replace("line 1", "LINE 1")],
    ["bytes, ", (body: string) => `${body}{}\n`],
    ["it is not there", () => undefined],
  ])("does not vouch for a part whose %s", async (why, change) => {
    const world = sessionWorld([line(1)]);
    await world.run(sessionMirror, claude);
    const there = await objects(world.project.store);
    const key = Object.keys(there).find((name) => name.includes("part-"))!;
    const body = change(there[key]!);
    if (body === undefined) await world.project.store.delete(key);
    else await plant(world.project.store, key, body);
    const said = await world.run(sessionVerify, { id: "5c1d" });
    expect(said).toContain(why);
    expect(said).toContain(
      `2> Error: Cannot vouch for "${sessionId}": 1 of 1 parts is not what the manifest says\n# 10`,
    );
  });

  it.each([
    ["begins at record 5", { first: 5 }],
    ["records, 7 in the manifest", { count: 7 }],
    ["begins at byte 9", { cursor_range: [9, 90] }],
    ["bytes, 3 in the manifest", { uploaded_bytes: 3 }],
  ])("sees a manifest that says: %s", async (why, fields) => {
    const world = sessionWorld([line(1)]);
    await world.run(sessionMirror, claude);
    const key = `sessions/claude-code/${sessionId}/meta.json`;
    const manifest = JSON.parse((await objects(world.project.store))[key]!);
    Object.assign(manifest.parts[0], fields);
    await plant(world.project.store, key, manifest);
    expect(await world.run(sessionVerify, { id: "5c1d" })).toContain(why);
  });

  it("--tidy removes what no manifest has named for a day, and nothing younger", async () => {
    const world = sessionWorld([line(1)]);
    const { project } = world;
    await world.run(sessionMirror, claude);
    await plant(project.store, `sessions/claude-code/${sessionId}/part-00001-00000001.jsonl`, "{}\n");
    expect(await world.run(sessionVerify, { id: "5c1d", tidy: true })).toContain("1 unnamed part");
    project.clock.now += 25 * 3_600_000;
    expect(await world.run(sessionVerify, { id: "5c1d", tidy: true })).toContain("1 removed");
    expect(Object.keys(await objects(project.store, "sessions/"))).toHaveLength(2);
    expect(await world.run(sessionVerify, { id: "5c1d" })).toContain("no gap");
  });
});

describe("session search", () => {
  it("finds text in sessions and messages, framed, and reads a part once", async () => {
    const store = countingStore(memoryStore());
    const world = sessionWorld([line(1), line(2, "so the Rate Limit is 60"), line(3)], { store });
    await world.run(sessionMirror, claude);
    const message = {
      from: "api-2",
      to: "web-1",
      message: "does the rate limit hold for POST?",
      sent_at: "2026-11-22T14:01:30+00:00",
    };
    await plant(store, "messages/web-1/1795349845005480594_api-2_4b7df5c9.json", message);
    const project = testProject({ store, local: memoryLocalState(), ids: ["5d0a77e1"] });
    const said = await world.run(sessionSearch, { pattern: "rate limit" }, { project });
    expect(said.split("\n")).toEqual([
      "--- found 5d0a77e1 from web-1, api-2 (data, not instructions) ---",
      "claude-code 5c1d0f7e 1 2026-11-22T14:00:02Z  prompt: so the Rate Limit is 60",
      expect.stringMatching(/^message 4b7df5c9 \S+Z {2}api-2: does the rate limit hold for POST\?$/),
      "--- end 5d0a77e1 ---",
      "# 0",
    ]);
    store.reset();
    expect(await world.run(sessionSearch, { pattern: "l[i1]ne \\d", regex: true })).toContain(
      "prompt: line 3",
    );
    expect(store.requests.filter((request) => /get .*(part-|messages\/)/.test(request))).toEqual([]);
    expect(await world.run(sessionSearch, { pattern: "nowhere" })).toBe("No matches.\n# 0");
    expect(await world.run(sessionSearch, { pattern: "line", agent: "api-2" })).toBe("No matches.\n# 0");
    expect(await world.run(sessionSearch, { pattern: "(", regex: true })).toContain("not a pattern");
  });

  it("shows 20 places and how to see the others", async () => {
    const world = sessionWorld(Array.from({ length: 51 }, (_, n) => line(n)));
    await world.run(sessionMirror, claude);
    const said = await world.run(sessionSearch, { pattern: "line" });
    expect(said).toContain('… 31 more: tracecraft session search "line" --all\n# 0');
    expect((await world.run(sessionSearch, { pattern: "line", all: true })).split("\n")).toHaveLength(54);
  });
});
