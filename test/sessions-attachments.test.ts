import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import { objects } from "./project.ts";
import { line, sessionWorld } from "./sessions-world.ts";

const claude = { harness: "claude-code" };
const [half, rest] = ["token ghp_7QmZr2Xv9LkTd4", "NbYw3HsJ6PfGcA1eRu8i"];

/** A session with a spilled result of which this much is written, by a clock that runs. */
async function spilling(first: string) {
  const store = memoryStore();
  const clock = {
    get now() {
      return Date.now();
    },
  };
  const world = sessionWorld([line(1)], { store, clock });
  await world.run(sessionMirror, claude); // All is loaded: the next one reads at once.
  const folder = join(world.path.replace(/\.jsonl$/, ""), "tool-results");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "big.txt");
  writeFileSync(path, first);
  const attached = async () =>
    Object.entries(await objects(store)).flatMap(([key, text]) => (key.includes("/att-") ? [text] : []));
  return { world, path, attached };
}

it("an attachment that is being written is waited for: half a secret at its end does not go up", async () => {
  const { world, path, attached } = await spilling(half);
  const mirroring = world.run(sessionMirror, claude);
  await setTimeout(150);
  appendFileSync(path, `${rest}\n`);
  expect(await mirroring).not.toContain("warning");
  expect(await attached()).toEqual(["token [REDACTED:github_token]\n"]);
});

it("one that is written all the time is left to the next mirror, which says so, and takes it", async () => {
  const { world, path, attached } = await spilling(half);
  const writer = setInterval(() => appendFileSync(path, "x"), 50);
  expect(await world.run(sessionMirror, claude)).toContain(
    "attachment tool-results/big.txt is being written: the next mirror takes it",
  );
  expect(await attached()).toEqual([]);
  clearInterval(writer);
  writeFileSync(path, `${half}${rest}\n`);
  await world.run(sessionMirror, claude);
  expect(await attached()).toEqual(["token [REDACTED:github_token]\n"]);
});
