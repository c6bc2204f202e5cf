import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { codex } from "../src/harness/codex.ts";
import { sumUsage } from "../src/harness/events.ts";
import type { Session } from "../src/harness/harness.ts";
import { harnessContract } from "./harness-contract.ts";
import { filesUnder, readAll, testHost, type TestHost } from "./harness-home.ts";

harnessContract(codex);

const thread = "01994a10-0000-7000-8000-0000000000a1";
const name = `rollout-2026-09-14T10-20-00-${thread}.jsonl`;
const active = (host: TestHost) => join(host.home, ".codex/sessions/2026/09/14", name);
const archived = (host: TestHost) => join(host.home, ".codex/archived_sessions", name);
const meta = (payload: object) =>
  `${JSON.stringify({ timestamp: "2026-09-14T08:20:00.101Z", type: "session_meta", payload })}\n`;

async function session(host: TestHost, id = thread): Promise<Session> {
  const found = (await codex.sessions(host, undefined)).sessions.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no session ${id}`);
  return found;
}

/** The ids of the files of one thread, by the time in their names. */
async function idsByTime(host: TestHost, cwd?: string): Promise<Record<string, string>> {
  const { sessions } = await codex.sessions(host, cwd);
  return Object.fromEntries(
    sessions.flatMap(({ id, paths }) => {
      const time = /rollout-(.{19})-(?:01994b10)/.exec(paths[0] ?? "")?.[1];
      return time === undefined ? [] : [[time, id]];
    }),
  );
}

function compress(path: string): void {
  const { atime, mtime } = statSync(path);
  writeFileSync(`${path}.zst`, execFileSync("zstd", ["-3", "-q", "-c", path], { maxBuffer: 1 << 28 }));
  utimesSync(`${path}.zst`, atime, mtime);
  rmSync(path);
}

const hasZstd = (() => {
  try {
    execFileSync("zstd", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

describe("codex follows a rollout wherever it goes", () => {
  it("5.6.8: a fragment glued into the middle is kept, counted, and unknown to readers", async () => {
    const host = testHost("codex");
    const whole =
      '{"timestamp":"2026-09-14T08:21:00.000Z","type":"event_msg","payload":{"type":"agent_message","message":"ok"}}';
    const glued = `${whole.slice(0, 80)}${whole}`;
    writeFileSync(active(host), `${readFileSync(active(host), "utf8")}${glued}\n${whole}\n`);
    const { records, batches } = await readAll(codex, host, await session(host));
    expect(records.slice(-2)).toEqual([glued, whole]);
    expect(batches.reduce((sum, { malformed }) => sum + malformed, 0)).toBe(1);
    expect(codex.events(Buffer.from(glued), new Map())).toEqual([{ type: "unknown", what: "not JSON" }]);
  });

  it.skipIf(!hasZstd)("5.6.9: compressed and unpacked again, nothing is read a second time", async () => {
    const host = testHost("codex");
    const first = await readAll(codex, host, await session(host));
    compress(active(host));
    const packed = await readAll(codex, host, await session(host), first.last.cursor);
    expect(packed.last).toMatchObject({ records: [], generation: 1, end: "caught_up" });
    const again = await readAll(codex, host, await session(host), packed.last.cursor);
    expect(again.last).toMatchObject({ records: [], generation: 1 });
    const text = `${first.records.join("\n")}\n${meta({ id: "later" })}`;
    writeFileSync(active(host), text, "latin1");
    rmSync(`${active(host)}.zst`);
    const back = await readAll(codex, host, await session(host), again.last.cursor);
    expect(back.records).toEqual([meta({ id: "later" }).trimEnd()]);
    expect(back.last.generation).toBe(1);
    expect(filesUnder(host.temp).every((path) => path.startsWith(host.home))).toBe(true);
  });

  it.skipIf(!hasZstd)(
    "a session that was only ever seen compressed is read whole, and a cut file is an error",
    async () => {
      const host = testHost("codex");
      const text = readFileSync(active(host), "latin1");
      compress(active(host));
      const { records } = await readAll(codex, host, await session(host));
      expect(`${records.join("\n")}\n`).toBe(text);
      const packed = readFileSync(`${active(host)}.zst`);
      const there = { id: thread, paths: [`${active(host)}.zst`] };
      for (const cut of [packed.length >> 1, packed.length - 4, 12]) {
        writeFileSync(`${active(host)}.zst`, packed.subarray(0, packed.length - cut));
        await expect(readAll(codex, host, there), `${cut} bytes short`).rejects.toMatchObject({
          code: "malformed",
        });
      }
      writeFileSync(`${active(host)}.zst`, Buffer.concat([packed, packed]));
      expect((await readAll(codex, host, there)).records).toHaveLength(2 * records.length);
      expect(filesUnder(host.temp).every((path) => path.startsWith(host.home))).toBe(true);
    },
  );

  it("5.6.10: archived and brought back, it is the same session", async () => {
    const host = testHost("codex");
    const before = await session(host);
    const first = await readAll(codex, host, before);
    mkdirSync(dirname(archived(host)), { recursive: true });
    renameSync(active(host), archived(host));
    expect((await readAll(codex, host, before, first.last.cursor)).last).toMatchObject({
      records: [],
      end: "caught_up",
    });
    const moved = await session(host);
    expect((await readAll(codex, host, moved, first.last.cursor)).last).toMatchObject({
      records: [],
      generation: 1,
    });
    renameSync(archived(host), active(host));
    expect((await readAll(codex, host, moved, first.last.cursor)).last).toMatchObject({
      records: [],
      end: "caught_up",
    });
  });

  it("5.6.11: the same path rewritten with ordinals begins a generation", async () => {
    const host = testHost("codex");
    const first = await readAll(codex, host, await session(host));
    const lines = first.records.map((line, ordinal) =>
      JSON.stringify({ ordinal, ...(JSON.parse(line) as object) }),
    );
    writeFileSync(active(host), `${lines.join("\n")}\n`, "latin1");
    const again = await readAll(codex, host, await session(host), first.last.cursor);
    expect(again.batches[0]).toMatchObject({ began: "rewritten", generation: 2 });
    expect(again.records).toEqual(lines);
  });

  it("5.6.12: two files of one thread are two sessions; a name with two UUIDs adds the second", async () => {
    const host = testHost("codex");
    const rollout = "0199b000-0000-7000-8000-0000000000d1";
    const path = join(
      host.home,
      `.codex/sessions/2026/09/21/rollout-2026-09-21T09-00-00-${thread}_${rollout}.jsonl`,
    );
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, meta({ id: thread, cwd: "/home/ana/my_app" }));
    const ids = (await codex.sessions(host, "/home/ana/my_app")).sessions.map(({ id }) => id);
    expect(ids).toContain(thread);
    expect(ids).toContain(`${thread}.${rollout}`);
    expect(codex.place(host, { id: `${thread}.${rollout}`, file: path.split("/").at(-1) ?? "" }, "/x")).toBe(
      path,
    );
  });

  it("a further file of a thread has its id by its name: archived, or asked for by its folder, it keeps it", async () => {
    const host = testHost("codex");
    const of = "01994b10-0000-7000-8000-0000000000a2";
    const days = ["2026-09-14", "2026-09-15", "2026-09-16"];
    const files = days.map((day) => {
      const folder = join(host.home, ".codex/sessions", day.replaceAll("-", "/"));
      mkdirSync(folder, { recursive: true });
      const path = join(folder, `rollout-${day}T09-00-00-${of}.jsonl`);
      writeFileSync(path, meta({ id: of, cwd: `/home/ana/${day}` }));
      return path;
    });
    const ids = {
      "2026-09-14T09-00-00": of,
      "2026-09-15T09-00-00": `${of}.2026-09-15T09-00-00`,
      "2026-09-16T09-00-00": `${of}.2026-09-16T09-00-00`,
    };
    expect(await idsByTime(host)).toEqual(ids);
    for (const day of days)
      expect(await idsByTime(host, `/home/ana/${day}`)).toEqual({
        [`${day}T09-00-00`]: ids[`${day}T09-00-00` as keyof typeof ids],
      });
    mkdirSync(join(host.home, ".codex/archived_sessions"), { recursive: true });
    for (const path of [files[0]!, files[1]!]) {
      renameSync(path, join(host.home, ".codex/archived_sessions", path.split("/").at(-1)!));
      expect(await idsByTime(host)).toEqual(ids);
    }
    // One that cannot be read is there all the same, and gives its id to no other.
    writeFileSync(join(host.home, ".codex/archived_sessions", `${files[0]!.split("/").at(-1)!}.zst`), "cut");
    rmSync(join(host.home, ".codex/archived_sessions", files[0]!.split("/").at(-1)!));
    const { "2026-09-14T09-00-00": _first, ...further } = ids;
    expect(await idsByTime(host)).toEqual(further);
  });

  it("5.6.13: a fork is named by its own session_meta, not by its parent's on line 2", async () => {
    const host = testHost("codex");
    const fork = "0199c000-0000-7000-8000-0000000000e1";
    const path = join(host.home, `.codex/sessions/2026/09/22/rollout-2026-09-22T09-00-00-${fork}.jsonl`);
    mkdirSync(dirname(path), { recursive: true });
    const own = { id: fork, cwd: "/home/ana/fork", forked_from_id: thread };
    writeFileSync(path, meta(own) + meta({ id: thread, cwd: "/home/ana/my_app" }));
    const { sessions } = await codex.sessions(host, "/home/ana/fork");
    expect(sessions.map(({ id, cwd }) => [id, cwd])).toEqual([[fork, "/home/ana/fork"]]);
  });

  it("CODEX_HOME is the folder itself, and a session is found by the folder that a later turn moved to", async () => {
    const host = testHost("codex");
    const elsewhere = join(host.home, "codex-home");
    renameSync(join(host.home, ".codex"), elsewhere);
    host.env = { CODEX_HOME: elsewhere };
    const path = active(host).replace("/.codex/", "/codex-home/");
    const moved = {
      timestamp: "2026-09-14T10:00:00.000Z",
      type: "turn_context",
      payload: { cwd: "/home/ana/moved" },
    };
    writeFileSync(path, `${readFileSync(path, "utf8")}${JSON.stringify(moved)}\n`);
    expect((await codex.sessions(host, "/home/ana/moved")).sessions.map(({ id }) => id)).toEqual([thread]);
  });
});

const record = (type: string, payload: object) =>
  Buffer.from(JSON.stringify({ timestamp: "t", type, payload }));
const usage = (total: number) => ({
  input_tokens: 100,
  cached_input_tokens: 60,
  output_tokens: 5,
  total_tokens: total,
});

const message = (role: string, text: string) =>
  record("response_item", { type: "message", role, content: [{ type: "input_text", text }] });

const counted = (total: number) =>
  record("event_msg", {
    type: "token_count",
    info: { total_token_usage: usage(total), last_token_usage: usage(105) },
  });

describe("codex reads lines", () => {
  it("what is written as item and as event is shown once, in whichever order, and twice when said twice", () => {
    const memory = new Map();
    const item = message("user", "yes");
    const event = record("event_msg", { type: "user_message", message: "yes\n", images: [] });
    const kinds = [item, event, event, item, item]
      .flatMap((line) => codex.events(line, memory))
      .map(({ type }) => type);
    expect(kinds).toEqual(["prompt", "note", "prompt", "note", "prompt"]);
  });

  it("cached tokens are taken out of the input, and a repeated event counts once", () => {
    const events = [counted(105), counted(105), counted(210)].flatMap((line) =>
      codex.events(line, new Map()),
    );
    expect(sumUsage(events)).toMatchObject({ input: 80, cacheRead: 120, output: 10 });
  });
});
