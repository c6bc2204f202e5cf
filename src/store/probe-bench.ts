import { TracecraftError } from "../errors.ts";
import type { Expect, Store, StoredObject, Version } from "./store.ts";

/** What a measurement needs of the world. `sleep` may end early when the process is told to stop. */
export interface ProbeWorld {
  /** Wall clock, in ms. */
  now(): number;
  /** Never goes back, in ms. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
  randomHex(bytes: number): string;
  chance(): number;
}

export type CheckName =
  | "create-if-absent"
  | "compare-and-set"
  | "race"
  | "held last byte"
  | "counter chain"
  | "lost reply"
  | "read"
  | "list"
  | "delete"
  | "clock"
  | "rights";

export interface Check {
  readonly name: CheckName;
  readonly result: "ok" | "bad" | "skipped";
  readonly detail: string;
  /** Of a bad check: what the store does, to follow its name, such as "ignores If-None-Match". */
  readonly fault?: string;
  /** Of a bad race: "16 of 16 racers won". */
  readonly evidence?: string;
  /** Why it could not be finished: the store may be right or wrong, and nothing is to be concluded. */
  readonly undecided?: TracecraftError;
  /** What it took, in the long form. */
  readonly requests?: number;
  readonly seconds?: number;
}

/** One measurement: the store with every call of it counted, a place of its own, and what its replies gave away. */
export interface Bench {
  readonly store: Store;
  readonly world: ProbeWorld;
  /** Every key lies under it; it ends in "/". */
  readonly place: string;
  readonly startedAt: number;
  readonly counts: { requests: number; troubled: number };
  /** Keys that may be there. */
  readonly keys: Set<string>;
  readonly clock: ClockBounds;
  roundTripMs: number;
}

/** From each reply: the store's clock less ours lies between `least` and `most`, in ms, counting for whole seconds. */
export interface ClockBounds {
  replies: number;
  least: number;
  most: number;
  /** Whether every time was a whole second so far. */
  seconds: boolean;
}

/** A body has its nonce first, so that what is there says whose it is. */
const nonceLength = 32;
const smallBytes = 64;
const readLimit = 4 * 2 ** 20;
/** Of one put that gets no answer. */
export const tries = 4;
/** R2 and Google's store take one write a second for each key. */
export const throttledPauseMs = 1_100;

export function openBench(store: Store, world: ProbeWorld, place: string): Bench {
  const counts = { requests: 0, troubled: 0 };
  const clock: ClockBounds = { replies: 0, least: -Infinity, most: Infinity, seconds: true };
  const keys = new Set<string>();

  async function timed<T>(call: () => Promise<T>, timeOf: (answer: T) => unknown): Promise<T> {
    counts.requests++;
    const sentAt = world.now();
    const startedAt = world.monotonic();
    try {
      const answer = await call();
      bench.roundTripMs = Math.min(bench.roundTripMs, world.monotonic() - startedAt);
      note(clock, timeOf(answer), sentAt, world.now());
      return answer;
    } catch (error) {
      counts.troubled++;
      throw error;
    }
  }

  const counted: Store = {
    name: store.name,
    traits: store.traits,
    get: ((key: string, options: Parameters<Store["get"]>[1]) =>
      timed(
        () => store.get(key, options),
        (answer) => answer?.storeNow,
      )) as Store["get"],
    async put(key, body, expect) {
      keys.add(key);
      const put = await timed(
        () => store.put(key, body, expect),
        (answer) => (answer.outcome === "written" ? answer.storeNow : undefined),
      );
      if (put.outcome === "unknown") counts.troubled++;
      return put;
    },
    async *list(prefix, after) {
      const pages = store.list(prefix, after)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await timed(
            () => pages.next(),
            (answer) => (answer.done ? undefined : answer.value.storeNow),
          );
          if (next.done) counts.requests--; // The end of a listing is not asked for.
          if (next.done) return;
          yield next.value;
        }
      } finally {
        await pages.return?.();
      }
    },
    delete: (key) =>
      timed(
        () => store.delete(key),
        () => undefined,
      ),
  };
  const startedAt = world.monotonic();
  const bench: Bench = {
    store: counted,
    world,
    place,
    startedAt,
    counts,
    keys,
    clock,
    roundTripMs: Infinity,
  };
  return bench;
}

