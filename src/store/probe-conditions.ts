import {
  bodyOf,
  eachOf,
  isThrottled,
  keyOf,
  look,
  newNonce,
  ownerOf,
  pause,
  plainPut,
  settledPut,
  tries,
  troubleWords,
  type Bench,
  type Check,
} from "./probe-bench.ts";
import { clearRound, race, type Round } from "./probe-race.ts";
import type { Store } from "./store.ts";

export const raceWriters = 16;
export const raceRounds = 5;
export const heldWriters = 8;
const largeBytes = 2 ** 20;
const lostReplies = 8;

/** Faults as they follow the store's name: in the verdict, and in what `claim` says. */
export const faults = {
  create: "ignores If-None-Match",
  createBroken: "refuses to create a new key under If-None-Match",
  replace: "ignores If-Match",
  replaceBroken: "refuses If-Match with the version that it gave",
  missing: "creates a missing key under If-Match",
  body: "keeps the body of a write that it refused",
  race: "lets several racers win",
  held: "checks the condition before it has the body",
  lost: "loses updates",
  reply: "does not tell what became of a write",
  refuses: "does not do conditional writes",
} as const;

/** A create of a new key is written, a second one is not, and neither is its body. */
export async function createIfAbsent(bench: Bench): Promise<Check> {
  const name = "create-if-absent";
  const key = keyOf(bench, "create");
  const nonce = newNonce(bench);
  const first = await settledPut(bench, key, nonce, "nothing");
  if (!first.written)
    return { name, result: "bad", detail: "first create refused", fault: faults.createBroken };
  const second = await settledPut(bench, key, newNonce(bench), "nothing");
  if (second.written) {
    return {
      name,
      result: "bad",
      detail: "second create written: If-None-Match ignored",
      fault: faults.create,
    };
  }
  if (ownerOf(await look(bench, key)) !== nonce) {
    return { name, result: "bad", detail: "second create refused, its body is there", fault: faults.body };
  }
  return { name, result: "ok", detail: "second create refused" };
}

/** The current version is replaced; a stale one, and one of a missing key, is refused and nothing written. */
export async function compareAndSet(bench: Bench): Promise<Check> {
  const name = "compare-and-set";
  const bad = (detail: string, fault: string): Check => ({ name, result: "bad", detail, fault });
  const key = keyOf(bench, "replace");
  const first = { version: await plainPut(bench, key, bodyOf(newNonce(bench))) };

  const nonce = newNonce(bench);
  const second = await settledPut(bench, key, nonce, first);
  if (!second.written) return bad("current version refused", faults.replaceBroken);
  if (ownerOf(await look(bench, key)) !== nonce) return bad("written, yet not there", faults.lost);

  const stale = await settledPut(bench, key, newNonce(bench), first);
  if (stale.written) return bad("stale version written: If-Match ignored", faults.replace);
  if (ownerOf(await look(bench, key)) !== nonce)
    return bad("stale version refused, its body is there", faults.body);

  const missing = keyOf(bench, "missing");
  const onMissing = await settledPut(bench, missing, newNonce(bench), first);
  if (onMissing.written || (await look(bench, missing))) {
    return bad("a missing key was created under If-Match", faults.missing);
  }

  // The same bytes again: where the version is a hash of them, only a nonce in every body tells two writes apart.
  const again = await bench.store.put(key, bodyOf(nonce), second);
  const hashed = again.outcome === "written" && again.version === second.version;
  const notes = ["stale version refused", quotingWords(bench.store), hashed && "same bytes, same version"];
  return { name, result: "ok", detail: notes.filter(Boolean).join("; ") };
}

function quotingWords({ traits }: Store): string | undefined {
  const quoting = etagQuoting({ traits });
  return quoting && `ETag ${quoting === "bare" ? "without quotes" : "quoted"}`;
}

/** How the driver found that If-Match wants the ETag, where it is one that has to find out. */
export function etagQuoting({ traits }: Pick<Store, "traits">): "quoted" | "bare" | undefined {
  const found = "etagQuoting" in traits ? traits.etagQuoting : undefined;
  return found === "quoted" || found === "bare" ? found : undefined;
}

