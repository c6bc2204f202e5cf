import { TracecraftError } from "../src/errors.ts";
import type { Page, PutResult, Store } from "../src/store/store.ts";

/** What a process that was killed sees of its next call. Nothing of ours may catch it. */
export class Killed extends Error {}

export interface Faults {
  /** What becomes of the n-th call, counted from 0. */
  readonly at: (call: number) => "fine" | "fails" | "lost" | "killed before" | "killed after";
  /** Runs before each call. */
  readonly before?: (call: number) => void;
}

const thrown = (cause: TracecraftError): never => {
  throw cause;
};
const lost = () => new TracecraftError("unreachable", "Cannot reach the store: the reply was lost");

/**
 * The same store as one process sees it: a call may fail before it has any effect, its reply may be lost after it had,
 * and the process may be killed at either moment; it then makes no further call.
 */
export function faultyStore(store: Store, { at, before }: Faults): Store & { readonly calls: () => number } {
  let calls = 0;
  let dead = false;

  async function call<Answer>(
    work: () => Promise<Answer>,
    doubt: (cause: TracecraftError) => Answer,
  ): Promise<Answer> {
    await Promise.resolve(); // So that processes that run at once take turns.
    if (dead) throw new Killed();
    const n = calls++;
    before?.(n);
    const fate = at(n);
    if (fate === "killed before" || fate === "killed after") dead = true;
    if (fate === "killed before") throw new Killed();
    if (fate === "fails") return doubt(lost());
    const answer = await work();
    if (fate === "killed after") throw new Killed();
    return fate === "lost" ? doubt(lost()) : answer;
  }

  return {
    name: store.name,
    traits: store.traits,
    get: ((key: string, options: Parameters<Store["get"]>[1]) =>
      call<unknown>(() => store.get(key, options), thrown)) as Store["get"],
    put: (key, body, expect) =>
      call<PutResult>(
        () => store.put(key, body, expect),
        (cause) => ({ outcome: "unknown", cause }),
      ),
    async *list(prefix, after) {
      const pages = await call(() => collected(store.list(prefix, after)), thrown);
      yield* pages;
    },
    delete: (key) => call(() => store.delete(key), thrown),
    calls: () => calls,
  };
}

async function collected(list: AsyncIterable<Page>): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of list) pages.push(page);
  return pages;
}
