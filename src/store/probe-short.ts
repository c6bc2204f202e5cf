import { TracecraftError } from "../errors.ts";
import { keyOf, look, newNonce, ownerOf, settledPut, type Bench, type Check } from "./probe-bench.ts";
import { sweepPage } from "./probe-cleaning.ts";
import { brokenRound, faults } from "./probe-conditions.ts";
import { guarded, isWritable } from "./probe-guard.ts";
import { clearRound, quickRace } from "./probe-race.ts";
import type { Page, Version } from "./store.ts";

export const shortWriters = 4;

/**
 * Whether conditions hold, in five round trips: a held race of four creates one object, a compare-and-set replaces it,
 * then a second create, a stale one and one of a missing key must be refused, and a listing shows that they wrote
 * nothing. It also says what older probes left behind.
 */
export async function shortChecks(bench: Bench, prefix: string): Promise<readonly Check[]> {
  let key = "";
  let version: Version | undefined;
  const held = await guarded("held last byte", async () => {
    const round = await clearRound(bench, (attempt, spaced) => {
      key = keyOf(bench, `short-${attempt}`);
      return quickRace(bench, key, "nothing", shortWriters, spaced);
    });
    if (round.kind === "one") version = round.version;
    const detail = `${shortWriters} writers, one winner`;
    return (
      brokenRound("held last byte", round, faults.held) ?? { name: "held last byte", result: "ok", detail }
    );
  });
  // A place that refuses everything is not a store that refuses conditions.
  if (held.fault === faults.refuses) await isWritable(bench);
  if (version !== undefined) return [...(await sequence(bench, prefix, key, version)), held];
  const skipped: Check = { name: "compare-and-set", result: "skipped", detail: "not run" };
  if (held.fault !== faults.held) return [skipped, held];
  // Several won: either the condition is not looked at, or too early.
  const again = await guarded("create-if-absent", async () => {
    const second = await settledPut(bench, key, newNonce(bench), "nothing");
    return createCheck(second.written);
  });
  return [again, skipped, held];
}

async function sequence(
  bench: Bench,
  prefix: string,
  key: string,
  first: Version,
): Promise<readonly Check[]> {
  const nonce = newNonce(bench);
  let current: Version | undefined;
  const name = "compare-and-set";
  const replaced = await guarded(name, async () => {
    const second = await settledPut(bench, key, nonce, { version: first });
    if (!second.written) {
      return { name, result: "bad", detail: "current version refused", fault: faults.replaceBroken };
    }
    current = second.version;
    return { name, result: "ok", detail: "stale version refused" };
  });
  if (current === undefined) return [replaced];

  const missing = keyOf(bench, "missing");
  const [created, stale] = await Promise.all([
    guarded("create-if-absent", async () =>
      createCheck((await settledPut(bench, key, newNonce(bench), "nothing")).written),
    ),
    guarded(name, async () => {
      const [old, absent] = await Promise.all([
        settledPut(bench, key, newNonce(bench), { version: first }),
        settledPut(bench, missing, newNonce(bench), { version: first }),
      ]);
      if (old.written) {
        const detail = "stale version written: If-Match ignored";
        return { name, result: "bad", detail, fault: faults.replace };
      }
      return absent.written ? createdMissing : replaced;
    }),
  ]);
  if (created.result !== "ok" || stale.result !== "ok") return [created, stale];
  const kept = await guarded(name, () => untouched(bench, prefix, { key, nonce, current, missing }));
  return [created, kept];
}

const createdMissing: Check = {
  name: "compare-and-set",
  result: "bad",
  detail: "a missing key was created under If-Match",
  fault: faults.missing,
};

function createCheck(written: boolean | undefined): Check {
  const name = "create-if-absent";
  if (!written) return { name, result: "ok", detail: "second create refused" };
  return {
    name,
    result: "bad",
    detail: "second create written: If-None-Match ignored",
    fault: faults.create,
  };
}

interface Expected {
  readonly key: string;
  readonly nonce: string;
  readonly current: Version | undefined;
  readonly missing: string;
}

/** Whether what was refused was not written: by one listing if it shows that, else by reading. */
async function untouched(
  bench: Bench,
  prefix: string,
  { key, nonce, current, missing }: Expected,
): Promise<Check> {
  const ok: Check = { name: "compare-and-set", result: "ok", detail: "stale version refused" };
  const page = await firstPage(bench, prefix);
  const listed = page?.objects.find((object) => object.key === key)?.version === current;
  if (page) await sweepPage(bench, page);
  if (page?.objects.some((object) => object.key === missing)) return createdMissing;
  if (listed) {
    bench.keys.delete(missing);
    return ok;
  }
  if (await look(bench, missing)) return createdMissing;
  if (ownerOf(await look(bench, key)) === nonce) return ok;
  return {
    name: "compare-and-set",
    result: "bad",
    detail: "a refused body was written all the same",
    fault: faults.body,
  };
}

/** Undefined where listing is not allowed, or makes no sense: it is not what is measured here. */
async function firstPage(bench: Bench, prefix: string): Promise<Page | undefined> {
  try {
    for await (const page of bench.store.list(prefix)) return page;
  } catch (error) {
    if (!(error instanceof TracecraftError)) throw error;
  }
  return undefined;
}
