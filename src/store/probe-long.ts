import type { Bench, Check, CheckName } from "./probe-bench.ts";
import { sweepOld } from "./probe-cleaning.ts";
import { clocks } from "./probe-clock.ts";
import {
  compareAndSet,
  createIfAbsent,
  faults,
  heldRaces,
  lostReply,
  raceRounds,
  races,
} from "./probe-conditions.ts";
import { counterChain } from "./probe-counter.ts";
import { guarded, isWritable } from "./probe-guard.ts";
import { deletes, lists, reads } from "./probe-reading.ts";

/** After so many checks in a row that got no answer the others are not run: they would only wait. */
const patience = 2;

/** Every check that the contract can express. What the verdict needs comes first. */
export async function longChecks(
  bench: Bench,
  prefix: string,
  begins: (check: CheckName) => void = () => {},
): Promise<readonly Check[]> {
  await isWritable(bench);
  const checks: Check[] = [];
  let inVain = 0;
  const check = async (name: CheckName, work: () => Promise<Check>) => {
    if (inVain >= patience) return skip(name);
    begins(name);
    const { counts, world } = bench;
    const [requests, startedAt] = [counts.requests, world.monotonic()];
    const found = await guarded(name, work);
    const seconds = Math.round(world.monotonic() - startedAt) / 1000;
    checks.push({ ...found, requests: counts.requests - requests, seconds });
    inVain = found.undecided?.code === "unreachable" ? inVain + 1 : 0;
    return found.result;
  };
  const skip = (name: CheckName) => void checks.push({ name, result: "skipped", detail: "not run" });

  const creates = (await check("create-if-absent", () => createIfAbsent(bench))) === "ok";
  const replaces = (await check("compare-and-set", () => compareAndSet(bench))) === "ok";
  // Of a store that is known to be unfit one round is run all the same: how many won says it better than a status.
  const conditional = creates && replaces;
  const raced = checks.some(({ fault }) => fault === faults.refuses)
    ? void skip("race")
    : await check("race", () => races(bench, conditional ? raceRounds : 1));
  const sound = conditional && raced !== "bad";
  if (sound) await check("held last byte", () => heldRaces(bench));
  else skip("held last byte");
  if (sound) await check("counter chain", () => counterChain(bench));
  else skip("counter chain");
  if (creates) await check("lost reply", () => lostReply(bench));
  else skip("lost reply");
  await check("read", () => reads(bench));
  await check("list", () => lists(bench));
  const listed = checks.at(-1)?.result === "ok";
  await check("delete", () => deletes(bench, listed));
  await check("clock", () => clocks(bench));
  checks.push(rights(checks));
  await sweepOld(bench, prefix);
  return checks;
}

function rights(checks: readonly Check[]): Check {
  const name = "rights";
  const missing = checks.filter(({ undecided }) => undecided?.code === "denied").map((check) => check.name);
  const has = ["get", "put", "list", "delete"].filter((right) => !missing.some((one) => one === right));
  if (missing.length === 0) return { name, result: "ok", detail: has.join(", ") };
  return { name, result: "bad", detail: `${has.join(", ")}; not ${missing.join(", ")}` };
}
