import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { testProject, type TestClock, type TestProject } from "./project.ts";

const root = fileURLToPath(new URL("fixtures/format1/bucket/demo", import.meta.url));

/** A minute after the published tool was last heard of. */
export const afterwards = Date.parse("2026-11-22T12:18:32.700Z");

export interface OldBucket {
  readonly store: Store;
  readonly clock: TestClock;
  /** Somebody who works in it with our program, on a machine of their own. */
  as(agent: string, session?: string): TestProject;
}

/** The keys of the bucket that the published tool left, in the order in which it wrote them, and when. */
export function oldObjects(): { key: string; body: Buffer; writtenAt: number }[] {
  const keys = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return keys
    .map((key) => ({ key, body: readFileSync(join(root, key)), writtenAt: writtenAt(key) }))
    .toSorted((a, b) => a.writtenAt - b.writtenAt);
}

/** The bucket of the published tool on a store whose clock is the test's. */
export async function oldBucket(): Promise<OldBucket> {
  const clock = { now: 0 };
  const store = memoryStore(() => clock.now);
  for (const { key, body, writtenAt: at } of oldObjects()) {
    clock.now = at;
    await store.put(key, body, "nothing");
  }
  clock.now = afterwards;
  return {
    store,
    clock,
    as: (agent, session) =>
      testProject({ store, clock, agent, ...(session !== undefined && { session: { id: session } }) }),
  };
}

/** The latest time that a record speaks of; what speaks of none was there early. */
function writtenAt(key: string): number {
  const text = readFileSync(join(root, key), "utf8");
  const times = [...text.matchAll(/"2026-11-22T[^"]+"/g)].map(([time]) => Date.parse(JSON.parse(time)));
  // A status that is not in progress was put when the handoff was.
  const handoff = key.replace(/status\.json$/, "handoff.json");
  if (key.startsWith("steps/") && handoff !== key && !text.includes("in_progress")) return writtenAt(handoff);
  return times.length === 0 ? Date.parse("2026-11-22T12:17:27.000Z") : Math.max(...times);
}
