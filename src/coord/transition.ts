import { claimKey } from "../format/keys.ts";
import { formatTime, type HandoffRecord } from "../format/records.ts";
import {
  advance,
  countOf,
  isHolder,
  landedInClaim,
  lostTermOf,
  readClaim,
  stateOf,
  takeoverAfter,
  termOf,
  wasGivenBack,
} from "./claim-record.ts";
import type { ClaimRecord, ClaimState, LogEntry } from "./claim-record.ts";
import { holderOf, journalPushedOut } from "./claims.ts";
import { correctedNow } from "./clock.ts";
import { journal } from "./journal.ts";
import { forgetLease, knownLease } from "./leases.ts";
import { isOurs, type Project } from "./project.ts";
import {
  guessProjections,
  repairProjection,
  writeProjections,
  type KnownProjections,
} from "./projections.ts";
import { outcomeUnknown, readStep, viewOf, type StepReading, type StepView } from "./steps.ts";
import { update } from "./update.ts";
import { ensureVerdict } from "./verdict.ts";

export type FinishResult =
  | { readonly done: true; readonly already: boolean; readonly claim: ClaimRecord }
  | {
      readonly done: false;
      readonly why: Refusal;
      readonly view: StepView;
      readonly ourTerm?: number;
      /** Where it is fenced: with what the term after ours began. */
      readonly takeover?: LogEntry | undefined;
    };

/**
 * - `fenced`: our lease lapsed, or was taken over, and the step is in a later term.
 * - `held`: somebody else's step. `other_session`: this agent's, by another session of it.
 * - `released`: nobody's. `finished`: it is in a state that only a reopening leaves.
 * - `other_handoff`: it is in that state already, with another handoff. `absent`: nobody has claimed it.
 */
export type Refusal =
  | "fenced"
  | "held"
  | "other_session"
  | "released"
  | "finished"
  | "other_handoff"
  | "absent";

/** A change of state that only the holder of a step may make. */
export interface Transition {
  readonly state: ClaimState;
  readonly force: boolean;
  /** Whether to begin from what this machine knows of the lease, without a read. */
  readonly assume: boolean;
  /** What the new claim has besides. */
  next(at: string): { handoff?: HandoffRecord };
  /** Whether a claim that is in `state` already was brought there by the same command. */
  repeats(claim: ClaimRecord): boolean;
}

/** Makes it, in the term that this session holds, or says why not. */
export async function transition(
  project: Project,
  step: string,
  act: "complete" | "release",
  wanted: Transition,
): Promise<FinishResult> {
  const { agent, session, world } = project;
  const nonce = world.randomHex(16);
  const known = knownLease(project, step);
  let term = known?.term; // Fixed at the first read: a later term, even under our own name, is somebody else's.
  let reading: StepReading | undefined;
  let guessed: KnownProjections = {};

  const outcome = await update<ClaimRecord, Refusal | "already">(project, {
    key: claimKey(step),
    nonce,
    read: readClaim,
    landed: landedInClaim,
    ...(wanted.assume && known?.found && { assume: known.found }),
    async load() {
      reading = await readStep(project, step);
      return reading.claim;
    },
    decide(found) {
      const base = found?.record;
      const refusal = base
        ? refusalFor(project, base, wanted, term)
        : wanted.state === "released"
          ? "absent"
          : undefined;
      if (refusal) return { answer: refusal };
      if (base && isHolder(base, agent, session)) term ??= termOf(base);
      return { put: changed(project, base, wanted, nonce) };
    },
    async attempt(put, base) {
      // To begin a term is to claim: not where the store cannot promise that it has one winner.
      if (!base || termOf(put) > termOf(base)) await ensureVerdict(project, { act, thing: step });
      guessed = guessProjections(base);
      journal(project, {
        kind: "transition",
        step,
        state: wanted.state,
        term: termOf(put),
        n: countOf(put),
        nonce,
      });
      await journalPushedOut(project, step, base);
    },
  });

  if (outcome.kind === "unknown") throw outcomeUnknown(act, step, project.deadlineMs, outcome.cause);
  if (outcome.kind === "written") {
    forgetLease(project, step);
    const inPlace = reading ? { ...guessed, status: reading.status ?? ("nothing" as const) } : guessed;
    writeProjections(project, step, { ...outcome.now, record: outcome.mine }, inPlace);
    return { done: true, already: false, claim: outcome.mine };
  }
  if (outcome.answer === "already" && reading?.claim) {
    forgetLease(project, step);
    repairProjection(project, reading, { handoffToo: true });
    return { done: true, already: true, claim: reading.claim.record };
  }
  return refuse(project, step, act, outcome.answer as Refusal, reading, term);
}

/** The claim after it. Somebody else's step is only ever taken with force: a later term, and the log says from whom. */
function changed(
  project: Project,
  base: ClaimRecord | undefined,
  wanted: Transition,
  nonce: string,
): ClaimRecord {
  const { agent, session } = project;
  const takesOver = base !== undefined && !isHolder(base, agent, session);
  const at = formatTime(correctedNow(project));
  const released = wanted.state === "released";
  return advance(base, {
    state: wanted.state,
    agent: released ? null : agent,
    session: released ? null : session.id,
    term: base ? termOf(base) + (takesOver ? 1 : 0) : 1,
    at,
    nonce,
    ...(takesOver && { takenFrom: holderOf(base), claimed: true }),
    ...wanted.next(at),
  });
}

/** Why a transition must not be made on this claim; undefined where it may. */
function refusalFor(
  project: Project,
  claim: ClaimRecord,
  wanted: Transition,
  term: number | undefined,
): Refusal | "already" | undefined {
  const { agent, session } = project;
  const state = stateOf(claim);
  const last = claim.log?.findLast((entry) => entry.state !== "released");
  if (state === "released") {
    const wasOurs = last?.agent === agent && isOurs(session, last.session) && last.term === termOf(claim);
    return wanted.state === "released" && wasOurs ? "already" : "released";
  }
  if (isHolder(claim, agent, session)) {
    if (term !== undefined && termOf(claim) !== term) return "fenced";
    if (state === wanted.state) return wanted.repeats(claim) ? "already" : "other_handoff";
    if (state === "complete" || (wanted.state === "released" && state !== "in_progress")) return "finished";
    return undefined;
  }
  if (wanted.force) return state === "complete" ? "finished" : undefined;
  const wasKnown = term !== undefined && term < termOf(claim) && !wasGivenBack(claim, term);
  if (wasKnown || lostTermOf(claim, agent, session)) return "fenced";
  return claim.agent === agent ? "other_session" : "held";
}

async function refuse(
  project: Project,
  step: string,
  act: "complete" | "release",
  why: Refusal,
  known: StepReading | undefined,
  term: number | undefined,
): Promise<FinishResult> {
  const reading = known ?? (await readStep(project, step));
  repairProjection(project, reading);
  const view = viewOf(project, reading);
  const claim = reading.claim?.record;
  const ourTerm = term ?? (claim && lostTermOf(claim, project.agent, project.session)?.term);
  if (why === "fenced") forgetLease(project, step);
  journal(project, {
    kind: "refused",
    act,
    step,
    why,
    term: ourTerm ?? null,
    found_term: view.term ?? null,
    found_agent: view.agent,
  });
  if (claim === undefined || ourTerm === undefined) return { done: false, why, view };
  return { done: false, why, view, ourTerm, takeover: takeoverAfter(claim, ourTerm) };
}