function note(clock: ClockBounds, storeNow: unknown, sentAt: number, receivedAt: number): void {
  if (typeof storeNow !== "number") return;
  clock.replies++;
  if (storeNow % 1000 !== 0) clock.seconds = false;
  clock.least = Math.max(clock.least, storeNow - receivedAt);
  clock.most = Math.min(clock.most, storeNow - sentAt);
}

export function keyOf(bench: Bench, name: string): string {
  return `${bench.place}${name}`;
}

export function newNonce({ world }: Bench): string {
  return world.randomHex(nonceLength / 2);
}

export function bodyOf(nonce: string, bytes = smallBytes): Uint8Array {
  return Buffer.from(`${nonce}\n`.padEnd(bytes, "."));
}

/** Whose body is there; undefined where nothing is. */
export function ownerOf(object: StoredObject | undefined): string | undefined {
  return object && Buffer.from(object.body.subarray(0, nonceLength)).toString();
}

export function look(bench: Bench, key: string): Promise<StoredObject | undefined> {
  return bench.store.get(key, { limit: readLimit });
}

export type Settled = { readonly written: true; readonly version: Version } | { readonly written: false };

/**
 * One put whose outcome is known in the end: after a lost reply what is there tells, and only what is not there is
 * put again. Throws `unreachable` when the store never gives a clear answer.
 */
export async function settledPut(
  bench: Bench,
  key: string,
  nonce: string,
  expect: Expect,
  body = bodyOf(nonce),
): Promise<Settled> {
  let doubt: TracecraftError | undefined;
  for (let made = 0; made < tries; made++) {
    const put = await bench.store.put(key, body, expect);
    if (put.outcome === "written") return { written: true, version: put.version };
    if (put.outcome === "refused" && !doubt) return { written: false };
    const there = await look(bench, key);
    if (there && ownerOf(there) === nonce) return { written: true, version: there.version };
    if (put.outcome === "refused") return { written: false };
    doubt = put.cause;
    await pause(bench, put.cause);
  }
  throw doubt!;
}

/** A put that expects nothing, so it may be repeated: its version. Throws `unreachable` when it never gets through. */
export async function plainPut(bench: Bench, key: string, body: Uint8Array): Promise<Version> {
  for (let made = 1; ; made++) {
    const put = await bench.store.put(key, body, "anything");
    if (put.outcome === "written") return put.version;
    if (put.outcome === "refused") {
      throw new TracecraftError("malformed", `Cannot write "${key}": a plain put refused`);
    }
    if (made === tries) throw put.cause;
    await pause(bench, put.cause);
  }
}

export async function pause(bench: Bench, cause: TracecraftError): Promise<void> {
  const throttled = isThrottled(cause) || /^503\b/.test(troubleWords(cause));
  await bench.world.sleep(throttled ? throttledPauseMs : 200);
}

/** The store takes no more writes of this key for now: it says nothing about conditions. */
export function isThrottled(cause: TracecraftError): boolean {
  return /^429\b/.test(troubleWords(cause));
}

/** Work on each item, at most `width` at a time, so that a measurement does not look like an attack. */
export async function eachOf<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  width = 16,
): Promise<void> {
  const waiting = [...items];
  const workers = Array.from({ length: Math.min(width, waiting.length) }, async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  });
  await Promise.all(workers);
}

/** The store's own words about trouble, for one line: "429 SlowDown", "connection refused". */
export function troubleWords(error: TracecraftError): string {
  if (typeof error.cause === "string") return error.cause.replace(/ \(request [^)]*\)/, "");
  if (error.cause instanceof Error) return error.cause.message;
  return error.message.replace(/^Cannot [^:]*"[^"]*": /, "");
}
