import { TracecraftError } from "../src/errors.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Expect, Listed, Page, Source, Store } from "../src/store/store.ts";

/** What a memory store is made to do wrong. Whatever is not named, it does right. */
export interface Faults {
  put?(right: Store, key: string, body: Uint8Array | Source, expect: Expect): ReturnType<Store["put"]>;
  get?(right: Store, key: string, options: Parameters<Store["get"]>[1]): ReturnType<Store["get"]>;
  list?(right: Store, prefix: string, after: string | undefined): AsyncIterable<Page>;
  delete?(right: Store, key: string): Promise<void>;
}

/** A memory store behind a wrapper, as the S3 driver is: nothing is known of its conditions, and it may be wrong. */
export function brokenStore(
  faults: Faults,
  { server, now }: { server?: string; now?: () => number } = {},
): Store {
  const right = memoryStore(now);
  const { put = plainPut, get = plainGet, list = plainList, delete: remove = plainDelete } = faults;
  const traits: Store["traits"] = {
    endpoint: "https://s3.example.net",
    bucket: "acme-agents",
    prefix: "shop",
    server,
    conditions: "unknown",
  };
  return {
    name: "s3://acme-agents/shop",
    traits,
    get: ((key: string, options: Parameters<Store["get"]>[1]) => get(right, key, options)) as Store["get"],
    put: (key, body, expect) => put(right, key, body, expect),
    list(prefix, after) {
      right.traits.pageSize = traits.pageSize;
      return list(right, prefix, after);
    },
    delete: (key) => remove(right, key),
  };
}

const plainPut: Required<Faults>["put"] = (right, key, body, expect) => right.put(key, body, expect);
const plainGet: Required<Faults>["get"] = (right, key, options) => right.get(key, options);
const plainList: Required<Faults>["list"] = (right, prefix, after) => right.list(prefix, after);
const plainDelete: Required<Faults>["delete"] = (right, key) => right.delete(key);

/** GCS through its S3 dialect, Garage, s3rver: 200, and overwritten. */
export const ignoresIfNoneMatch: Faults = {
  put: (right, key, body, expect) => right.put(key, body, expect === "nothing" ? "anything" : expect),
};

export const ignoresIfMatch: Faults = {
  put: (right, key, body, expect) => right.put(key, body, typeof expect === "object" ? "anything" : expect),
};

export const ignoresBoth: Faults = {
  put: (right, key, body) => right.put(key, body, "anything"),
};

/** Looks first and writes later, with others in between: right as long as nobody else is there. */
export const looksThenWrites: Faults = {
  async put(right, key, body, expect) {
    const bytes = body instanceof Uint8Array ? body : await wholeOf(body);
    if (!(await holds(right, key, expect))) return { outcome: "refused" };
    await tick();
    return right.put(key, bytes, "anything");
  },
};

/** Looks at the headers, then waits for the body: right even in a race, if nobody is slow to send. */
export const looksBeforeTheBody: Faults = {
  async put(right, key, body, expect) {
    if (body instanceof Uint8Array) return right.put(key, body, expect);
    if (!(await holds(right, key, expect))) return { outcome: "refused" };
    return right.put(key, await wholeOf(body), "anything");
  },
};

/** Says "refused", and has written. */
export const writesWhatItRefuses: Faults = {
  async put(right, key, body, expect) {
    const put = await right.put(key, body, expect);
    if (put.outcome === "refused") await right.put(key, body, "anything");
    return put;
  },
};

/** MinIO before 2025-09. */
export const createsOnIfMatch: Faults = {
  async put(right, key, body, expect) {
    const there = await right.get(key, { limit: 2 ** 22 });
    return right.put(key, body, typeof expect === "object" && !there ? "anything" : expect);
  },
};

/** MinIO of 2025-09-06: 404 to every create. */
export const cannotCreate: Faults = {
  async put(right, key, body, expect) {
    if (expect !== "nothing") return right.put(key, body, expect);
    throw new TracecraftError("config", `Cannot PUT "${key}": the store refuses the request`, {
      cause: "404 NoSuchKey",
    });
  },
};

/** B2: 501, loudly. */
export const refusesConditions: Faults = {
  async put(right, key, body, expect) {
    if (expect === "anything") return right.put(key, body, expect);
    throw new TracecraftError(
      "unfit_store",
      `Cannot write "${key}": s3://acme-agents does not do If-None-Match`,
      {
        cause: "501 NotImplemented",
      },
    );
  },
};

/** Weak ETags: If-Match compares strongly, so that no version is ever the current one. */
export const neverMatches: Faults = {
  async put(right, key, body, expect) {
    return typeof expect === "object" ? { outcome: "refused" } : right.put(key, body, expect);
  },
};

/** Acknowledges now and then what it forgets at once. */
export function losesUpdates(): Faults {
  let puts = 0;
  return {
    async put(right, key, body, expect) {
      const before = await right.get(key, { limit: 2 ** 22 });
      const put = await right.put(key, body, expect);
      if (put.outcome === "written" && key.endsWith("/counter") && before && ++puts % 5 === 0) {
        await right.put(key, before.body, "anything");
      }
      return put;
    },
  };
}

/** The version is a hash of the body, as on most stores: right, since every body has a nonce. */
export const hashedVersions: Faults = {
  async put(right, key, body, expect) {
    const bytes = body instanceof Uint8Array ? body.slice() : await wholeOf(body);
    const there = await right.get(key, { limit: 2 ** 22 });
    const wanted = typeof expect === "object" ? expect.version === (there && hashOf(there.body)) : true;
    if (!wanted) return { outcome: "refused" };
    const base = typeof expect === "object" && there ? { version: there.version } : expect;
    const put = await right.put(key, bytes, base);
    return put.outcome === "written" ? { ...put, version: hashOf(bytes) } : put;
  },
  async get(right, key, options) {
    const { unless, ...rest } = options as typeof options & { unless?: string };
    const object = await right.get(key, rest);
    if (!object) return undefined;
    const whole = await right.get(key, { limit: 2 ** 22 });
    const version = hashOf(whole!.body);
    return unless === version ? { ...object, unchanged: true as const, version } : { ...object, version };
  },
};

