import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sessionList } from "../src/commands/session-list.ts";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { sessionShow } from "../src/commands/session-show.ts";
import { sessionStop } from "../src/commands/session-stop.ts";
import { sessionVerify } from "../src/commands/session-verify.ts";
import { TracecraftError } from "../src/errors.ts";
import { memoryStore } from "../src/store/memory.ts";
import { countingStore } from "./counting-store.ts";
import { objects, plant, terminal, testProject } from "./project.ts";
import { line, sessionId, sessionWorld } from "./sessions-world.ts";

const claude = { harness: "claude-code" };
const secret = "AKIAZ7QJ4M2XKPLW5T3N";

describe("session mirror", () => {
  it("says in the published words what it uploaded, and that there is nothing new, without a request", async () => {
    const store = countingStore(memoryStore());
    const world = sessionWorld([line(1, `key ${secret}`), line(2)], { store, ids: ["9c45fca9"] });
    const size = readFileSync(world.path).length;
    expect(await world.run(sessionMirror, claude)).toBe(
      `uploaded part-00000-9c45fca9  source=${size}B  upload=${size + 5}B  redactions={'aws_access_key': 1}\n# 0`,
    );
    expect(store.requests).toEqual([
      `get sessions/claude-code/${sessionId}/meta.json`,
      `put sessions/claude-code/${sessionId}/part-00000-9c45fca9.jsonl`,
      `put sessions/claude-code/${sessionId}/meta.json`,
    ]);
    store.reset();
    expect(await world.run(sessionMirror, claude)).toBe(
      `nothing new: session=${sessionId} cursor=${size} size=${size}\n# 0`,
    );
    expect(store.requests).toEqual([]);
    appendFileSync(world.path, `${line(3)}\n`);
    expect(await world.run(sessionMirror, claude)).toContain("redactions=none");
    expect(store.requests).toHaveLength(2);
    expect(Object.values(await objects(store)).join("")).not.toContain(secret);
  });

  it("mirrors every session of every harness here with --all, and names what it could not read", async () => {
    const world = sessionWorld([line(1)]);
    mkdirSync(join(world.home, ".hermes"));
    writeFileSync(join(world.home, ".hermes", "state.db"), "no database");
    const codex = join(world.home, ".codex", "sessions", "2026", "11", "22");
    mkdirSync(codex, { recursive: true });
    const id = "01994a10-0000-7000-8000-0000000000b1";
    const meta = JSON.stringify({ type: "session_meta", payload: { id, cwd: "/w" } });
    writeFileSync(join(codex, `rollout-2026-11-22T10-00-00-${id}.jsonl`), `${meta}\n`);
    const said = await world.run(sessionMirror, { all: true });
    expect(said).toContain("2 sessions: 2 uploaded (2 parts,");
    expect(said).toContain("2> warning: Cannot read");
    expect(await world.run(sessionMirror, { all: true })).toContain("2 sessions: 2 with nothing new");
    expect(await world.run(sessionMirror, { harness: "codex" }, { cwd: "/other" })).toBe(
      "2> Error: No codex session found in this folder\n2> Hint: tracecraft session mirror --all\n# 5",
    );
    expect(
      await world.run(sessionMirror, { harness: "codex", everywhere: true }, { cwd: "/other" }),
    ).toContain("nothing new");
    expect(await world.run(sessionMirror, { harness: "vim" })).toContain(
      'Cannot mirror "vim": no such harness',
    );
    expect(await world.run(sessionMirror)).toContain("Hint: tracecraft session mirror --all");
  });

  it("tells what it could not mirror as other listings do: which object or file, and why", async () => {
    const world = sessionWorld([line(1)]);
    const other = "6c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5b";
    const database = join(world.home, ".hermes", "state.db");
    mkdirSync(join(world.home, ".hermes"));
    writeFileSync(database, "no database");
    writeFileSync(join(world.home, ".claude", "projects", "-w", `${other}.jsonl`), `${line(2)}\n`);
    const key = `sessions/claude-code/${sessionId}/meta.json`;
    await plant(world.project.store, key, "{");
    const { data } = await sessionMirror.run(world.context(), { all: true, minBytes: "1" } as never);
    expect(data["problems"]).toEqual([
      { key, why: expect.stringContaining("not JSON") },
      { key: database, why: `Cannot read "${database}": not a whole SQLite database` },
    ]);
    expect(data["sessions"]).toMatchObject([{ session: other }]);
    const fine = await sessionMirror.run(world.context(), {
      ...claude,
      sessionId: other,
      minBytes: "1",
    } as never);
    expect(fine.data["problems"]).toEqual([]);
  });

  it("mirrors sub-agents and attachments with their session, and does not put them again", async () => {
    const store = countingStore(memoryStore());
    const world = sessionWorld([line(1)], { store });
    const side = world.path.replace(/\.jsonl$/, "");
    mkdirSync(join(side, "subagents"), { recursive: true });
    mkdirSync(join(side, "tool-results"));
    writeFileSync(join(side, "subagents", "agent-a1.jsonl"), `${line(7)}\n`);
    writeFileSync(join(side, "subagents", "agent-a1.meta.json"), '{"description":"look"}');
    writeFileSync(join(side, "tool-results", "big.txt"), `token ${secret}\n`);
    await world.run(sessionMirror, claude);
    const there = await objects(store);
    const main = JSON.parse(there[`sessions/claude-code/${sessionId}/meta.json`]!);
    const child = JSON.parse(there[`sessions/claude-code/${sessionId}.agent-a1/meta.json`]!);
    expect(await world.run(sessionList, {}, { view: terminal })).toMatch(
      /5c1d0f7e…  [^]*5c1d0f7e….agent-a1  |5c1d0f7e….agent-a1  [^]*5c1d0f7e…  /,
    );
    expect(child).toMatchObject({
      parent: sessionId,
      title: "look",
      attachments: [{ name: "agent-a1.meta.json" }],
    });
    expect(main.attachments).toMatchObject([
      { name: "tool-results/big.txt", redactions: { aws_access_key: 1 } },
    ]);
    expect(there[`sessions/claude-code/${sessionId}/att-${main.attachments[0].sha256}`]).toBe(
      "token [REDACTED:aws_access_key]\n",
    );
    store.reset();
    appendFileSync(world.path, `${line(2)}\n`);
    await world.run(sessionMirror, claude);
    expect(store.requests).toHaveLength(2);
    writeFileSync(join(side, "tool-results", "big.txt"), "another\n");
    expect(await world.run(sessionMirror, claude)).toContain("nothing new");
    expect(store.requests.slice(2).map((request) => request.split("/").at(-1)!.slice(0, 4))).toEqual([
      "att-",
      "meta",
    ]);
  });

  it("keeps secrets with --no-redact and says so in the manifest; waits for --min-bytes", async () => {
    const world = sessionWorld([line(1, secret)]);
    expect(await world.run(sessionMirror, { ...claude, minBytes: "100000" })).toContain("nothing new");
    expect(await objects(world.project.store)).toEqual({});
    await world.run(sessionMirror, { ...claude, noRedact: true });
    const there = await objects(world.project.store);
    expect(Object.values(there).join("")).toContain(secret);
    expect(JSON.parse(there[`sessions/claude-code/${sessionId}/meta.json`]!)).toMatchObject({
      redacted: false,
    });
  });

  it("uploads nothing when the rules cannot be loaded", async () => {
    const world = sessionWorld([line(1)]);
    const context = { ...world.context(), redaction: { rules: "none" } };
    await expect(sessionMirror.run(context, { ...claude, minBytes: "1" } as never)).rejects.toMatchObject({
      code: "config",
    });
    expect(await objects(world.project.store)).toEqual({});
  });

  it("redacts title, folder and names of attachments", async () => {
    const titled = JSON.stringify({
      type: "custom-title",
      customTitle: `about ${secret}`,
      cwd: `/w`,
      sessionId,
    });
    const world = sessionWorld([line(1), titled]);
    await world.run(sessionMirror, claude);
    const meta = (await objects(world.project.store))[`sessions/claude-code/${sessionId}/meta.json`]!;
    expect(JSON.parse(meta).title).toBe("about [REDACTED:aws_access_key]");
  });

  it("--watch tells lines as they come, and on a signal mirrors what is there by then", async () => {
    const stop = new AbortController();
    const world = sessionWorld([line(1)]);
    const { project } = world;
    let looks = 0;
    const world2 = {
      ...project.world,
      async sleep() {
        looks++;
        project.clock.now += 2_000;
        if (looks === 2) appendFileSync(world.path, `${line(2)}\n`);
        if (looks < 4) return;
        appendFileSync(world.path, `${line(3)}\n`);
        stop.abort();
      },
    };
    const context = { ...world.context({ signal: stop.signal }), project: { ...project, world: world2 } };
    await expect(
      sessionMirror.run(context, { ...claude, minBytes: "1", watch: true } as never),
    ).rejects.toMatchObject({
      code: "interrupted",
      hint: "tracecraft session mirror --harness claude-code --watch",
    });
    expect(context.emitted.map(({ data }) => String(data["part"]).slice(0, 10))).toEqual([
      "part-00000",
      "part-00001",
      "part-00002",
    ]);
  });
});

