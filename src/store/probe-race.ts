import { createHash } from "node:crypto";
import type { TracecraftError } from "../errors.ts";
import {
  bodyOf,
  isThrottled,
  look,
  newNonce,
  ownerOf,
  pause,
  throttledPauseMs,
  troubleWords,
  type Bench,
} from "./probe-bench.ts";
import type { Expect, PutResult, Source, Version } from "./store.ts";

/** Longest that racers wait for one another: a driver may have fewer connections than there are racers. */
const gatherMs = 3_000;
const gatherStepMs = 10;
const leastHoldMs = 50;
const firstHoldMs = 400;
const mostHoldMs = 1_000;
const roundTries = 3;
/** As many as a second apart keep a driver silent for less than the 5 s that it waits. */
const spacedWriters = 4;

interface Racer {
  readonly nonce: string;
  readonly result: PutResult;
}

/** What one round showed. `unclear`: too few racers got an answer to say anything. */
export type Round =
  | { readonly kind: "one"; readonly version: Version }
  | { readonly kind: "broken"; readonly winners: number; readonly writers: number; readonly detail: string }
  | { readonly kind: "unclear"; readonly cause: TracecraftError };

export interface RaceOptions {
  /** The last byte of each is kept back until all of them are there. */
  readonly held?: boolean;
  /**
   * Of a held race: fewer racers, that begin and are let through a second apart, for a store that takes one write a
   * second for each key. It shows the same: all have sent their headers before the first of them is through.
   */
  readonly spaced?: boolean;
  readonly bytes?: number;
}

/** Racers that all put to `key` at once, and what came of it. */
export async function race(
  bench: Bench,
  key: string,
  expect: Expect,
  writers: number,
  options: RaceOptions = {},
): Promise<Round> {
  const racers = await run(bench, key, expect, writers, options);
  const there = await look(bench, key);
  return judge(racers, ownerOf(there), there?.version);
}

/** A held race without a look at what is there where the answers alone are clear: the caller goes on from the version. */
export async function quickRace(
  bench: Bench,
  key: string,
  expect: Expect,
  writers: number,
  spaced: boolean,
): Promise<Round> {
  const racers = await run(bench, key, expect, writers, { held: true, spaced });
  const written = racers.filter(({ result }) => result.outcome === "written");
  const clear = racers.every(({ result }) => result.outcome !== "unknown");
  if (clear && written.length === 1) return judge(racers, written[0]?.nonce, versionOf(written[0]));
  const there = await look(bench, key);
  return judge(racers, ownerOf(there), there?.version);
}

/** A round that says nothing is run again with another key; after a 429, `spaced`. */
export async function clearRound(
  bench: Bench,
  round: (attempt: number, spaced: boolean) => Promise<Round>,
): Promise<Round> {
  let last = await round(0, false);
  for (let attempt = 1; attempt < roundTries && last.kind === "unclear"; attempt++) {
    await pause(bench, last.cause);
    last = await round(attempt, isThrottled(last.cause));
  }
  return last;
}

async function run(
  bench: Bench,
  key: string,
  expect: Expect,
  writers: number,
  { held = false, spaced = false, bytes }: RaceOptions,
): Promise<readonly Racer[]> {
  const count = spaced ? Math.min(writers, spacedWriters) : writers;
  const apartMs = spaced ? throttledPauseMs : 0;
  const gate = gateFor(bench, count, apartMs);
  const puts = Array.from({ length: count }, async (_, place): Promise<Racer> => {
    const nonce = newNonce(bench);
    const body = bodyOf(nonce, bytes);
    if (apartMs > 0) await bench.world.sleep(place * apartMs);
    const { holdBack, left } = gate.racer();
    try {
      return { nonce, result: await bench.store.put(key, held ? holdBack(body, place) : body, expect) };
    } finally {
      left();
    }
  });
  const racers: Racer[] = [];
  for (const put of await Promise.allSettled(puts)) {
    if (put.status === "rejected") throw put.reason;
    racers.push(put.value);
  }
  return racers;
}

function versionOf(racer: Racer | undefined): Version | undefined {
  return racer?.result.outcome === "written" ? racer.result.version : undefined;
}

function judge(racers: readonly Racer[], there: string | undefined, version: Version | undefined): Round {
  const outcomes = racers.map(({ result }) => result.outcome);
  const winners = outcomes.filter((outcome) => outcome === "written").length;
  const broken = (detail: string): Round => ({ kind: "broken", winners, writers: racers.length, detail });
  const cause = racers
    .map(({ result }) => (result.outcome === "unknown" ? result.cause : undefined))
    .find((found) => found);

  if (winners > 1) return broken(`${racers.length} writers, ${winners} winners`);
  const owner = racers.find(({ nonce }) => nonce === there);
  if (winners === 1 && owner?.result.outcome !== "written") {
    return broken(`${racers.length} writers, one winner, whose body is not there`);
  }
  if (winners === 0 && owner?.result.outcome === "refused")
    return broken("a refused body was written all the same");
  // A racer that was throttled or cut off never met the condition: one winner among such proves nothing.
  const answered = racers.filter(
    ({ result }) => result.outcome !== "unknown" || isVerdict(result.cause),
  ).length;
  if (cause && answered < 2) return { kind: "unclear", cause };
  if (winners === 0 && owner === undefined) {
    return cause ? { kind: "unclear", cause } : broken(`${racers.length} writers, no winner`);
  }
  return { kind: "one", version: version ?? "" };
}

/** Ceph answers some losers of a race with 500: they have met the condition. */
function isVerdict(cause: TracecraftError): boolean {
  return /^500\b/.test(troubleWords(cause));
}

interface Gate {
  racer(): {
    /** `place` in the row of those that are let through, where they go one after the other. */
    holdBack(body: Uint8Array, place: number): Source;
    /** It has its answer, and is not waited for. */
    left(): void;
  };
}

/**
 * Holds every racer before its last byte until all of them stand there, and a little longer, so that a store which
 * checks the condition before it has the body lets several through. A driver may keep back the piece before the one
 * it waits for, so the last but one byte is a piece of its own: the store has everything but two bytes at most.
 */
function gateFor(bench: Bench, writers: number, apartMs: number): Gate {
  const there = new Set<object>();
  let opened: Promise<void> | undefined;

  async function open(): Promise<void> {
    for (
      let waited = 0;
      there.size < writers && waited < gatherMs + writers * apartMs;
      waited += gatherStepMs
    ) {
      await bench.world.sleep(gatherStepMs);
    }
    // What was handed to the network is not there yet: a connection and its encryption take a few round trips.
    const roundTrips = Number.isFinite(bench.roundTripMs) ? 4 * bench.roundTripMs : firstHoldMs;
    await bench.world.sleep(Math.min(mostHoldMs, Math.max(leastHoldMs, roundTrips)));
  }

  return {
    racer() {
      const self = {};
      return {
        holdBack: (body, place) => ({
          size: body.length,
          sha256: createHash("sha256").update(body).digest("hex"),
          async *open() {
            yield body.subarray(0, -2);
            yield body.subarray(-2, -1);
            there.add(self);
            await (opened ??= open());
            if (apartMs > 0) await bench.world.sleep(place * apartMs);
            yield body.subarray(-1);
          },
        }),
        left: () => void there.add(self),
      };
    },
  };
}
