import { faults } from "./probe-conditions.ts";
import {
  keyOf,
  isThrottled,
  look,
  newNonce,
  plainPut,
  throttledPauseMs,
  type Bench,
  type Check,
} from "./probe-bench.ts";
import type { StoredObject, Version } from "./store.ts";

const workers = 8;
const increments = 8;
const longestMs = 40_000;
const mostLosses = 3;

/** Every increment that ever landed, in order, by its nonce: so the record itself says whether one of them is in. */
interface Counter {
  readonly nonces: readonly string[];
}

interface Increment {
  readonly from: Version;
  /** Unknown where the reply was lost and another increment came before the read-back. */
  readonly to: Version | undefined;
}

interface Tally {
  readonly done: Map<string, Increment>;
  /** Without an answer, and not seen when we looked. */
  readonly doubtful: Map<string, Increment>;
  readonly until: number;
}

/**
 * Workers that count one number up by compare-and-set. None may be lost, and each must have replaced the very version
 * that the one before it wrote. A slow store is stopped after a while, and judged by what it has done.
 */
export async function counterChain(bench: Bench): Promise<Check> {
  const name = "counter chain";
  const bad = (detail: string): Check => ({ name, result: "bad", detail, fault: faults.lost });
  const key = keyOf(bench, "counter");
  const first = await plainPut(bench, key, write({ nonces: [] }));
  const done = new Map<string, Increment>();
  const doubtful = new Map<string, Increment>();
  const until = bench.world.monotonic() + longestMs;
  const counts = Array.from({ length: workers }, () => countUp(bench, key, first, { done, doubtful, until }));
  for (const count of await Promise.allSettled(counts)) {
    if (count.status === "rejected") throw count.reason;
  }

  const end = await look(bench, key);
  const { nonces } = read(end);
  if (nonces.length === 0) return bad(`none of ${workers * increments} written`);
  const lost = [...done.keys()].filter((nonce) => !nonces.includes(nonce)).length;
  if (lost > 0) return bad(`${lost} of ${done.size} lost`);
  let at: Version | undefined = first;
  for (const nonce of nonces) {
    const step = done.get(nonce) ?? doubtful.get(nonce); // It may have landed after we looked.
    if (!step) return bad("an increment is there that was refused");
    if (at !== undefined && step.from !== at) return bad("two increments of one version");
    at = step.to;
  }
  if (at !== undefined && at !== end?.version) return bad("a version that nobody wrote");
  const all = workers * increments;
  const stopped = done.size < all ? `; stopped after ${longestMs / 1000}s` : "";
  return { name, result: "ok", detail: `${done.size} of ${done.size}, none lost${stopped}` };
}

async function countUp(
  bench: Bench,
  key: string,
  first: Version,
  { done, doubtful, until }: Tally,
): Promise<void> {
  let base: { version: Version; nonces: readonly string[] } = { version: first, nonces: [] };
  let losses = 0;
  for (let made = 0; made < increments && bench.world.monotonic() < until;) {
    const nonce = newNonce(bench);
    const nonces = [...base.nonces, nonce];
    const put = await bench.store.put(key, write({ nonces }), { version: base.version });
    if (put.outcome === "written") {
      done.set(nonce, { from: base.version, to: put.version });
      base = { version: put.version, nonces };
      made++;
      losses = 0;
      continue;
    }
    await backOff(bench, ++losses, put.outcome === "unknown" && isThrottled(put.cause));
    const there = await look(bench, key);
    if (!there) return; // Then nothing of what was counted is there at the end.
    const now = read(there).nonces;
    const landed = put.outcome === "unknown" && now.includes(nonce);
    if (landed) made++;
    if (put.outcome === "unknown") {
      const to = now.at(-1) === nonce ? there.version : undefined;
      (landed ? done : doubtful).set(nonce, { from: base.version, to });
    }
    base = { version: there.version, nonces: now };
  }
}

/** So that workers take turns and not all but one of them fail each time. */
async function backOff({ world, roundTripMs }: Bench, losses: number, throttled: boolean): Promise<void> {
  if (throttled) return await world.sleep(throttledPauseMs * (1 + world.chance() * workers));
  const unit = Math.max(5, Number.isFinite(roundTripMs) ? roundTripMs : 0);
  await world.sleep(Math.min(2_000, world.chance() * unit * workers * Math.min(losses, mostLosses)));
}

function write(counter: Counter): Uint8Array {
  return Buffer.from(JSON.stringify(counter));
}

function read(object: StoredObject | undefined): Counter {
  try {
    const found: unknown = JSON.parse(Buffer.from(object?.body ?? []).toString());
    if (typeof found === "object" && found !== null && "nonces" in found && Array.isArray(found.nonces)) {
      return { nonces: found.nonces.map(String) };
    }
  } catch {
    // A body that is torn has none of the increments.
  }
  return { nonces: [] };
}