/** A listing of a moment ago. */
export function staleLists(): Faults {
  const shown = new Map<string, readonly Listed[]>();
  return {
    async *list(right, prefix, after) {
      const now: Listed[] = [];
      for await (const { objects } of right.list(prefix, after)) now.push(...objects);
      yield { storeNow: undefined, objects: shown.get(`${prefix} ${after}`) ?? [] };
      shown.set(`${prefix} ${after}`, now);
    },
  };
}

/** The first page is all there is. */
export const onePageOnly: Faults = {
  async *list(right, prefix, after) {
    for await (const { storeNow, objects } of right.list(prefix, after)) {
      yield { storeNow, objects: objects.slice(0, 4) };
      return;
    }
  },
};

/** The next page begins one key too late. */
export const skipsBetweenPages: Faults = {
  async *list(right, prefix, after) {
    let first = true;
    for await (const { storeNow, objects } of right.list(prefix, after)) {
      yield { storeNow, objects: first ? objects : objects.slice(1) };
      first = false;
    }
  },
};

/** The continuation token leads to the page it came with. */
export const loopingPages: Faults = {
  async *list(right, prefix, after) {
    for (;;) yield* right.list(prefix, after);
  },
};

export const backwards: Faults = {
  async *list(right, prefix, after) {
    for await (const { storeNow, objects } of right.list(prefix, after))
      yield { storeNow, objects: objects.toReversed() };
  },
};

export const startsAtAfter: Faults = {
  async *list(right, prefix, after) {
    for await (const { storeNow, objects } of right.list(prefix))
      yield { storeNow, objects: objects.filter(({ key }) => after === undefined || key >= after) };
  },
};

/** Reads what was deleted from a cache. */
export const keepsDeleted: Faults = {
  async delete() {},
};

/** `Last-Modified` by another clock than `Date`: every lease would look an hour older than it is. */
export const twoClocks: Faults = {
  async get(right, key, options) {
    const object = await right.get(key, options);
    return object && { ...object, writtenAt: (object.writtenAt ?? 0) - 3_600_000 };
  },
};

/** No `Date`: nobody can say how old a claim is. */
export const tellsNoTime: Faults = {
  async get(right, key, options) {
    const object = await right.get(key, options);
    return object && { ...object, storeNow: undefined };
  },
  async put(right, key, body, expect) {
    const put = await right.put(key, body, expect);
    return put.outcome === "written" ? { ...put, storeNow: undefined } : put;
  },
  async *list(right, prefix, after) {
    for await (const { objects } of right.list(prefix, after)) yield { storeNow: undefined, objects };
  },
};

export const deniesListing: Faults = {
  // eslint-disable-next-line require-yield
  async *list() {
    throw denied("LIST shop/");
  },
};

export const deniesDeleting: Faults = {
  async delete() {
    throw denied("DELETE shop/");
  },
};

export const deniesWriting: Faults = {
  async put() {
    throw denied("PUT shop/");
  },
};

/** Every `nth` write is answered 429. */
export function throttles(nth: number): Faults {
  let puts = 0;
  return {
    async put(right, key, body, expect) {
      if (++puts % nth !== 0) return right.put(key, body, expect);
      return tooMany();
    },
  };
}

/** R2: one write a second for each key, 429 to the others, whatever their conditions. */
export function oneWriteASecond(now: () => number, faults: Faults = {}): Faults {
  const last = new Map<string, number>();
  return {
    ...faults,
    async put(right, key, body, expect) {
      const free: Faults["put"] = async (store, ...rest) => {
        if (now() - (last.get(key) ?? -Infinity) < 1_000) return tooMany();
        last.set(key, now());
        return store.put(...rest);
      };
      const limited: Store = { ...right, put: (...call) => free(right, ...call) };
      const bytes = body instanceof Uint8Array || faults.put ? body : await wholeOf(body);
      return faults.put ? faults.put(limited, key, bytes, expect) : limited.put(key, bytes, expect);
    },
  };
}

function tooMany(): { outcome: "unknown"; cause: TracecraftError } {
  const message = 'Cannot reach "s3://acme-agents/shop": it answers 429';
  return {
    outcome: "unknown",
    cause: new TracecraftError("unreachable", message, { cause: "429 SlowDown (request 7QX2)" }),
  };
}

/** Every `nth` reply to a write is lost after the store has applied it. */
export function losesReplies(nth: number): Faults {
  let puts = 0;
  return {
    async put(right, key, body, expect) {
      const put = await right.put(key, body, expect);
      if (put.outcome !== "written" || ++puts % nth !== 0) return put;
      const cause = new TracecraftError(
        "unreachable",
        'Cannot reach "s3://acme-agents/shop": connection reset',
      );
      return { outcome: "unknown", cause };
    },
  };
}

function denied(to: string): TracecraftError {
  return new TracecraftError("denied", `Cannot open "s3://acme-agents/shop": access denied to ${to}`, {
    cause: "403 AccessDenied",
  });
}

async function holds(right: Store, key: string, expect: Expect): Promise<boolean> {
  const there = await right.get(key, { limit: 2 ** 22 });
  if (expect === "nothing") return there === undefined;
  return typeof expect === "object" ? there?.version === expect.version : true;
}

async function wholeOf(source: Source): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.open()) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

function hashOf(body: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of body) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${hash.toString(16)}-${body.length}`;
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
