import { claimKey } from "../format/keys.ts";
import { formatTime } from "../format/records.ts";
import {
  advance,
  countOf,
  landedInClaim,
  readClaim,
  stateOf,
  termOf,
  type ClaimRecord,
} from "./claim-record.ts";
import { journalPushedOut } from "./claims.ts";
import { correctedNow } from "./clock.ts";
import { handoffOf, sameWords, tellNext, type HandoffWords } from "./handoffs.ts";
import { journal } from "./journal.ts";
import type { Project } from "./project.ts";
import { repairProjection, writeProjections } from "./projections.ts";
import { outcomeUnknown, readStep, viewOf, type StepReading, type StepView } from "./steps.ts";
import { transition, type FinishResult } from "./transition.ts";
import { update } from "./update.ts";

export type FinishState = "complete" | "blocked" | "needs_review";

/**
 * Ends a step: complete, blocked or needs review. The handoff is in the claim, so both are one atomic put, accepted
 * only in the term that this session holds. Repeated with the same handoff, or none, it succeeds and makes good what
 * an earlier try left undone.
 */
export async function finishStep(
  project: Project,
  step: string,
  state: FinishState,
  words: HandoffWords,
  { force = false }: { force?: boolean } = {},
): Promise<FinishResult> {
  const result = await transition(project, step, "complete", {
    state,
    force,
    assume: !force,
    next: (at) => ({ handoff: handoffOf(project, step, state, words, at) }),
    repeats: (claim) => sameWords(claim.handoff ?? undefined, words),
  });
  if (result.done) tellNext(project, step, result.claim);
  return result;
}

/** Gives a held step back unfinished. Its term stays, so that whoever takes it next gets a later one. */
export function releaseStep(project: Project, step: string): Promise<FinishResult> {
  return transition(project, step, "release", {
    state: "released",
    force: false,
    assume: true,
    next: () => ({}),
    repeats: () => true,
  });
}

/** Opens a finished step again, for anybody to claim. The term stays, the handoff stays. */
export async function reopenStep(
  project: Project,
  step: string,
): Promise<
  | { readonly done: true; readonly already: boolean; readonly was: ClaimRecord }
  | { readonly done: false; readonly why: "absent" | "held"; readonly view: StepView }
> {
  const nonce = project.world.randomHex(16);
  let reading!: StepReading;
  let was: ClaimRecord | undefined;
  const outcome = await update<ClaimRecord, "absent" | "held" | "already">(project, {
    key: claimKey(step),
    nonce,
    read: readClaim,
    landed: landedInClaim,
    async load() {
      reading = await readStep(project, step);
      return reading.claim;
    },
    decide(found) {
      if (!found) return { answer: "absent" };
      const state = stateOf(found.record);
      if (state === "in_progress") return { answer: "held" };
      was = found.record;
      if (state === "released") return { answer: "already" };
      const at = formatTime(correctedNow(project));
      return {
        put: advance(found.record, {
          state: "released",
          agent: null,
          session: null,
          term: termOf(found.record),
          at,
          nonce,
        }),
      };
    },
    async attempt(put, base) {
      journal(project, {
        kind: "transition",
        step,
        state: "released",
        reopened: true,
        term: termOf(put),
        n: countOf(put),
        nonce,
      });
      await journalPushedOut(project, step, base);
    },
  });
  if (outcome.kind === "unknown") throw outcomeUnknown("reopen", step, project.deadlineMs, outcome.cause);
  if (outcome.kind === "written")
    writeProjections(
      project,
      step,
      { ...outcome.now, record: outcome.mine },
      { status: reading.status ?? "nothing" },
    );
  else if (outcome.answer !== "already")
    return { done: false, why: outcome.answer, view: viewOf(project, reading) };
  else repairProjection(project, reading);
  return { done: true, already: outcome.kind === "answered", was: was! };
}
