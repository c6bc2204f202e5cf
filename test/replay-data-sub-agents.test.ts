import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { claudeCode } from "../src/harness/claude-code.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { buildPage } from "../src/replay/build.ts";
import { openSource } from "../src/replay/decode.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import { testHost } from "./harness-home.ts";
import { storyTime, testProject } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "replay-sub-agents-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const redactor = createRedactor();
const beganAt = storyTime - 3_600_000;
const session = "5c1d0f7e-2b7a-4c7e-9f0b-000000000000";

interface Line {
  readonly agentId?: string;
  /** Of an old build's side-chain: the place of the line that it follows, -1 for the first. */
  readonly after?: number;
  readonly model: string;
  readonly content: unknown;
  readonly afterMs?: number;
}

function recordOf({ agentId, after, model, content, afterMs = 0 }: Line, n: number) {
  const timestamp = new Date(beganAt + n * 1_000 + afterMs).toISOString();
  const side = { isSidechain: true, parentUuid: after === -1 ? null : `u${after}` };
  const head = {
    uuid: `u${n}`,
    sessionId: session,
    timestamp,
    ...(agentId !== undefined && { agentId }),
    ...(after === undefined ? { isSidechain: agentId !== undefined } : side),
  };
  const usage = { input_tokens: 1, output_tokens: 10 ** (n % 5) };
  const isResult = JSON.stringify(content).includes("tool_result");
  return isResult
    ? { ...head, type: "user", message: { role: "user", content } }
    : { ...head, type: "assistant", message: { id: `m${n}`, role: "assistant", model, content, usage } };
}

const reply = (text: string) => [{ type: "text", text }];
const call = (id: string) => [{ type: "tool_use", id, name: "Bash", input: { command: id } }];
const result = (id: string) => [{ type: "tool_result", tool_use_id: id, content: `of ${id}` }];

/** A session, two sub-agents within it, and one that the parent waits for: their lines stand between each other. */
const lines: readonly Line[] = [
  { model: "claude-opus-4-1", content: reply("main 0") },
  { model: "claude-opus-4-1", content: call("task") },
  { agentId: "a1", model: "claude-opus-4-1", content: reply("one 0") },
  { agentId: "b2", model: "claude-haiku-4-5", content: call("b-call") },
  { agentId: "a1", model: "claude-haiku-4-5", content: call("a-call") },
  { model: "claude-opus-4-1", content: reply("main 1") },
  // Its clock runs back: within its own lane only.
  { agentId: "b2", model: "", content: result("b-call"), afterMs: -10_000 },
  { agentId: "a1", model: "", content: result("a-call") },
  { model: "", content: result("task") },
];

async function built(parent: string | undefined, since?: number, written = lines) {
  const store = memoryStore(() => storyTime);
  const project = testProject({ store, clock: { now: storyTime }, agent: "agent-0" });
  const path = join(folder, `${session}.jsonl`);
  writeFileSync(path, written.map((line, n) => `${JSON.stringify(recordOf(line, n))}\n`).join(""));
  const options = { harness: claudeCode, host: testHost(), redactor: async () => redactor };
  await mirrorSession(
    project,
    { id: session, paths: [path], ended: true, ...(parent !== undefined && { parent }) },
    options,
  );
  await project.settled();
  const { signal } = new AbortController();
  const page = await buildPage(project, {
    agents: [],
    bodies: "full",
    redactor,
    signal,
    since,
    progress: () => undefined,
  });
  const blocks = new Map<string, Uint8Array>();
  for (const name of page.blocks.names) blocks.set(name, await page.blocks.read(name));
  await page.close();
  const source = await openSource(async (name) => blocks.get(name)!);
  const [events, previews] = [await source.events(0), await source.previews(0)];
  const told = previews.map((text, index) => ({
    lane: events.lane[index]!,
    nth: events.nth[index]!,
    at: events.at[index]!,
    text,
    pair: events.pair[index]!,
    output: events.tokens.output[index]!,
  }));
  const of = (lane: number) =>
    told.filter((event) => event.lane === lane && !event.text.startsWith("claude-"));
  return { source, told, of };
}

