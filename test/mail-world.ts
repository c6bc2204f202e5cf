import type { Scheduler } from "fast-check";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { testProject, type TestProject } from "./project.ts";

/** No put is on its way for longer: what is slower has long timed out. Less than the ten minutes that readers allow. */
const slowestPutMs = 9 * 60_000;
const secondMs = 1_000;

/**
 * A bucket that is slow in every way that a real one is: calls are answered in any order, an object gets the time at
 * which its put began, in whole seconds, and is seen only when the put ends, up to nine minutes later. Time passes with
 * each call by what `steps` says, in ms.
 */
export function slowWorld(scheduler: Scheduler, steps: readonly number[]) {
  const clock = { now: Date.parse("2026-11-22T14:05:00.000Z") };
  const inner = memoryStore(() => clock.now);
  const arrivals = new Map<string, number>();
  const onTheirWay = new Set<{ since: number }>();
  let calls = 0;

  function pass(): void {
    const oldest = Math.min(clock.now, ...[...onTheirWay].map(({ since }) => since));
    const most = slowestPutMs - (clock.now - oldest);
    clock.now += Math.max(0, Math.min(most, steps[calls++ % steps.length] ?? 0));
  }

  async function turn(label: string): Promise<void> {
    await scheduler.schedule(Promise.resolve(), label);
    pass();
  }

  const store: Store = {
    name: "slow:",
    traits: inner.traits,
    get: (async (key: string, options: { limit: number }) => {
      await turn(`get ${key}`);
      return await inner.get(key, options);
    }) as Store["get"],
    async put(key, body, expect) {
      const put = { since: clock.now };
      onTheirWay.add(put);
      await turn(`put ${key}`);
      onTheirWay.delete(put);
      const result = await inner.put(key, body, expect);
      if (result.outcome === "written" && !arrivals.has(key)) arrivals.set(key, put.since);
      await turn(`reply to put ${key}`);
      return result;
    },
    async *list(prefix, after) {
      await turn(`list ${prefix}`);
      for await (const page of inner.list(prefix, after)) {
        const objects = page.objects.map((object) => {
          const arrivedAt = arrivals.get(object.key) ?? object.writtenAt;
          return { ...object, writtenAt: Math.floor(arrivedAt / secondMs) * secondMs };
        });
        yield { storeNow: Math.floor(clock.now / secondMs) * secondMs, objects };
      }
    },
    async delete(key) {
      await turn(`delete ${key}`);
      await inner.delete(key);
    },
  };

  return {
    clock,
    inner,
    /** A process of an agent on its own machine, whose clock is off by `skewMs`. */
    process(agent: string, skewMs = 0): TestProject {
      const project = testProject({ store, clock, agent, skewMs });
      // No deadline passes: that is about replies that are lost, and none is lost here.
      return { ...project, world: { ...project.world, monotonic: () => 0, sleep: () => turn("sleep") } };
    },
    /** How many calls were made so far: a logical time. */
    calls: () => calls,
  };
}

export type SlowWorld = ReturnType<typeof slowWorld>;
