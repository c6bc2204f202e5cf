import { isDeepStrictEqual } from "node:util";
import { logLimit } from "../../src/format/records.ts";
import { claimCalls, noClaim, stepName, type StepState } from "./claim-model.ts";
import { formatOneEffects } from "./format-one-model.ts";
import type { Sim } from "./sim.ts";
import { holderIn, takenByCall, type ClaimMoment, type StepHistory } from "./step-history.ts";
import { linearizable } from "./wgl.ts";

/** Promise 1, from what the store took: terms and n only go up, one complete a term, and its handoff is its own. */
export function checkClaims(sim: Sim, history: StepHistory): string[] {
  const { step, moments, legacy } = history;
  const wrong: string[] = [];
  const completes = new Map<number, number>();
  for (const [at, moment] of moments.entries()) {
    const before = moments[at - 1];
    const say = (what: string): void =>
      void wrong.push(`${step}: ${what} (#${moment.applied.call}, version ${moment.applied.version})`);
    if (before) checkOrder(before, moment, say);
    if (!legacy && moment.call) checkChange(sim, history, before, moment, say);
    const { record } = moment;
    if (record.state === "complete" && (record.n ?? 0) !== (before?.record.n ?? 0)) {
      const term = record.term ?? 1;
      completes.set(term, (completes.get(term) ?? 0) + 1);
    }
  }
  for (const [term, count] of completes)
    if (count > 1) wrong.push(`${step}: ${count} completes were accepted in term ${term}`);
  return wrong;
}

type Say = (what: string) => void;

function checkOrder({ record: before }: ClaimMoment, { record: now }: ClaimMoment, say: Say): void {
  if ((now.term ?? 1) < (before.term ?? 1)) say(`the term went back from ${before.term} to ${now.term}`);
  if ((now.n ?? 0) < (before.n ?? 0)) say(`n went back from ${before.n} to ${now.n}`);
  const known = new Map(now.log?.map((entry) => [entry.n, entry]));
  for (const entry of before.log ?? []) {
    const kept = known.get(entry.n);
    if (kept ? kept.nonce !== entry.nonce : entry.n > (now.n ?? 0) - logLimit)
      say(`entry ${entry.n} left the log`);
  }
}

/** One change of a claim that only our clients touched, against the rules for it. */
function checkChange(
  sim: Sim,
  history: StepHistory,
  before: ClaimMoment | undefined,
  now: ClaimMoment,
  say: Say,
): void {
  const { record, call } = now;
  const { actor, act } = call!;
  const was = before?.record;
  if (was && record.n === was.n) return checkRenewal(sim, history, before, now, say);
  const entry = record.log?.at(-1);
  if (record.n !== (was?.n ?? 0) + 1 || entry?.n !== record.n || entry.nonce !== record.nonce)
    return say(`entry ${record.n} does not follow ${was?.n}`);
  if (entry.state !== record.state || entry.term !== record.term)
    say(`entry ${record.n} is not what the claim says`);

  const holder = holderIn(sim, record);
  const wasHolder = was ? holderIn(sim, was) : null;
  if (record.state === "released" ? holder !== null : holder !== actor.name)
    say(`${actor.name} made ${holder} its holder`);
  if (!was || record.term === (was.term ?? 0) + 1) {
    const mine = act.kind === "claim" && act.mine && was?.agent === actor.agent;
    const forced = act.kind === "finish" && act.force;
    if (was?.state === "in_progress" && !mine && !forced) {
      const ageS = (now.applied.at - before!.applied.at) / 1000;
      if (ageS <= was.ttl_s!) say(`taken over ${ageS}s after its last renewal, with a ttl of ${was.ttl_s}s`);
    }
    if (record.state === "in_progress" && was && was.state !== "in_progress" && was.state !== "released")
      say(`claimed while ${was.state}`);
  } else if (record.term !== was.term) say(`term ${record.term} after ${was.term}`);
  else if (record.state === "released" && was.state === "in_progress" ? actor.name !== wasHolder : false)
    say(`${actor.name} released what ${wasHolder} holds`);
  else if (record.state !== "released" && holder !== wasHolder)
    say(`${holder} finished what ${wasHolder} holds`);

  const finishes = record.state !== "released" && record.state !== "in_progress";
  if (!finishes) {
    if (!isDeepStrictEqual(record.handoff, was?.handoff)) say("the handoff changed without a finish");
  } else if (act.kind !== "finish" || act.state !== record.state) say(`${act.kind} made it ${record.state}`);
  else if (record.handoff?.n !== record.n || record.handoff?.note !== (act.words.note ?? ""))
    say(`the handoff beside ${record.state} is not its own: ${JSON.stringify(record.handoff?.note)}`);
}

function checkRenewal(
  sim: Sim,
  { step }: StepHistory,
  before: ClaimMoment,
  now: ClaimMoment,
  say: Say,
): void {
  const { actor, act } = now.call!;
  const { record } = now;
  const lease = { nonce: undefined, session: undefined, ttl_s: undefined };
  if (!isDeepStrictEqual({ ...record, ...lease }, { ...before.record, ...lease }))
    say("a renewal changed more than the lease");
  if (before.record.state !== "in_progress") say(`renewed while ${before.record.state}`);
  if (holderIn(sim, record) !== actor.name || holderIn(sim, before.record) !== actor.name)
    say(`${actor.name} renewed what ${holderIn(sim, before.record)} holds`);
  if (act.kind === "claim" && act.step === step) return;
  const knew = sim.calls.some(
    ({ actor: { name }, learned, act: of }) =>
      name === actor.name &&
      learned?.kind === "claim" &&
      learned.result.claimed &&
      learned.result.lease.term === record.term &&
      "step" in of &&
      of.step === step,
  );
  if (!knew) say("renewed a lease that nobody was told of");
}

/** Whether what everybody was told of a step fits one order. A history that cannot be decided counts as wrong. */
export function checkClaimOrder(sim: Sim, history: StepHistory): string[] {
  const [first] = history.moments;
  const planted = first && !first.call ? first.record : undefined;
  const initial: StepState = planted
    ? { state: planted.state!, agent: planted.agent, actor: holderIn(sim, planted), term: planted.term! }
    : noClaim;
  const ours = claimCalls(sim, history.step, takenByCall(history));
  const calls = history.legacy ? [...ours, ...formatOneEffects(sim, history)] : ours;
  const verdict = linearizable(calls, initial, stepName);
  return verdict === "linearizable" ? [] : [`${history.step}: what was told is ${verdict}`];
}
