import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { claimStep } from "../src/coord/claims.ts";
import { finishStep } from "../src/coord/finish.ts";
import { claudeCode } from "../src/harness/claude-code.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { buildPage } from "../src/replay/build.ts";
import { openSource } from "../src/replay/decode.ts";
import type { Source, Spent } from "../src/replay/page.ts";
import { spendingAt } from "../src/replay/spending.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import { testHost } from "./harness-home.ts";
import { storyTime, testProject, type TestClock } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "replay-spending-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const redactor = createRedactor();
const beganAt = storyTime - 3_600_000;
const each = 5_000;
const minute = 60_000;
const models = ["claude-sonnet-4-5", "claude-haiku-4-5", "nobody-knows-1"];

/** Numbers that look like chance and are the same each time. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

interface Line {
  readonly at: number;
  readonly request: number;
  readonly model: string;
  readonly tokens: readonly number[];
}

/** Each request is two lines, the second of which tells its tokens again, as they are at its end. */
function linesOf(seed: number): Line[] {
  const next = chance(seed);
  let at = beganAt;
  let tokens = [0, 0, 0, 0];
  let model = "";
  return Array.from({ length: each }, (_, n) => {
    at += 2 * next(500);
    if (n % 2 === 0) model = models[next(models.length)]!;
    tokens = n % 2 === 0 ? [1 + next(90), 1, next(5_000), next(300)] : tokens.with(1, 2 + next(2_000));
    return { at, request: n >> 1, model, tokens };
  });
}

function textOf(lines: readonly Line[], session: string): string {
  return lines
    .map(({ at, request, model, tokens }, n) => {
      const [input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens] = tokens;
      const usage = { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens };
      const content = [{ type: "text", text: `line ${n}` }];
      const message = { id: `m${request}`, role: "assistant", model, content, usage };
      const timestamp = new Date(at).toISOString();
      return `${JSON.stringify({ uuid: `${session}-${n}`, sessionId: session, timestamp, type: "assistant", message })}\n`;
    })
    .join("");
}

const written = [linesOf(1), linesOf(2)];
const sessions = [0, 1].map((n) => `5c1d0f7e-2b7a-4c7e-9f0b-00000000000${n}`);
/** Who holds which step, from when to when: at odd times, at which no line stands. */
const held = [
  { agent: 0, step: "design", from: beganAt + 3 * minute + 1, to: beganAt + 9 * minute + 1 },
  { agent: 1, step: "ui", from: beganAt + 5 * minute + 1, to: beganAt + 12 * minute + 1 },
  { agent: 0, step: "tests", from: beganAt + 15 * minute + 1, to: Infinity },
];
let source: Source;

beforeAll(async () => {
  const clock: TestClock = { now: beganAt };
  const store = memoryStore(() => clock.now);
  const projects = [0, 1].map((n) => testProject({ store, clock, agent: `agent-${n}` }));
  const acts = held.flatMap(({ agent, step, from, to }) => [
    { at: from, act: () => claimStep(projects[agent]!, step, { ttlS: 7_200 }) },
    { at: to, act: () => finishStep(projects[agent]!, step, "complete", {}) },
  ]);
  for (const { at, act } of acts.filter(({ at: time }) => time < Infinity).toSorted((a, b) => a.at - b.at)) {
    clock.now = at;
    await act();
    await Promise.all(projects.map((project) => project.settled()));
  }
  clock.now = storyTime;
  const options = { harness: claudeCode, host: testHost(), redactor: async () => redactor };
  for (const [n, id] of sessions.entries()) {
    const path = join(folder, `${id}.jsonl`);
    writeFileSync(path, textOf(written[n]!, id));
    await mirrorSession(projects[n]!, { id, paths: [path], ended: true }, options);
  }
  await Promise.all(projects.map((project) => project.settled()));
  const { signal } = new AbortController();
  const page = await buildPage(projects[0]!, {
    agents: [],
    bodies: "none",
    redactor,
    signal,
    progress: () => undefined,
  });
  const blocks = new Map<string, Uint8Array>();
  for (const name of page.blocks.names) blocks.set(name, await page.blocks.read(name));
  await page.close();
  source = await openSource(async (name) => blocks.get(name)!);
});

/** A plain fold over the lines as they were written: a request counts from its first line on, with what its last one says. */
function folded(t: number): Record<string, number[]> {
  const sums: Record<string, number[]> = {};
  for (const [agent, lines] of written.entries()) {
    for (let n = 0; n < lines.length; n += 2) {
      const { at, model } = lines[n]!;
      if (at > t) continue;
      const holds = held.filter((one) => one.agent === agent && one.from <= at && at < one.to);
      const name = `${sessions[agent]} ${model} ${holds.at(-1)?.step ?? "-"}`;
      const sum = (sums[name] ??= [0, 0, 0, 0]);
      for (const [sort, count] of lines[n + 1]!.tokens.entries()) sum[sort]! += count;
    }
  }
  return sums;
}

function told(spent: readonly Spent[]): Record<string, number[]> {
  return Object.fromEntries(
    spent.map(({ lane, model, step, input, output, cacheRead, cacheWrite }) => [
      `${source.header.lanes[lane]!.session} ${model} ${step ?? "-"}`,
      [input, output, cacheRead, cacheWrite],
    ]),
  );
}

const asker = () => spendingAt(source.header, source.moments, (block) => source.events(block));

test("what was spent up to any of 1,000 times is a plain fold over the transcripts, by agent, model and step", async () => {
  expect(source.header.index.length).toBeGreaterThan(2);
  const { from, to } = source.header;
  const next = chance(3);
  const times = Array.from({ length: 1_000 }, () => from - minute + next(to - from + 2 * minute));
  // The times at which blocks begin and end, and those around them.
  for (const block of source.header.index)
    for (const around of [-1, 0, 1]) times.push(block.from + around, block.to + around);
  const at = asker();
  for (const t of times) expect([t, told(await at(t))]).toEqual([t, folded(t)]);
});

test("at the end of the page it is what the whole page spent, money included", async () => {
  const { spent, to } = source.header;
  expect(await asker()(to)).toEqual(spent);
  expect(told(spent)).toEqual(folded(to));
});

test("money up to a time is that of the tokens up to it, and a model without a price has none", async () => {
  const { from, to } = source.header;
  const spent = await asker()((from + to) / 2);
  const sonnet = spent.find(({ model }) => model === "claude-sonnet-4-5")!;
  const { input, output, cacheRead, cacheWrite } = sonnet;
  expect(sonnet.usd).toBeCloseTo((input * 3 + output * 15 + cacheRead * 0.3 + cacheWrite * 3.75) / 1e6, 9);
  expect(spent.filter(({ usd }) => usd === undefined).map(({ model }) => model)).toContain("nobody-knows-1");
  expect(spent.every(({ usd, model }) => (usd === undefined) === (model === "nobody-knows-1"))).toBe(true);
});

test("one block is read for a time, whatever the page's size, and none again for another time in it", async () => {
  const at = asker();
  const { to, from } = source.header.index[1]!;
  const before = source.work.events;
  for (const share of [0.1, 0.5, 0.9]) await at(from + share * (to - from));
  expect(source.work.events - before).toBe(1);
});
