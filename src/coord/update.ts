import { TracecraftError } from "../errors.ts";
import { recordReadLimit, writeRecord } from "../format/records.ts";
import type { PutResult, Store, StoredObject, Version } from "../store/store.ts";
import type { World } from "./project.ts";

/** A record as it was found, with the version that a compare-and-set on it names. */
export interface Found<T> {
  readonly record: T;
  readonly version: Version;
  readonly writtenAt: number | undefined;
  readonly storeNow: number | undefined;
}

/** One logical change of one record. */
export interface Change<T extends object, Answer> {
  readonly key: string;
  /** In the record that is put: new for each logical change, the same for its repetitions. */
  readonly nonce: string;
  read(key: string, body: Uint8Array): T;
  /** What to put in place of what is there, or the answer that makes a put needless. Called again after a lost race. */
  decide(found: Found<T> | undefined): { readonly put: T } | { readonly answer: Answer };
  /**
   * Whether the attempt to put `mine` is in the history of what is there now, when `now` is not what it was based on.
   * `unknown` where the record no longer reaches back so far.
   */
  landed(now: T, mine: T): "yes" | "no" | "unknown";
  /** Where to begin without a read: with nothing there, or with a state known from before. A wrong guess costs a read. */
  readonly assume?: "nothing" | Found<T>;
  /** The most bytes of this record, where that is not the usual. */
  readonly limit?: number;
  /** Told of each attempt, and of what it is to replace; it is sent when this has ended. */
  attempt?(put: T, base: T | undefined): Promise<void>;
  /** In a store without conditions: how long to wait before looking whether a rival overwrote it. */
  readonly settleMs?: number;
  /** Reads what is there, where more than this one object says it. */
  load?(): Promise<Found<T> | undefined>;
}

export type Outcome<T, Answer> =
  /** `mine` was written. `now` is what is there, which may already be a later state. */
  | { readonly kind: "written"; readonly mine: T; readonly now: Found<T> }
  | { readonly kind: "answered"; readonly answer: Answer; readonly found: Found<T> | undefined }
  /** The deadline passed before anybody could tell: the write may be in, or may land yet. */
  | { readonly kind: "unknown"; readonly cause: TracecraftError };

const firstPauseMs = 50;
const longestPauseMs = 2_000;
/** R2 and Google's store take one write a second for each key and say 429 to more. */
const throttledPauseMs = 1_000;

/**
 * The one loop around a conditional put. A 412, a 409 or a lost reply is no answer: what is there is read back, and
 * only that says whether the change is in (its nonce is there), may be repeated (what it was based on is still
 * current), or must be decided again. A version that is gone never comes back, because every record carries a nonce;
 * so an attempt based on it can no longer land.
 */
export async function update<T extends object, Answer>(
  { store, world, deadlineMs }: { store: Store; world: World; deadlineMs: number },
  change: Change<T, Answer>,
): Promise<Outcome<T, Answer>> {
  const tries = triesUntil(world, deadlineMs);
  const { assume } = change;
  // Without conditions nothing is guessed. And this reply may be another server's, which has them: see `measuredServer`.
  const reads = assume === undefined || store.traits.conditions === "ignored";
  let found = reads ? await load(store, change) : assume === "nothing" ? undefined : assume;

  for (let first = true; ; first = false) {
    const decision = change.decide(found);
    if ("answer" in decision) return { kind: "answered", answer: decision.answer, found };

    if (!first) {
      if (tries.over()) throw contended(change.key, deadlineMs);
      await tries.pause(); // Others write here too: going again at once, in step with them, would help nobody.
    }
    await change.attempt?.(decision.put, found?.record);
    if (store.traits.conditions === "ignored")
      return await putUnguarded({ store, world }, change, decision.put);
    const settled = await settle(store, change, decision.put, found, tries);
    if (settled.kind !== "overtaken") return settled;
    found = settled.by;
  }
}

/** Repeats one attempt until it is known to be in, or can no longer land because its base is gone. */
async function settle<T extends object, Answer>(
  store: Store,
  change: Change<T, Answer>,
  mine: T,
  base: Found<T> | undefined,
  tries: Tries,
): Promise<
  Exclude<Outcome<T, Answer>, { kind: "answered" }> | { kind: "overtaken"; by: Found<T> | undefined }