/** Rounds of writers at once, creating and replacing; one round has bodies of a megabyte. */
export async function races(bench: Bench, rounds = raceRounds): Promise<Check> {
  const name = "race";
  for (let number = 0; number < rounds; number++) {
    const bytes = rounds > 1 && number === rounds - 1 ? { bytes: largeBytes } : {};
    const created = await clearRound(bench, (attempt) =>
      race(bench, keyOf(bench, `race-${number}-${attempt}`), "nothing", raceWriters, bytes),
    );
    const broken = throttledRace(created) ?? brokenRound(name, created, faults.race);
    if (broken) return broken;
    if (rounds === 1) continue;
    const replaced = await clearRound(bench, async (attempt) => {
      const key = keyOf(bench, `replace-${number}-${attempt}`);
      const base = { version: await plainPut(bench, key, bodyOf(newNonce(bench))) };
      return race(bench, key, base, raceWriters);
    });
    const lost = throttledRace(replaced) ?? brokenRound(name, replaced, faults.race);
    if (lost) return lost;
  }
  return { name, result: "ok", detail: `${raceWriters} writers, ${rounds} rounds, one winner each` };
}

/**
 * A store that takes one write a second for each key has no such race. Whether it looks too early is then for the held
 * race to find, where writers are let through one after the other.
 */
function throttledRace(round: Round): Check | undefined {
  if (round.kind !== "unclear" || !isThrottled(round.cause)) return undefined;
  return { name: "race", result: "skipped", detail: `not possible: ${troubleWords(round.cause)}` };
}

/** Writers that have all sent all but their last byte when the first of them is let through. */
export async function heldRaces(bench: Bench): Promise<Check> {
  const name = "held last byte";
  const created = await clearRound(bench, (attempt, spaced) =>
    race(bench, keyOf(bench, `held-${attempt}`), "nothing", heldWriters, { held: true, spaced }),
  );
  const broken = brokenRound(name, created, faults.held);
  if (broken) return broken;
  const replaced = await clearRound(bench, async (attempt, spaced) => {
    const key = keyOf(bench, `held-replace-${attempt}`);
    const base = { version: await plainPut(bench, key, bodyOf(newNonce(bench))) };
    return race(bench, key, base, heldWriters, { held: true, spaced });
  });
  return (
    brokenRound(name, replaced, faults.held) ?? {
      name,
      result: "ok",
      detail: `${heldWriters} writers, one winner`,
    }
  );
}

/** The check that a round spoils. Throws why it said nothing. */
export function brokenRound(name: "race" | "held last byte", round: Round, fault: string): Check | undefined {
  if (round.kind === "unclear") throw round.cause;
  if (round.kind === "one") return undefined;
  const { winners, writers, detail } = round;
  const evidence = winners > 1 ? { evidence: `${winners} of ${writers} racers won` } : {};
  return { name, result: "bad", detail, fault, ...evidence };
}

/** Repeats creates as if the reply had been lost: the repetition must be refused and the read-back say "mine". */
export async function lostReply(bench: Bench): Promise<Check> {
  const name = "lost reply";
  let truths = 0;
  await eachOf(Array.from({ length: lostReplies }).keys(), async (number) => {
    const key = keyOf(bench, `lost-${number}`);
    const nonce = newNonce(bench);
    const first = await settledPut(bench, key, nonce, "nothing");
    const repeated = await repeatedPut(bench, key, bodyOf(nonce));
    const mine = ownerOf(await look(bench, key)) === nonce;
    if (first.written && repeated === "refused" && mine) truths++;
  });
  const detail = `read-back told the truth, ${truths} of ${lostReplies}`;
  return truths === lostReplies
    ? { name, result: "ok", detail }
    : { name, result: "bad", detail, fault: faults.reply };
}

/** The same create again, until it is answered. */
async function repeatedPut(bench: Bench, key: string, body: Uint8Array): Promise<"written" | "refused"> {
  for (let made = 1; ; made++) {
    const put = await bench.store.put(key, body, "nothing");
    if (put.outcome !== "unknown") return put.outcome;
    if (made === tries) throw put.cause;
    await pause(bench, put.cause);
  }
}
