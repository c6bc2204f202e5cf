import { TracecraftError } from "../errors.ts";
import { claimKey, handoffKey, statusKey } from "../format/keys.ts";
import {
  handoffRecord,
  readRecord,
  recordReadLimit,
  statusRecord,
  type StatusRecord,
} from "../format/records.ts";
import { advance, lastEntry, readClaim, stateOf, termOf } from "./claim-record.ts";
import type { ClaimRecord, ClaimState, HandoffRecord, LogEntry } from "./claim-record.ts";
import { leaseTime, type LeaseTime } from "./lapse.ts";
import type { Project } from "./project.ts";
import { foundIn, type Found } from "./update.ts";

/** A step as it stands: its claim, with what a client of format 1 did to it taken in. */
export interface StepReading {
  readonly step: string;
  readonly claim: Found<ClaimRecord> | undefined;
  readonly status: Found<StatusRecord> | undefined;
  /** Whether `claim` has a transition of format 1 taken in that the stored claim does not know of yet. */
  readonly adopted: boolean;
  /** A transition of format 1 that names another agent than the claim does: shown, never believed. */
  readonly formatOneSays: { readonly status: string; readonly agent: string | undefined } | undefined;
}

/** What is told of a step, in one shape for every command. */
export interface StepView extends LeaseTime {
  readonly step: string;
  readonly state: "pending" | ClaimState;
  readonly agent: string | null;
  readonly session: string | null;
  readonly term: number | undefined;
  readonly last: LogEntry | undefined;
  readonly handoff: HandoffRecord | undefined;
  readonly formatOneSays: StepReading["formatOneSays"];
}

/** Reads a step in one round trip. */
export async function readStep(project: Project, step: string): Promise<StepReading> {
  const { store } = project;
  const [claim, status] = await Promise.all([
    readClaimOf(project, step),
    store.get(statusKey(step), { limit: recordReadLimit }),
  ]);
  return await interpret(
    project,
    step,
    claim,
    status && foundIn(status, readRecord(statusRecord, statusKey(step), status.body)),
  );
}

async function readClaimOf({ store }: Project, step: string): Promise<Found<ClaimRecord> | undefined> {
  const claim = await store.get(claimKey(step), { limit: recordReadLimit });
  return claim && foundIn(claim, readClaim(claimKey(step), claim.body));
}

/**
 * Takes in what format 1 did. Its `complete` writes status.json and never touches the claim, so a status without a
 * term, not older than the claim and naming the claim's agent, is a transition that the claim does not know of yet.
 */
export async function interpret(
  project: Project,
  step: string,
  claim: Found<ClaimRecord> | undefined,
  status: Found<StatusRecord> | undefined,
): Promise<StepReading> {
  const theirs = status?.record;
  const reading = { step, claim, status, adopted: false, formatOneSays: undefined };
  if (!status || !theirs || theirs.term !== undefined) return reading;

  const said = formatOneState(theirs.status);
  if (said === undefined || said === (claim && stateOf(claim.record))) return reading;
  if (claim === undefined || theirs.agent !== claim.record.agent) {
    const agent = theirs.agent ?? undefined;
    return { ...reading, formatOneSays: { status: theirs.status, agent } };
  }
  const state = transitionOfFormatOne(claim, status);
  if (state === undefined) return reading;

  const [handoff, again] = await Promise.all([readHandoffRecord(project, step), readClaimOf(project, step)]);
  // The claim was read before that status was written, or just beside it: another one may lie between them.
  if (again?.version !== claim.version) return await interpret(project, step, again, status);
  const record = advance(claim.record, {
    state,
    agent: claim.record.agent,
    session: claim.record.session ?? null,
    term: termOf(claim.record),
    at: theirs.completed_at ?? handoff?.created_at ?? claim.record.claimed_at,
    nonce: "format-1",
    ...(handoff && handoff.n === undefined && { handoff }), // One with an n is ours, of an earlier transition.
  });
  return { ...reading, adopted: true, claim: { ...claim, record: { ...record, ttl_s: claim.record.ttl_s } } };
}

/** The state that a status without a term brings a claim to, which does not know of it yet; undefined where it does not. */
export function transitionOfFormatOne(
  claim: Pick<Found<ClaimRecord>, "record" | "writtenAt">,
  { record, writtenAt }: Pick<Found<StatusRecord>, "record" | "writtenAt">,
): ClaimState | undefined {
  const state = formatOneState(record.status);
  if (record.term !== undefined || record.agent !== claim.record.agent) return undefined;
  if (state === undefined || state === stateOf(claim.record)) return undefined;
  const isOlder = writtenAt !== undefined && claim.writtenAt !== undefined && writtenAt < claim.writtenAt;
  return isOlder && claim.record.state !== undefined ? undefined : state;
}

/** The projection of a handoff, which is all that there is of one that format 1 wrote. */
export async function readHandoffRecord(project: Project, step: string): Promise<HandoffRecord | undefined> {
  const object = await project.store.get(handoffKey(step), { limit: recordReadLimit });
  return object && readRecord(handoffRecord, handoffKey(step), object.body);
}

export function viewOf(project: Project, { step, claim, formatOneSays }: StepReading): StepView {
  if (!claim) {
    const none = { lapsed: false, remainingS: undefined, expiresAt: undefined, agent: null, session: null };
    return {
      step,
      state: "pending",
      term: undefined,
      last: undefined,
      handoff: undefined,
      formatOneSays,
      ...none,
    };
  }
  const { record } = claim;
  const state = stateOf(record);
  return {
    step,
    state: state === "released" ? "pending" : state,
    agent: record.agent,
    session: record.session ?? null,
    term: termOf(record),
    last: lastEntry(record),
    handoff: record.handoff ?? undefined,
    formatOneSays,
    ...leaseTime(project, step, claim),
  };
}

/** What a step is, for `Cause:`. */
export function stateWords(state: ClaimState | "pending"): string {
  return state === "needs_review" ? "needs review" : state === "in_progress" ? "in progress" : state;
}

function formatOneState(status: string): ClaimState | undefined {
  return status === "complete" || status === "blocked" || status === "needs_review" ? status : undefined;
}

/** The error for a change whose outcome the deadline left open. */
export function outcomeUnknown(
  act: string,
  step: string,
  deadlineMs: number,
  cause: TracecraftError,
): TracecraftError {
  const why = cause.cause instanceof Error ? cause.cause.message : cause.cause;
  const words = why === undefined ? cause.message : `${cause.message}: ${String(why)}`;
  return new TracecraftError(
    "outcome_unknown",
    `Cannot ${act} "${step}": outcome unknown after ${deadlineMs / 1000}s`,
    {
      cause: `${words}; ${act === "claim" ? "it may be yours" : "it may be in"}`,
      hint: `tracecraft ${act} ${step}`,
      details: { step },
    },
  );
}
