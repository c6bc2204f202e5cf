import type { PutResult, Store } from "../store/store.ts";
import { readLocal } from "./local.ts";
import type { LocalState, World } from "./project.ts";

// Stores tell their time in whole seconds, so a smaller difference than this says nothing about our clock.
const toleranceMs = 1_500;
const name = "clock";

/** This machine's time as the store would tell it, in ms. Two calls on one machine keep their order. */
export function correctedNow({ world, local }: { world: World; local: LocalState }): number {
  return world.now() + clockOffset(local);
}

/**
 * How far the store's clock is ahead of ours, in ms. It is kept between processes and moved only when a reply
 * contradicts it: measured anew by each process, it would shuffle the messages that one sender sent within a second.
 */
export function clockOffset(local: LocalState): number {
  const offset = readLocal<{ offset_ms: number }>(local, name)?.offset_ms;
  return typeof offset === "number" ? offset : 0;
}

/** The same store, from whose replies this machine learns how its clock is off. */
export function clockedStore(store: Store, world: World, local: LocalState): Store {
  function learn(storeNow: number | undefined, sentAt: number): void {
    if (storeNow === undefined) return;
    const offset = storeNow - (sentAt + world.now()) / 2;
    if (Math.abs(offset - clockOffset(local)) > toleranceMs + (world.now() - sentAt) / 2) {
      local.write(name, { offset_ms: Math.round(offset) });
    }
  }

  async function timed<Answer>(work: Promise<Answer>): Promise<Answer> {
    const sentAt = world.now();
    const answer = await work;
    if (typeof answer === "object" && answer !== null && "storeNow" in answer) {
      learn(answer.storeNow as number | undefined, sentAt);
    }
    return answer;
  }

  return {
    name: store.name,
    traits: store.traits,
    get: ((key: string, options: Parameters<Store["get"]>[1]) =>
      timed(store.get(key, options))) as Store["get"],
    put: (key, body, expect) => timed<PutResult>(store.put(key, body, expect)),
    list: (prefix, after) => store.list(prefix, after),
    delete: (key) => store.delete(key),
  };
}
