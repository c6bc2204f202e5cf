import { join } from "node:path";
import { expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { sessionSearch } from "../src/commands/session-search.ts";
import { sessionShow } from "../src/commands/session-show.ts";
import { writtenPage } from "./replay-written.ts";
import { line, sessionId, sessionWorld } from "./sessions-world.ts";

/** A line of Claude Code with a call whose input nests so deep. As text: writing it takes a stack, too. */
function deepLine(depth: number): string {
  const input = `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  const call = `{"type":"tool_use","id":"t1","name":"Weird","input":${input}}`;
  const message = `{"id":"m1","role":"assistant","content":[${call}]}`;
  return `{"type":"assistant","uuid":"u9","sessionId":"${sessionId}","cwd":"/w","timestamp":"2026-11-22T14:05:00.000Z","message":${message}}`;
}

it("a call that nests deeper than any stack is one line of many for every reader", async () => {
  const world = sessionWorld([line(1, "first words"), deepLine(60_000), line(2, "last words")]);
  await world.run(sessionMirror, { harness: "claude-code" });
  expect(await world.run(sessionShow, { id: sessionId, events: true })).toMatch(
    /first words[^]*Weird \[nested more than 200 deep\][^]*last words/,
  );
  expect(await world.run(sessionSearch, { pattern: "words" })).toMatch(/first words[^]*last words/);
  const page = await writtenPage(world.project, join(world.home, "page.html"));
  expect(page.header.events).toBeGreaterThanOrEqual(3);
  await page.close();
});

it("one that nests as tools do is told whole", async () => {
  const world = sessionWorld([deepLine(100)]);
  await world.run(sessionMirror, { harness: "claude-code" });
  expect(await world.run(sessionShow, { id: sessionId, events: true })).toContain("[[[[[");
});
