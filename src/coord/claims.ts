import { claimKey } from "../format/keys.ts";
import { formatTime } from "../format/records.ts";
import {
  advance,
  countOf,
  defaultTtlS,
  isHolder,
  landedInClaim,
  pushedOut,
  readClaim,
  renewed,
  stateOf,
  termOf,
} from "./claim-record.ts";
import type { ClaimRecord, LogEntry } from "./claim-record.ts";
import { correctedNow } from "./clock.ts";
import { journal } from "./journal.ts";
import { leaseTime } from "./lapse.ts";
import { knownLease, rememberLease } from "./leases.ts";
import type { Project } from "./project.ts";
import { repairProjection, writeProjections } from "./projections.ts";
import { outcomeUnknown, readStep, viewOf, type StepReading, type StepView } from "./steps.ts";
import { update, type Found } from "./update.ts";

/** How long a best-effort claim waits before it looks whether it was overwritten. */
export const bestEffortWaitMs = 2_000;

export interface Lease {
  readonly step: string;
  readonly agent: string;
  readonly session: string;
  readonly term: number;
  readonly ttlS: number;
  /** By the store's clock, in ms. */
  readonly expiresAt: number;
}

export type ClaimResult =
  | {
      readonly claimed: true;
      /** It was this session's before: the lease is renewed. */
      readonly already: boolean;
      readonly lease: Lease;
      /** Whose it was, where it had lapsed or was taken over. */
      readonly takenFrom: LogEntry["taken_from"];
    }
  | { readonly claimed: false; readonly why: "held" | "other_session" | "finished"; readonly view: StepView };

/** How a claim is meant. `takeOver` is for another session of the same agent. */
export interface ClaimOptions {
  readonly ttlS?: number | undefined;
  readonly takeOver?: boolean;
}

/**
 * Takes a step. Exactly one of any number of rivals is told that it holds a term; a claim by its holder renews. The
 * first put is sent without a read, so a free step costs one round trip and a taken one two. An outcome that stays
 * unknown until the deadline is the error `outcome_unknown`, never "lost".
 */
export async function claimStep(
  project: Project,
  step: string,
  { ttlS, takeOver = false }: ClaimOptions,
): Promise<ClaimResult> {
  const { world, session, agent } = project;
  const nonce = world.randomHex(16);
  let reading: StepReading | undefined;
  let already = false;
  let takenFrom: LogEntry["taken_from"];

  const outcome = await update<ClaimRecord, Refusal>(project, {
    key: claimKey(step),
    nonce,
    read: readClaim,
    landed: landedInClaim,
    // Not where it is ours already: a renewal reads first, lest it hide what a client of format 1 did.
    ...(!knownLease(project, step) && { assume: "nothing" }),
    settleMs: bestEffortWaitMs,
    async load() {
      reading = await readStep(project, step);
      return reading.claim;
    },
    decide(found) {
      const refusal = found && refusalFor(project, step, found, takeOver);
      if (refusal) return { answer: refusal };
      already =
        found !== undefined &&
        stateOf(found.record) === "in_progress" &&
        isHolder(found.record, agent, session);
      if (found && already) return { put: renewed(found.record, session.id, nonce, ttlS) };

      const term = found ? termOf(found.record) + 1 : 1;
      takenFrom = found && stateOf(found.record) === "in_progress" ? holderOf(found.record) : undefined;
      return {
        put: advance(found?.record, {
          state: "in_progress",
          agent,
          session: session.id,
          term,
          at: formatTime(correctedNow(project)),
          nonce,
          ttlS: ttlS ?? defaultTtlS,
          claimed: true,
          ...(takenFrom && { takenFrom }),
        }),
      };
    },
    async attempt(put, base) {
      if (already) return;
      journal(project, { kind: "claim", step, term: termOf(put), n: countOf(put), nonce, ttl_s: put.ttl_s });
      await journalPushedOut(project, step, base);
    },
  });

  if (outcome.kind === "unknown") throw outcomeUnknown("claim", step, project.deadlineMs, outcome.cause);
  if (outcome.kind === "answered")
    return { claimed: false, why: outcome.answer, view: await viewFrom(project, step, reading) };

  const { mine, now } = outcome;
  if (termOf(now.record) !== termOf(mine) || stateOf(now.record) !== "in_progress") {
    // Ours it was, and by the time that we learned of it, no longer: it lapsed, or this session went on with it.
    return await claimStep(project, step, { ttlS, takeOver });
  }
  rememberLease(project, step, now);
  if (already) {
    journal(project, { kind: "renew", step, term: termOf(mine), nonce, ttl_s: mine.ttl_s });
    // Whoever claimed it may have died before it wrote the projection.
    if (reading) repairProjection(project, { ...reading, claim: now });
  } else writeProjections(project, step, now, { status: reading?.status ?? "nothing" });
  return { claimed: true, already, lease: leaseOf(project, step, now), takenFrom };
}

type Refusal = "held" | "other_session" | "finished";

function refusalFor(
  project: Project,
  step: string,
  found: Found<ClaimRecord>,
  takeOver: boolean,
): Refusal | undefined {
  const { record } = found;
  const state = stateOf(record);
  if (state === "released") return undefined;
  if (state !== "in_progress") return "finished";
  if (isHolder(record, project.agent, project.session) || leaseTime(project, step, found).lapsed)
    return undefined;
  if (record.agent !== project.agent) return "held";
  return takeOver ? undefined : "other_session";
}

export function leaseOf(project: Project, step: string, found: Found<ClaimRecord>): Lease {
  const { record } = found;
  const ttlS = record.ttl_s ?? defaultTtlS;
  return {
    step,
    agent: project.agent,
    session: project.session.id,
    term: termOf(record),
    ttlS,
    expiresAt: leaseTime(project, step, found).expiresAt ?? correctedNow(project) + ttlS * 1000,
  };
}

/** Who is put out by a take-over, for the log. */
export function holderOf(record: ClaimRecord): LogEntry["taken_from"] {
  return { agent: record.agent, session: record.session ?? null, term: termOf(record) };
}

/** What a claim's log is about to forget goes into the journal first. */
export async function journalPushedOut(
  project: Project,
  step: string,
  base: ClaimRecord | undefined,
): Promise<void> {
  await Promise.all(pushedOut(base).map((entry) => journal(project, { kind: "log", step, entry })));
}

async function viewFrom(project: Project, step: string, known: StepReading | undefined): Promise<StepView> {
  const reading = known ?? (await readStep(project, step));
  repairProjection(project, reading);
  return viewOf(project, reading);
}