test("sub-agents that a session's own file tells of have lanes below it, each with its own order and pairs", async () => {
  const { source, told, of } = await built(undefined);
  const { lanes } = source.header;
  expect(lanes.map(({ kind, name, parent, session: id }) => [kind, name, parent, id])).toEqual([
    ["agent", "agent-0", undefined, undefined],
    ["session", expect.any(String), 0, session],
    ["subagent", "a1", 1, `${session}.agent-a1`],
    ["subagent", "b2", 1, `${session}.agent-b2`],
  ]);
  expect([1, 2, 3].map((lane) => of(lane).map(({ text }) => text))).toEqual([
    ["main 0", "task", "main 1", "of task"],
    ["one 0", "a-call", "of a-call"],
    ["b-call", "of b-call"],
  ]);
  const halves = told.filter(({ pair }) => pair >= 0);
  expect(halves).toHaveLength(6);
  for (const { pair, lane } of halves) expect(told[pair]!.lane).toBe(lane);
  expect(lanes[0]!.count).toBe(told.length);
  expect(of(3).map(({ at }) => at - beganAt)).toEqual([3_000, 3_000]);
});

test("tokens of sub-agents are theirs, at the model that they used, and none is lost or counted again", async () => {
  const { source, told } = await built(undefined);
  expect(told.reduce((sum, { output }) => sum + output, 0)).toBe(1 + 10 + 100 + 1_000 + 10_000 + 1);
  const { spent } = source.header;
  expect(spent.map(({ lane, model, output }) => `${lane} ${model} ${output}`).toSorted()).toEqual([
    "1 claude-opus-4-1 12",
    "2 claude-haiku-4-5 10000",
    "2 claude-opus-4-1 100",
    "3 claude-haiku-4-5 1000",
  ]);
});

test("a page that begins later keeps the names of what sub-agents did", async () => {
  const [whole, part] = [await built(undefined), await built(undefined, beganAt + 4_000)];
  const names = ({ source, told }: typeof whole) =>
    told.map(({ lane, nth, text }) => `${source.header.lanes[lane]!.session} ${nth} ${text}`);
  expect(names(part).length).toBeGreaterThan(3);
  expect(names(whole)).toEqual(expect.arrayContaining(names(part)));
});

test("a sub-agent's own file, every line of which names it, is one lane", async () => {
  const { source } = await built("another-session");
  expect(source.header.lanes.map(({ kind }) => kind)).toEqual(["agent", "session"]);
});

test("side-chains that an old build wrote into the main file, and named by nothing, are a lane each", async () => {
  const old: readonly Line[] = [
    { model: "claude-opus-4-1", content: reply("main 0") },
    { model: "claude-opus-4-1", content: call("task") },
    { after: -1, model: "claude-opus-4-1", content: reply("one 0") },
    { after: -1, model: "claude-opus-4-1", content: call("b-call") },
    { after: 2, model: "claude-opus-4-1", content: call("a-call") },
    { model: "claude-opus-4-1", content: reply("main 1") },
    { after: 3, model: "", content: result("b-call") },
    { after: 4, model: "", content: result("a-call") },
    // Follows a line of the main file: another one.
    { after: 5, model: "claude-opus-4-1", content: reply("three 0") },
    { model: "", content: result("task") },
  ];
  const { source, told, of } = await built(undefined, undefined, old);
  expect(source.header.lanes.map(({ kind, name, parent }) => [kind, name, parent])).toEqual([
    ["agent", "agent-0", undefined],
    ["session", expect.any(String), 0],
    ["subagent", "u2", 1],
    ["subagent", "u3", 1],
    ["subagent", "u8", 1],
  ]);
  expect([1, 2, 3, 4].map((lane) => of(lane).map(({ text }) => text))).toEqual([
    ["main 0", "task", "main 1", "of task"],
    ["one 0", "a-call", "of a-call"],
    ["b-call", "of b-call"],
    ["three 0"],
  ]);
  for (const { pair, lane } of told.filter((event) => event.pair >= 0)) expect(told[pair]!.lane).toBe(lane);
});
