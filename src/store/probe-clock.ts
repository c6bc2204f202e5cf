import {
  bodyOf,
  keyOf,
  look,
  newNonce,
  plainPut,
  type Bench,
  type Check,
  type ClockBounds,
} from "./probe-bench.ts";

/** Both times of a reply are whole seconds. */
const toleranceMs = 2_000;
/** S3 refuses requests whose time is further off than this. */
export const farOffMs = 15 * 60_000;

export const clockFault = "gives times that do not fit together";

/**
 * How far our clock is off, and whether the store's two times of one reply (now, and when the object was written) can
 * be subtracted: the age of a lease is that difference. A store that does not tell them is no fault: then a lease
 * lapses by how long this machine has seen it unchanged.
 */
export async function clocks(bench: Bench): Promise<Check> {
  const name = "clock";
  const key = keyOf(bench, "clock");
  const before = bench.world.monotonic();
  await plainPut(bench, key, bodyOf(newNonce(bench)));
  const object = await look(bench, key);
  const elapsedMs = bench.world.monotonic() - before;

  const { storeNow, writtenAt } = object ?? {};
  const wordsOf = offsetWords(bench.clock);
  if (storeNow === undefined || writtenAt === undefined) {
    return {
      name,
      result: "ok",
      detail: `${wordsOf}; replies do not tell an object's age: leases lapse by sight`,
    };
  }
  const ageMs = storeNow - writtenAt;
  if (ageMs < -toleranceMs || ageMs > elapsedMs + toleranceMs) {
    const detail = `an object just written is ${spanWords(ageMs)} old by the store's own times`;
    return { name, result: "bad", detail, fault: clockFault };
  }
  return { name, result: "ok", detail: wordsOf };
}

/** The store's clock less ours, in ms: 0 as long as no reply contradicts that. Undefined when no reply told it. */
export function clockOffsetMs({ replies, least, most, seconds }: ClockBounds): number | undefined {
  if (replies === 0) return undefined;
  const upTo = most + (seconds ? 999 : 0); // A time in whole seconds was up to a second later.
  // Bounds that contradict each other are several clocks.
  return least <= 0 && upTo >= 0 ? 0 : Math.round((least + upTo) / 2);
}

function offsetWords(clock: ClockBounds): string {
  const offset = clockOffsetMs(clock);
  if (offset === undefined) return "replies do not tell the time";
  const off = Math.abs(offset);
  if (off < 100) return "ours in step";
  const words = `ours ${spanWords(off)} ${offset < 0 ? "ahead" : "behind"}`;
  return off < farOffMs ? words : `${words}: set this machine's clock`;
}

function spanWords(ms: number): string {
  const seconds = ms / 1000;
  if (Math.abs(seconds) < 60) return `${seconds.toFixed(1)}s`;
  return `${Math.trunc(seconds / 60)}m`;
}
