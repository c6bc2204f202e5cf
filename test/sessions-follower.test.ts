import { appendFileSync } from "node:fs";
import { expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import { countingStore } from "./counting-store.ts";
import { line, sessionWorld } from "./sessions-world.ts";

// docs/cost.md says these figures.
it("a follower that finds something new 200 times puts twice for each, a tenth more for what it merges, and no more", async () => {
  const store = countingStore(memoryStore());
  const world = sessionWorld([line(0)], { store });
  const claude = { harness: "claude-code" };
  await world.run(sessionMirror, claude);
  store.reset();
  for (let n = 1; n <= 200; n++) {
    appendFileSync(world.path, `${line(n)}\n`);
    await world.run(sessionMirror, claude);
    await world.run(sessionMirror, claude); // The look after it finds nothing.
  }
  const counts: Record<string, number> = {};
  for (const request of store.requests) {
    const [verb, key = ""] = request.split(" ");
    const kind = `${verb} ${key.endsWith("meta.json") ? "manifest" : /part-/.test(key) ? "part" : key}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  expect(counts).toEqual({ "put part": 220, "put manifest": 220, "get part": 320, "list part": 20 });
});
