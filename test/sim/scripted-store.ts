import { TracecraftError } from "../../src/errors.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Expect, PutResult, Store } from "../../src/store/store.ts";

/** What becomes of one put of one key, before the next of them. */
export type PutStep =
  /** As it should be. */
  | "ok"
  /** Nothing happens, and the answer is a 412 or a 409. */
  | "refused"
  /** Nothing happens, and no answer comes; `throttled` says 429. */
  | "lost"
  | "throttled"
  /** It happens, and no answer comes. */
  | "reply lost"
  /** It is denied, or the store cannot do conditions. */
  | "denied"
  | "unfit_store"
  /** Somebody else is faster; then it is as it should be. */
  | (() => Promise<unknown>)
  /** It happens, then somebody else goes on from it, and no answer comes. */
  | { readonly overtakenBy: () => Promise<unknown> };

export interface ScriptedStore extends Store {
  /** Each request, as "put steps/a/claim.json". */
  readonly log: string[];
  /** What becomes of the next puts of a key; after them all is as it should be. */
  onPut(key: string, ...steps: readonly PutStep[]): void;
  /** How many of the next gets of a key fail. */
  onGet(key: string, failures: number): void;
}

/** A memory store in which chosen requests go wrong. */
export function scriptedStore(now: () => number): ScriptedStore {
  const inner = memoryStore(now);
  const puts = new Map<string, PutStep[]>();
  const gets = new Map<string, number>();
  const log: string[] = [];

  return {
    ...inner,
    log,
    onPut: (key, ...steps) => void puts.set(key, [...steps]),
    onGet: (key, failures) => void gets.set(key, failures),
    get: (async (key: string, options: Parameters<Store["get"]>[1]) => {
      log.push(`get ${key}`);
      const failures = gets.get(key) ?? 0;
      gets.set(key, failures - 1);
      if (failures > 0) throw trouble("unreachable", `Cannot read "${key}"`);
      return await inner.get(key, options);
    }) as Store["get"],
    async put(key, body, expect): Promise<PutResult> {
      log.push(`put ${key} ${describe(expect)}`);
      const step = puts.get(key)?.shift() ?? "ok";
      if (typeof step === "function") await step();
      if (step === "denied" || step === "unfit_store") throw trouble(step, `Cannot write "${key}"`);
      if (step === "refused") return { outcome: "refused" };
      if (step === "lost" || step === "throttled") return unknown(key, step);
      const result = await inner.put(key, body, expect);
      if (typeof step === "object") await step.overtakenBy();
      return step === "reply lost" || typeof step === "object" ? unknown(key, "reply lost") : result;
    },
  };
}

function describe(expect: Expect): string {
  return typeof expect === "object" ? "if it is that version" : expect;
}

function unknown(key: string, step: string): PutResult {
  const details = step === "throttled" ? { http_status: 429 } : {};
  return { outcome: "unknown", cause: trouble("unreachable", `Cannot write "${key}": ${step}`, details) };
}

function trouble(
  code: "unreachable" | "denied" | "unfit_store",
  message: string,
  details = {},
): TracecraftError {
  return new TracecraftError(code, message, { details });
}