it("--watch says at once what it cannot read, once, and at its end what it could not mirror", async () => {
  const stop = new AbortController();
  const world = sessionWorld([line(1)]);
  const { project } = world;
  mkdirSync(join(world.home, ".hermes"));
  writeFileSync(join(world.home, ".hermes", "state.db"), "no database");
  const saidBySleep: number[] = [];
  let gone = false;
  const store = {
    ...project.store,
    put: async (...args: Parameters<typeof project.store.put>) => {
      if (gone) throw new TracecraftError("unreachable", "Cannot reach the bucket: it is gone");
      return await project.store.put(...args);
    },
  };
  const world2 = {
    ...project.world,
    async sleep() {
      saidBySleep.push(context.progressed.length);
      if (saidBySleep.length < 3) return;
      gone = true;
      appendFileSync(world.path, `${line(2)}\n`);
      stop.abort();
    },
  };
  const context = {
    ...world.context({ signal: stop.signal }),
    project: { ...project, store, world: world2 },
  };
  await expect(
    sessionMirror.run(context, { all: true, minBytes: "1", watch: true } as never),
  ).rejects.toMatchObject({
    code: "interrupted",
  });
  expect(saidBySleep).toEqual([1, 1, 1]);
  const said = context.progressed.map(({ plain, urgent }) => (urgent ? plain : "held back"));
  expect(said[0]).toMatch(/^warning: Cannot read .*state\.db/);
  expect(said.at(-1)).toBe(
    `warning: claude-code/${sessionId} is not mirrored to its end: Cannot reach the bucket: it is gone`,
  );
  expect(
    context.emitted.flatMap(({ data }) => (data["warning"] === undefined ? [] : [data["warning"]])),
  ).toEqual(said.map((text) => text.replace("warning: ", "")));
});

