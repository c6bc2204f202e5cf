import { TracecraftError } from "../errors.ts";
import { clockOffsetMs } from "./probe-clock.ts";
import {
  openBench,
  troubleWords,
  type Bench,
  type Check,
  type CheckName,
  type ProbeWorld,
} from "./probe-bench.ts";
import { tidy } from "./probe-cleaning.ts";
import { etagQuoting } from "./probe-conditions.ts";
import { longChecks } from "./probe-long.ts";
import { bucketName } from "./probe-name.ts";
import { shortChecks } from "./probe-short.ts";
import type { Store } from "./store.ts";

export type { Check, CheckName, ProbeWorld } from "./probe-bench.ts";

export interface Measured {
  /** For claims: every condition held, and the times can be subtracted. */
  readonly fit: boolean;
  /** Why it is not fit, to follow the store's name: "ignores If-None-Match". */
  readonly fault: string | undefined;
  /** What showed it: "16 of 16 racers won". */
  readonly evidence: string | undefined;
  readonly checks: readonly Check[];
  /** Calls of the store: its driver may have made more of one. */
  readonly requests: number;
  readonly seconds: number;
  /** By the store's own clock less ours, in ms. */
  readonly clockOffsetMs: number | undefined;
  readonly etagQuoting: "quoted" | "bare" | undefined;
  readonly server: string | undefined;
  /** A right that was missing and not needed for the verdict. */
  readonly denied: TracecraftError | undefined;
}

export interface ProbeOptions {
  /** `short`: whether conditions hold, in about nine requests; `long`: all that the contract promises. */
  readonly form: "short" | "long";
  /** Under which the keys of all probes lie; ends in "/". */
  readonly prefix: string;
  readonly world: ProbeWorld;
  /** Told before each check of the long form. */
  readonly begins?: (check: CheckName) => void;
}

/** The checks that decide whether the store may be trusted with a claim. */
const deciding: ReadonlySet<CheckName> = new Set([
  "create-if-absent",
  "compare-and-set",
  "race",
  "held last byte",
  "counter chain",
  "lost reply",
  "clock",
]);

/**
 * Measures whether a store keeps the contract's promises, whatever it says of itself, and leaves nothing behind. One
 * broken promise is a proof; a network that fails, a throttled or a forbidden request proves nothing and throws
 * `unreachable` ("Cannot measure …") or `denied`, with the checks so far in `details`: never to be recorded.
 */
export async function probeStore(
  store: Store,
  { form, prefix, world, begins }: ProbeOptions,
): Promise<Measured> {
  const bench = openBench(store, world, `${prefix}${world.randomHex(8)}/`);
  const { traits } = store;
  const before = traits.conditions;
  traits.conditions = "unknown"; // A driver that knows better sends nothing, and nothing would be measured.
  let checks: readonly Check[];
  try {
    checks = form === "short" ? await shortChecks(bench, prefix) : await longChecks(bench, prefix, begins);
  } catch (error) {
    // No connection speaks for itself; an answer that says nothing has to be named.
    const answered = error instanceof TracecraftError && /^\d{3}\b/.test(troubleWords(error));
    throw answered && error.code === "unreachable" ? cannotMeasure(bench, error, []) : error;
  } finally {
    traits.conditions = before;
    await tidy(bench);
  }
  return conclude(bench, checks);
}

function conclude(bench: Bench, checks: readonly Check[]): Measured {
  const { store, world, counts } = bench;
  const fault = checks.find(({ name, result }) => deciding.has(name) && result === "bad");
  const raced = checks.find(({ evidence }) => evidence);
  const undecided = checks.find((check) => deciding.has(check.name) && check.undecided);
  if (!fault && undecided?.undecided) throw cannotMeasure(bench, undecided.undecided, checks);
  return {
    fit: !fault,
    fault: fault?.fault,
    evidence: fault && (raced?.evidence ?? fault.detail),
    checks,
    requests: counts.requests,
    seconds: Math.round(world.monotonic() - bench.startedAt) / 1000,
    clockOffsetMs: clockOffsetMs(bench.clock),
    etagQuoting: etagQuoting(store),
    server: store.traits.server,
    denied: checks.find((check) => check.undecided?.code === "denied")?.undecided,
  };
}

function cannotMeasure(
  { store, counts }: Bench,
  cause: TracecraftError,
  checks: readonly Check[],
): TracecraftError {
  const { requests, troubled } = counts;
  const words = `${troubleWords(cause)} on ${troubled} of ${requests} requests`;
  return new TracecraftError("unreachable", `Cannot measure "${bucketName(store)}": ${words}`, {
    hint: "tracecraft doctor",
    details: {
      requests,
      troubled,
      checks: checks.map(({ name, result, detail }) => ({ name, result, detail })),
    },
  });
}
