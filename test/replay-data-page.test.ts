import fc from "fast-check";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { claimStep } from "../src/coord/claims.ts";
import { finishStep } from "../src/coord/finish.ts";
import { sendMessage } from "../src/coord/send.ts";
import { claudeCode } from "../src/harness/claude-code.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { buildPage, type BuildOptions } from "../src/replay/build.ts";
import { openSource } from "../src/replay/decode.ts";
import { blockEvents, flag, kinds, type Source } from "../src/replay/page.ts";
import { writePage } from "../src/replay/write.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import { testHost } from "./harness-home.ts";
import { storyTime, testProject, type TestClock, type TestProject } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "replay-data-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const redactor = createRedactor();
const beganAt = storyTime - 3_600_000;

interface Said {
  readonly text: string;
  readonly afterMs: number;
}

/** Each line as Claude Code writes it: every third one a call, the one after it its result. */
function linesOf(said: readonly Said[], session: string): string {
  let at = beganAt;
  const lines = said.map(({ text, afterMs }, n) => {
    at += afterMs;
    const record = { uuid: `${session}-${n}`, sessionId: session, timestamp: new Date(at).toISOString() };
    const usage = { input_tokens: 1, output_tokens: 2 };
    const head = { id: `m${n}`, role: "assistant", model: "claude-sonnet-4-5", usage };
    if (n % 3 === 1)
      return {
        ...record,
        type: "assistant",
        message: {
          ...head,
          content: [{ type: "tool_use", id: `t${n}`, name: "Bash", input: { command: text } }],
        },
      };
    if (n % 3 === 2)
      return {
        ...record,
        type: "user",
        message: {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: `t${n - 1}`, content: text }],
        },
      };
    return { ...record, type: "assistant", message: { ...head, content: [{ type: "text", text }] } };
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

async function mirrored(sessions: readonly (readonly Said[])[]): Promise<TestProject> {
  const clock: TestClock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const projects = sessions.map((_, n) => testProject({ store, clock, agent: `agent-${n}` }));
  for (const [n, said] of sessions.entries()) {
    const id = `5c1d0f7e-2b7a-4c7e-9f0b-00000000000${n}`;
    const path = join(folder, `${id}.jsonl`);
    writeFileSync(path, linesOf(said, id));
    const options = { harness: claudeCode, host: testHost(), redactor: async () => redactor };
    await mirrorSession(projects[n]!, { id, paths: [path], ended: true }, options);
  }
  await Promise.all(projects.map((project) => project.settled()));
  return projects[0]!;
}

const usual: BuildOptions = {
  agents: [],
  bodies: "full",
  redactor,
  signal: new AbortController().signal,
  progress: () => undefined,
};

async function built(project: TestProject, options: Partial<BuildOptions> = {}): Promise<Source> {
  const page = await buildPage(project, { ...usual, ...options });
  const blocks = new Map<string, Uint8Array>();
  for (const name of page.blocks.names) blocks.set(name, await page.blocks.read(name));
  await page.close();
  return openSource(async (name) => {
    const found = blocks.get(name);
    if (!found) throw new Error(`no block ${name}`);
    return found;
  });
}

/** Every event, with its lasting name, its preview and its whole text. */
async function all(source: Source) {
  const found = [];
  for (let block = 0; block < source.header.index.length; block++) {
    const events = await source.events(block);
    const previews = await source.previews(block);
    for (let index = 0; index < events.at.length; index++) {
      const lane = source.header.lanes[events.lane[index]!]!;
      found.push({
        seq: events.first + index,
        name: `${lane.session ?? lane.name} ${events.nth[index]}`,
        session: lane.session,
        at: events.at[index]!,
        kind: kinds[events.kind[index]!]!,
        pair: events.pair[index]!,
        json: (events.flags[index]! & flag.json) !== 0,
        tokens: events.tokens.output[index]!,
        place: `${events.body[index]} ${events.start[index]}`,
        preview: previews[index],
        // One read of a preview inflates its block: the first of each stand for the others.
        text: index < 100 || events.body[index]! >= 0 ? await source.body(events, index) : previews[index],
      });
    }
  }
  return found;
}

const words = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 300 })
  .filter((text) => text.trim() === text);
const said = fc.record({ text: words, afterMs: fc.integer({ min: -5_000, max: 9_000 }) });

