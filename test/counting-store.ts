import type { Store } from "../src/store/store.ts";

export interface CountingStore extends Store {
  /** Such as "put messages/b/…", in the order in which they were sent. */
  readonly requests: string[];
  /** Round trips: requests that were on their way together count once. */
  rounds(): number;
  reset(): void;
}

/** The same store, which answers all that was asked at the same moment at once, and counts those moments. */
export function countingStore(store: Store): CountingStore {
  const requests: string[] = [];
  let rounds = 0;
  let waiting: (() => void)[] = [];

  async function request(what: string): Promise<void> {
    requests.push(what);
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(answer);
    });
  }

  function answer(): void {
    rounds++;
    const answered = waiting;
    waiting = [];
    for (const resolve of answered) resolve();
  }

  return {
    name: store.name,
    traits: store.traits,
    get: (async (key: string, options: Parameters<Store["get"]>[1]) => {
      await request(`get ${key}`);
      return await store.get(key, options);
    }) as Store["get"],
    async put(key, body, expect) {
      await request(`put ${key}`);
      return await store.put(key, body, expect);
    },
    async *list(prefix, after) {
      await request(`list ${prefix}`);
      let first = true;
      for await (const page of store.list(prefix, after)) {
        if (!first) await request(`list ${prefix}, next page`);
        first = false;
        yield page;
      }
    },
    async delete(key) {
      await request(`delete ${key}`);
      await store.delete(key);
    },
    requests,
    rounds: () => rounds,
    reset() {
      requests.length = 0;
      rounds = 0;
    },
  };
}
