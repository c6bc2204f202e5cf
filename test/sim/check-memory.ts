import { memoryPrefix, parseMemoryKey } from "../../src/format/keys.ts";
import { revisionOf } from "./check-told.ts";
import { keyName, memoryCalls, type KeyState } from "./memory-model.ts";
import type { Sim } from "./sim.ts";
import { linearizable } from "./wgl.ts";

/** Whether what everybody was told of each key fits one order, with every value that was said to be set in it. */
export function checkMemory(sim: Sim): string[] {
  const keys = new Set(sim.calls.flatMap(({ act }) => ("key" in act ? [act.key] : [])));
  return [...keys].flatMap((key) => {
    const states = [...sim.bucket.history].find(
      ([name]) => name.startsWith(memoryPrefix) && parseMemoryKey(name) === key,
    )?.[1];
    const taken = new Map(
      (states ?? []).map((applied) => [applied.call, { ...applied, revision: revisionOf(applied) }]),
    );
    const calls = memoryCalls(sim, key, taken);
    const verdict = linearizable<KeyState>(calls, undefined, keyName);
    return verdict === "linearizable" ? [] : [`memory ${key}: what was told is ${verdict}`];
  });
}