test("every event, pair, token and text of three sessions comes back from the blocks of a page", async () => {
  const sessions = fc.array(fc.array(said, { minLength: 1, maxLength: 60 }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(sessions, async (told) => {
      const source = await built(await mirrored(told));
      const events = await all(source);
      expect(events).toHaveLength(source.header.events);
      events.forEach(({ at, seq }, index) => {
        expect(seq).toBe(index);
        expect(at).toBeGreaterThanOrEqual(events[index - 1]?.at ?? at);
      });
      for (const [n, lines] of told.entries()) {
        const mine = events.filter(({ session, kind }) => session?.endsWith(`${n}`) && kind !== "model");
        const texts = mine.map(({ text, json }) => (json ? JSON.parse(text!).command : text));
        expect(texts).toEqual(lines.map(({ text }) => text));
        for (const { kind, pair, seq } of mine)
          if (kind === "result" || (kind === "call" && pair >= 0)) expect(events[pair]!.pair).toBe(seq);
      }
      const requests = told.flatMap((lines) => lines.filter((_, n) => n % 3 !== 2)).length;
      expect(events.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(2 * requests);
    }),
    { numRuns: 25 },
  );
});

const long = Array.from({ length: blockEvents + 900 }, (_, n) => ({
  text: n % 500 === 0 ? "the same long file, read again ".repeat(100) : `line ${n} ${"x".repeat(n % 200)}`,
  afterMs: 500,
}));

test("a page of many blocks keeps names, whole and with --since, and each text once", async () => {
  const project = await mirrored([long, long.slice(0, 4_500), long.slice(7, 2_000)]);
  const source = await built(project);
  const events = await all(source);
  expect(source.header.index.length).toBeGreaterThan(2);
  const places = events
    .filter(({ text }) => text?.startsWith("the same long file"))
    .map(({ place }) => place);
  expect([places.length > 10, new Set(places).size]).toEqual([true, 1]);

  const since = events[Math.floor(events.length / 2)]!.at;
  const until = since + 400_000;
  const part = await all(await built(project, { since, until }));
  const key = ({ name, at, text }: (typeof events)[number]) => `${name} ${at} ${text}`;
  expect(part.map(key)).toEqual(events.filter(({ at }) => at >= since && at <= until).map(key));

  const halves = part.filter(({ pair }) => pair >= 0);
  expect(halves.length).toBeGreaterThan(100);
  for (const { pair, seq, session } of halves) expect(part[pair]).toMatchObject({ pair: seq, session });

  const one = await built(project, { agents: ["agent-1"] });
  expect(one.header.lanes.filter(({ kind }) => kind === "agent").map(({ name }) => name)).toEqual([
    "agent-1",
  ]);
}, 60_000);

test("a page without bodies has the previews, one of none has not even those", async () => {
  const project = await mirrored([[{ text: `first ${"word ".repeat(100)}`, afterMs: 1 }]]);
  const [preview, none] = await Promise.all(
    (["preview", "none"] as const).map(async (bodies) => built(project, { bodies })),
  );
  expect((await preview!.previews(0)).at(-1)).toMatch(/^first (word )+/);
  expect([preview!.header.bodyBlocks, none!.header.bodyBlocks, await none!.previews(0)]).toEqual([
    [],
    [],
    [],
  ]);
  await expect(none!.body(await none!.events(0), 0)).rejects.toThrow("no bodies");
});

test("tokens count for the step that is held, and after a take-over no longer for whoever lost it", async () => {
  const clock: TestClock = { now: beganAt };
  const store = memoryStore(() => clock.now);
  const [first, second] = ["agent-0", "agent-1"].map((agent) => testProject({ store, clock, agent }));
  await claimStep(first!, "design", { ttlS: 60 });
  clock.now += 120_000;
  await claimStep(second!, "design", { ttlS: 3_600 });
  await sendMessage(second!, { to: "agent-0", message: "I took it" });
  clock.now += 600_000;
  await finishStep(second!, "design", "complete", {});
  const id = "5c1d0f7e-2b7a-4c7e-9f0b-000000000000";
  const path = join(folder, `${id}-held.jsonl`);
  writeFileSync(
    path,
    linesOf(
      [30_000, 270_000].map((afterMs) => ({ text: `${afterMs}`, afterMs })),
      id,
    ),
  );
  const options = { harness: claudeCode, host: testHost(), redactor: async () => redactor };
  await mirrorSession(first!, { id, paths: [path], ended: true }, options);
  await Promise.all([first!.settled(), second!.settled()]);
  const { spent } = (await built(first!)).header;
  expect(spent.map(({ step, output }) => [step, output])).toEqual([
    ["design", 2],
    [undefined, 2],
  ]);
});

test("a page that is too large or was stopped leaves nothing behind", async () => {
  const project = await mirrored([long.slice(0, 200)]);
  const page = await buildPage(project, usual);
  const target = mkdtempSync(join(folder, "out-"));
  const viewer = { script: "void 0", style: "a{}" };
  const { signal } = new AbortController();
  expect(
    await writePage(join(target, "a.html"), viewer, page.blocks, { maxBytes: 2_000, signal }),
  ).toMatchObject({ written: false });
  await expect(
    writePage(join(target, "a.html"), viewer, page.blocks, { maxBytes: 1e9, signal: AbortSignal.abort() }),
  ).rejects.toThrow();
  expect(readdirSync(target)).toEqual([]);
  const { bytes } = await writePage(join(target, "a.html"), viewer, page.blocks, { maxBytes: 1e9, signal });
  expect(readFileSync(join(target, "a.html"))).toHaveLength(bytes);
  await page.close();
  await expect(buildPage(project, { ...usual, signal: AbortSignal.abort() })).rejects.toThrow();
});
