import { claimKey, statusKey } from "../../src/format/keys.ts";
import type { ClaimRecord, StatusRecord } from "../../src/format/records.ts";
import { textOf, type Applied } from "./bucket.ts";
import type { StepState } from "./claim-model.ts";
import type { Sim } from "./sim.ts";
import { holderIn, type ClaimMoment, type StepHistory } from "./step-history.ts";
import type { Interval } from "./wgl.ts";

/**
 * What format 1's completes may do to a step, as intervals. Each writes status.json beside a claim that it never looks
 * at again, so it counts from then on, or later when its agent claims in the same second, or never; and a client of
 * ours that had read the claim before may still change that without knowing, which takes it back.
 */
export function formatOneEffects(sim: Sim, history: StepHistory): Interval<StepState>[] {
  return [...completions(sim, history), ...adoptions(sim, history)];
}

/** A renewal of a claim of format 1 puts a session's name on it, whether or not its caller was told. */
function adoptions(sim: Sim, { moments }: StepHistory): Interval<StepState>[] {
  return moments.flatMap(({ applied: { stamp }, record, renewal }, at) => {
    const before = moments[at - 1]?.record;
    if (!renewal || before?.session != null || record.session == null) return [];
    const actor = holderIn(sim, record);
    const held = (now: StepState): StepState => ({
      ...now,
      actor,
      ...(now.under && { under: held(now.under) }),
    });
    const fits = (now: StepState): boolean =>
      now.agent === record.agent && (now.actor === null || now.actor === actor);
    const next = (now: StepState) => (fits(now) ? [held(now)] : []);
    return [{ invoked: stamp - 0.5, returned: stamp, next, words: `${actor} made it its own at ${stamp}` }];
  });
}

function completions(sim: Sim, { step, moments }: StepHistory): Interval<StepState>[] {
  const changes = moments.filter((moment) => !takesIn(moment)).map((moment) => moment.applied.stamp);
  return completesOf(sim, step).flatMap(({ applied, agent }) => {
    const returned = lastsUntil(sim, step, applied);
    // In one second, or where the store does not tell its time, nobody knows which was first: it counts again after a change.
    const again = changes.filter((at) => at > applied.stamp && at < returned);
    const counts = [applied.stamp, ...again].map((stamp) => ({
      invoked: stamp - 0.5,
      returned,
      next: (now: StepState) => [...completed(now, agent), now],
      words: `format 1's complete at ${stamp}`,
    }));
    const overtaken = [
      ...changes,
      ...lateStatuses(sim, step), // Of a request of format 1 that was on its way for long.
    ]
      .filter((stamp) => stamp > applied.stamp)
      .map((stamp) => ({
        invoked: applied.stamp - 0.5,
        returned: stamp + 0.5,
        next: (now: StepState) => (now.under ? [now.under, now] : [now]),
        words: `overtaken at ${stamp}`,
      }));
    return [...counts, ...overtaken];
  });
}

/** A change of the claim that says what format 1 did; it is no change of its caller's. */
export function takesIn({ record }: Pick<ClaimMoment, "record">): boolean {
  return record.log?.at(-1)?.nonce === "format-1";
}

function completed(now: StepState, agent: string): readonly StepState[] {
  const open = now.state === "in_progress" || now.state === "blocked" || now.state === "needs_review";
  const { under: _, ...bare } = now;
  return open && now.agent === agent ? [{ ...now, state: "complete", under: bare }] : [];
}

interface Complete {
  readonly applied: Applied;
  readonly agent: string;
}

function completesOf(sim: Sim, step: string): Complete[] {
  return (sim.bucket.history.get(statusKey(step)) ?? []).flatMap((applied) => {
    const status = JSON.parse(textOf(applied)) as StatusRecord;
    const counts = status.term === undefined && status.status === "complete" && status.agent != null;
    return counts ? [{ applied, agent: status.agent! }] : [];
  });
}

function lateStatuses(sim: Sim, step: string): number[] {
  return (sim.bucket.history.get(statusKey(step)) ?? []).flatMap((applied) => {
    const { term, status } = JSON.parse(textOf(applied)) as StatusRecord;
    return term === undefined && status !== "complete" ? [applied.stamp] : [];
  });
}

/** When it can no more begin to count: another status is there, or a claim of ours that was written in a later second. */
function lastsUntil(sim: Sim, step: string, { stamp, writtenAt }: Applied): number {
  const { tellsTime } = sim.bucket.traits;
  const over = sim.bucket.history.get(statusKey(step))?.find((later) => later.stamp > stamp);
  const newer = sim.bucket.history
    .get(claimKey(step))
    ?.find(
      (later) =>
        tellsTime &&
        later.stamp > stamp &&
        later.writtenAt > writtenAt &&
        (JSON.parse(textOf(later)) as ClaimRecord).state !== undefined,
    );
  return Math.min(over?.stamp ?? Number.POSITIVE_INFINITY, newer?.stamp ?? Number.POSITIVE_INFINITY);
}
