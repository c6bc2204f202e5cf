import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sendMessage } from "../src/coord/send.ts";
import { claudeCode } from "../src/harness/claude-code.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { buildPage, pageMaker, type BuiltPage } from "../src/replay/build.ts";
import { openSource } from "../src/replay/decode.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { testHost } from "./harness-home.ts";
import { storyTime, testProject } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "replay-kept-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const redactor = createRedactor();
const usual = {
  agents: [],
  redactor,
  signal: new AbortController().signal,
  progress: () => undefined,
};

/** Everything of a page but when it was made and where its texts lie. */
async function told(page: BuiltPage) {
  const source = await openSource((name) => page.blocks.read(name));
  const found = [];
  for (let block = 0; block < source.header.index.length; block++) {
    const events = await source.events(block);
    const previews = await source.previews(block);
    for (const [nth, at] of events.at.entries())
      found.push([
        at,
        ...[events.kind, events.lane, events.nth, events.pair, events.said].map((column) => column[nth]),
        ...[events.tokens.input, events.tokens.output].map((column) => column[nth]),
        previews[nth],
        await source.body(events, nth),
      ]);
  }
  const { lanes, repeated, redacted, spent, notes } = source.header;
  return { lanes, repeated, redacted, spent, notes, found };
}

const secret = `ghp_${"A1b2C3d4E5f6".repeat(3)}`;

/** A line of a session, some without a time, some with a secret, a call or its result. */
function lineOf(session: string, nth: number, sort: number): string {
  const timestamp = new Date(storyTime - 3_600_000 + nth * 1_000).toISOString();
  const record = { uuid: `${session}-${nth}`, sessionId: session, ...(sort !== 1 && { timestamp }) };
  const usage = { input_tokens: 1, output_tokens: nth };
  const head = { id: `m${nth - (nth % 2)}`, role: "assistant", model: "claude-sonnet-4-5", usage };
  const content =
    sort === 2
      ? [{ type: "tool_use", id: `t${nth}`, name: "Bash", input: { command: "make" } }]
      : [{ type: "text", text: sort === 3 ? `key ${secret}` : `words ${nth} ${"long ".repeat(nth * 10)}` }];
  const result = [{ type: "tool_result", tool_use_id: `t${nth - 1}`, content: "done" }];
  const line =
    sort === 4
      ? { ...record, type: "user", message: { role: "user", content: result } }
      : {
          ...record,
          ...(sort === 5 && { agentId: "sub" }),
          type: "assistant",
          message: { ...head, content },
        };
  return `${JSON.stringify(line)}\n`;
}

/** What happens before the page is made again. */
const deed = fc.record({
  session: fc.nat(2),
  what: fc.constantFrom("grow", "grow", "grow", "again", "rewrite", "send", "nothing"),
  sorts: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 6 }),
});

test("a page that is made again and again is the one that is made of nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 2, maxLength: 9 }), async (deeds) => {
      const world = kitchen();
      const maker = await pageMaker("full");
      try {
        for (const one of deeds) {
          await world.act(one);
          const [kept, anew] = [
            await maker.build(world.project, usual),
            await buildPage(world.project, { ...usual, bodies: "full" }),
          ];
          expect(await told(kept)).toEqual(await told(anew));
          await Promise.all([kept.close(), anew.close()]);
        }
      } finally {
        await maker.close();
      }
    }),
    { numRuns: 25 },
  );
});

test("a page that is made again reads no part, manifest or record twice, but of a session that begins to grow", async () => {
  const world = kitchen();
  const maker = await pageMaker("full");
  const reads = async (): Promise<string[]> => {
    world.gets.length = 0;
    await (await maker.build(world.project, usual)).close();
    return world.gets.map((key) => key.replace(/^.*?(part-\d+|meta|messages|events).*$/, "$1")).toSorted();
  };
  await world.act({ session: 0, what: "grow", sorts: [0, 0] });
  await world.act({ session: 1, what: "grow", sorts: [0, 0] });
  await world.act({ session: 0, what: "send", sorts: [0] });
  expect(await reads()).toEqual(["messages", "meta", "meta", "part-00000", "part-00000"]);
  expect(await reads()).toEqual([]);
  await world.act({ session: 0, what: "grow", sorts: [0] });
  expect(await reads()).toEqual(["meta", "part-00000", "part-00001"]);
  await world.act({ session: 0, what: "grow", sorts: [0] });
  expect(await reads()).toEqual(["meta", "part-00002"]);
  await world.act({ session: 0, what: "send", sorts: [0] });
  expect(await reads()).toEqual(["messages"]);
  await maker.close();
});

/** A bucket with up to three sessions. */
function kitchen() {
  const clock = { now: storyTime };
  const memory = memoryStore(() => clock.now);
  const gets: string[] = [];
  const store: Store = {
    ...memory,
    get(key, options) {
      gets.push(key);
      return memory.get(key, options);
    },
  };
  const project = testProject({ store, clock, agent: "agent-0" });
  const sessions = [0, 1, 2].map((nth) => ({
    id: `5c1d0f7e-2b7a-4c7e-9f0b-00000000000${nth}`,
    lines: [] as string[],
  }));
  return {
    project,
    gets,
    async act({ session, what, sorts }: { session: number; what: string; sorts: readonly number[] }) {
      clock.now += 1_000;
      if (what === "nothing") return;
      if (what === "send") return void (await sendMessage(project, { to: "agent-1", message: "hello" }));
      const { id, lines } = sessions[session]!;
      const path = join(folder, `${id}.jsonl`);
      if (what === "rewrite") lines.splice(0, lines.length);
      const more =
        what === "again" ? lines.slice(0, 3) : sorts.map((sort, nth) => lineOf(id, lines.length + nth, sort));
      lines.push(...more);
      writeFileSync(path, lines.join(""));
      const options = { harness: claudeCode, host: testHost(), redactor: async () => redactor };
      await mirrorSession(project, { id, paths: [path] }, options);
      await project.settled();
    },
  };
}