describe("session list, show, stop", () => {
  it("lists in one request and the manifests that changed", async () => {
    const store = countingStore(memoryStore());
    const world = sessionWorld([line(1)], { store });
    expect(await world.run(sessionList)).toBe("(no sessions)\n# 0");
    await world.run(sessionMirror, claude);
    store.reset();
    expect(await world.run(sessionList)).toMatch(
      new RegExp(`^claude-code  ${sessionId}  \\d+ B  1 part  20\\d\\d-\\S+Z  web-1\n# 0$`),
    );
    expect(store.requests).toHaveLength(2);
    store.reset();
    expect(await world.run(sessionList, {}, { view: terminal })).toContain("claude-code   5c1d0f7e…   ");
    expect(store.requests).toEqual(["list sessions/"]);
    await plant(store, "sessions/codex/x/meta.json", "{");
    expect(await world.run(sessionList)).toContain(
      "2> warning: malformed: sessions/codex/x/meta.json (not JSON",
    );
    await plant(store, "sessions/codex/y/meta.json", { harness: "codex", session_id: "z", parts: [] });
    expect(await world.run(sessionList)).toContain('sessions/codex/y/meta.json (says it is "codex/z")');
  });

  it("shows the manifest and the last lines, or what they say in a frame", async () => {
    const world = sessionWorld([line(1), line(2), line(3, "use the \u001b[31mschema\u001b[0m")]);
    await world.run(sessionMirror, claude);
    const shown = await world.run(sessionShow, { id: "5c1d", tail: "2" });
    expect(shown).toContain(`"session_id": "${sessionId}"`);
    expect(shown.split("\n--- tail ---\n")[1]!.split("\n")).toHaveLength(3);
    expect(shown).not.toContain("\u001b");
    const project = testProject({ store: world.project.store, ids: ["2be41c90"] });
    expect(await world.run(sessionShow, { id: "5c1d", events: true, tail: "2" }, { project })).toBe(
      [
        "--- found 2be41c90 from web-1 (data, not instructions) ---",
        "2026-11-22T14:00:02Z  prompt: line 2",
        "2026-11-22T14:00:03Z  prompt: use the \\u{1b}[31mschema\\u{1b}[0m",
        "--- end 2be41c90, 2 characters shown as \\u{…} ---",
        "# 0",
      ].join("\n"),
    );
    expect(await world.run(sessionShow, { id: "ffff" })).toBe(
      "2> Error: session not found: ffff\n2> Hint: tracecraft session list\n# 5",
    );
    await plant(world.project.store, "sessions/codex/5c1d-other/meta.json", {
      harness: "codex",
      session_id: "5c1d-other",
      parts: [],
    });
    expect(await world.run(sessionShow, { id: "5c1d" })).toContain(
      `2> Cause: claude-code/${sessionId}, codex/5c1d-other\n# 2`,
    );
  });

  it("stop takes a last line that nobody has ended, redacted, and the mirror sees it end or grow later", async () => {
    const world = sessionWorld([line(1)]);
    const { store } = world.project;
    await world.run(sessionMirror, claude);
    const key = `sessions/claude-code/${sessionId}/meta.json`;
    const manifest = async () => JSON.parse((await objects(store))[key]!);
    const restored = async () => {
      const there = await objects(store);
      const { parts, generation } = await manifest();
      return parts
        .filter((part: { generation: number }) => part.generation === generation)
        .map(
          (part: { seq: number; uuid: string }) =>
            Object.entries(there).find(([name]) => name.includes(part.uuid))?.[1],
        )
        .join("");
    };
    appendFileSync(world.path, `{"half":"${secret}`);
    expect(await world.run(sessionMirror, claude)).toContain("nothing new");
    expect(await world.run(sessionStop, { id: "5c1d" })).toBe(
      `stopped session=${sessionId} state_cleared=True meta_marked_ended=True\n# 0`,
    );
    const halved = `${line(1)}\n{"half":"[REDACTED:aws_access_key]\n`;
    expect(await restored()).toBe(halved);
    expect((await manifest()).ended_at).toEqual(expect.any(String));
    expect(await world.run(sessionMirror, claude)).toContain("nothing new");
    expect((await manifest()).ended_at).toEqual(expect.any(String));

    appendFileSync(world.path, `\n${line(2)}\n`); // It was ended there, and another came.
    await world.run(sessionMirror, claude);
    expect(await restored()).toBe(`${halved}${line(2)}\n`);
    expect(await manifest()).toMatchObject({ generation: 0, ended_at: null });

    appendFileSync(world.path, '{"half":');
    await world.run(sessionStop, { id: "5c1d" });
    appendFileSync(world.path, "true}\n"); // It has grown: what was taken of it is no line.
    await world.run(sessionMirror, claude);
    expect(await manifest()).toMatchObject({ generation: 1, ended_at: null });
    expect(await restored()).toBe(`${halved}${line(2)}\n{"half":true}\n`);
  });

  it("stop lets out no half of a secret in a line that breaks off, and verify agrees before and after its end", async () => {
    const world = sessionWorld([line(1)]);
    const { store } = world.project;
    await world.run(sessionMirror, claude);
    const half = "aB3dE5fG7hJ9kL1mN3";
    appendFileSync(world.path, `{"half":"see ghp_${half}`);
    await world.run(sessionStop, { id: "5c1d" });
    const said = Object.values(await objects(store)).join("");
    expect(said).toContain('{"half":"see [REDACTED:torn_end]\n');
    expect(said).not.toContain(half.slice(0, 6));
    expect(said).toContain('"torn_end": 1');
    const equal = "2 records, no gap, equal to the source after redaction";
    expect(await world.run(sessionVerify, { id: "5c1d" })).toContain(equal);
    appendFileSync(world.path, "\n");
    expect(await world.run(sessionVerify, { id: "5c1d" })).toContain(equal);
  });

  it("stop marks a session whose source is gone or cannot be read", async () => {
    const world = sessionWorld([line(1)]);
    await world.run(sessionMirror, claude);
    renameSync(world.path, `${world.path}.away`);
    const words = `stopped session=${sessionId} state_cleared=True meta_marked_ended=True\n# 0`;
    expect(await world.run(sessionStop, { id: "5c1d" })).toBe(words);
    expect(await world.run(sessionList)).toContain("web-1  ended");
  });

  it("stops in the published words; a new line undoes it", async () => {
    const world = sessionWorld([line(1)]);
    await world.run(sessionMirror, claude);
    expect(await world.run(sessionStop, { id: "5c1d" })).toBe(
      `stopped session=${sessionId} state_cleared=True meta_marked_ended=True\n# 0`,
    );
    expect(await world.run(sessionList)).toContain("web-1  ended");
    expect(await world.run(sessionMirror, claude)).toContain("nothing new");
    expect(await world.run(sessionList)).toContain("web-1  ended");
    appendFileSync(world.path, `${line(2)}\n`);
    await world.run(sessionMirror, claude);
    expect(await world.run(sessionList)).not.toContain("ended");
  });
});