> {
  const body = writeRecord(change.key, mine, change.limit);
  let doubt: TracecraftError | undefined;
  for (;;) {
    let put: PutResult;
    try {
      put = await store.put(change.key, body, base ? { version: base.version } : "nothing");
    } catch (error) {
      if (doubt === undefined) throw error;
      return { kind: "unknown", cause: doubt };
    }
    if (put.outcome === "written") {
      const now = { record: mine, version: put.version, writtenAt: put.storeNow, storeNow: put.storeNow };
      return { kind: "written", mine, now };
    }
    if (put.outcome === "unknown") doubt = put.cause;

    const now = await readBack(store, change, tries);
    if (now instanceof TracecraftError) {
      if (doubt === undefined && now.code !== "unreachable") throw now;
      return { kind: "unknown", cause: doubt ?? now };
    }
    if (now?.version !== base?.version) {
      const landed = now === undefined ? "no" : change.landed(now.record, mine);
      if (landed === "yes" && now) return { kind: "written", mine, now };
      // Without a lost reply the refusal itself says that nothing of ours is in, however short the record's memory.
      if (landed === "unknown" && doubt) return { kind: "unknown", cause: doubt };
      return { kind: "overtaken", by: now };
    }
    if (tries.over()) return { kind: "unknown", cause: doubt ?? contended(change.key, tries.deadlineMs) };
    await tries.pause(put.outcome === "unknown" && put.cause.details["http_status"] === 429);
  }
}

/**
 * Best effort, for a store that has no conditions and was chosen all the same: write, wait, read back. Two writers can
 * both believe that they won if one of them is slower than the wait; whoever offers this says so.
 */
async function putUnguarded<T extends object, Answer>(
  { store, world }: { store: Store; world: World },
  change: Change<T, Answer>,
  mine: T,
): Promise<Outcome<T, Answer>> {
  const put = await store.put(change.key, writeRecord(change.key, mine, change.limit), "anything");
  if (put.outcome !== "written")
    return { kind: "unknown", cause: put.outcome === "unknown" ? put.cause : contended(change.key, 0) };
  if (change.settleMs === undefined) {
    return {
      kind: "written",
      mine,
      now: { record: mine, version: put.version, writtenAt: put.storeNow, storeNow: put.storeNow },
    };
  }
  await world.sleep(change.settleMs);
  const after = await load(store, change);
  if (after && change.landed(after.record, mine) === "yes") return { kind: "written", mine, now: after };
  const decision = change.decide(after);
  if ("answer" in decision) return { kind: "answered", answer: decision.answer, found: after };
  return { kind: "unknown", cause: contended(change.key, change.settleMs) };
}

function load<T extends object, Answer>(
  store: Store,
  change: Change<T, Answer>,
): Promise<Found<T> | undefined> {
  return change.load ? change.load() : readFound(store, change);
}

/** What is there now; or why that cannot be learned, which decides nothing. */
async function readBack<T extends object, Answer>(
  store: Store,
  change: Change<T, Answer>,
  tries: Tries,
): Promise<Found<T> | undefined | TracecraftError> {
  for (;;) {
    try {
      return await load(store, change);
    } catch (error) {
      if (!(error instanceof TracecraftError)) throw error;
      if (error.code !== "unreachable" || tries.over()) return error;
      await tries.pause();
    }
  }
}

interface Tries {
  readonly deadlineMs: number;
  over(): boolean;
  pause(throttled?: boolean): Promise<void>;
}

/** Full jitter, doubling, and never past the deadline. */
function triesUntil(world: World, deadlineMs: number): Tries {
  const giveUpAt = world.monotonic() + deadlineMs;
  let pauses = 0;
  return {
    deadlineMs,
    over: () => world.monotonic() >= giveUpAt,
    async pause(throttled = false) {
      const most = Math.min(longestPauseMs, firstPauseMs * 2 ** pauses++);
      const wanted = throttled ? throttledPauseMs * (1 + world.chance()) : most * world.chance();
      await world.sleep(Math.max(0, Math.min(wanted, giveUpAt - world.monotonic())));
    },
  };
}

/** The record at `key` with its version, or undefined where there is none. */
export async function readFound<T>(
  store: Store,
  {
    key,
    read,
    limit = recordReadLimit,
  }: { key: string; read(key: string, body: Uint8Array): T; limit?: number },
): Promise<Found<T> | undefined> {
  const object = await store.get(key, { limit });
  return object && foundIn(object, read(key, object.body));
}

export function foundIn<T>({ version, writtenAt, storeNow }: StoredObject, record: T): Found<T> {
  return { record, version, writtenAt, storeNow };
}

function contended(key: string, deadlineMs: number): TracecraftError {
  return new TracecraftError(
    "unreachable",
    `Cannot write "${key}": overtaken by others for ${deadlineMs / 1000}s`,
  );
}
