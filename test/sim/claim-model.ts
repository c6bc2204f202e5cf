import type { StepView } from "../../src/coord/steps.ts";
import { onlyLooked, type Told } from "./acts.ts";
import type { Applied } from "./bucket.ts";
import type { Actor, Call, Sim } from "./sim.ts";
import type { Interval } from "./wgl.ts";

/** A step as one object that each command changes or sees at one moment. */
export interface StepState {
  readonly state: "absent" | "in_progress" | "complete" | "blocked" | "needs_review" | "released";
  readonly agent: string | null;
  /** The actor, whatever its session was called at the time. */
  readonly actor: string | null;
  readonly term: number;
  /** What it was before a client of format 1 completed it, until a claim of ours has taken that in. */
  readonly under?: StepState;
}

export const noClaim: StepState = { state: "absent", agent: null, actor: null, term: 0 };

export function stepName({ state, agent, actor, term, under }: StepState): string {
  return `${state} ${agent} ${actor} ${term}${under ? ` over ${under.state}` : ""}`;
}

/** A claim of format 1 names no session: it is every one's of its agent. */
function isMine(now: StepState, { agent, name }: Actor): boolean {
  return now.actor === null ? now.agent === agent : now.actor === name;
}

const notOfTheClaim: ReadonlySet<string> = new Set(["old complete", "handoff"]);

/**
 * The calls on one step as intervals. What nobody was told of counts by what the store took: a call of which nothing
 * was taken did nothing, and one of which something was taken had its effect by then.
 */
export function claimCalls(
  sim: Sim,
  step: string,
  taken: ReadonlyMap<number, readonly Applied[]>,
): Interval<StepState>[] {
  return sim.calls.flatMap((call) => {
    if (!("step" in call.act) || call.act.step !== step || notOfTheClaim.has(call.act.kind)) return [];
    const { invoked, returned, told } = call;
    const words = `#${call.id} ${call.act.kind}`;
    const changes = taken.get(call.id) ?? [];
    // Of a claim that lapsed before its caller could be told, it wrote, and then it looked, or took it once more.
    const lastIsTold = told?.kind !== "claim" || (told.result.claimed && !told.result.already);
    const isOld = call.act.kind === "old claim"; // What it believes counts for nothing.
    const untold = !told || isOld ? changes : lastIsTold ? changes.slice(0, -1) : changes;
    const effects = untold.map(({ stamp }) => ({
      invoked,
      returned: stamp,
      next: effect(call, undefined),
      words,
    }));
    if (!told || returned === undefined || isOld) return effects;
    return [
      ...effects,
      {
        invoked,
        returned,
        next: toldAfter(sim, call),
        looks: onlyLooked(told) && !changesHolder(told),
        words,
      },
    ];
  });
}

/** A renewal makes a claim of format 1 this session's own. */
function changesHolder(told: Told): boolean {
  return told.kind === "claim" && told.result.claimed && told.result.already;
}

type Next = (state: StepState) => readonly StepState[];

/** What a change does to a step; `term` where its caller was told it. */
function effect(call: Call, term: number | undefined): Next {
  return (now) => {
    const to = changed(call, now);
    return to && (term === undefined || to.term === term) ? [to] : [];
  };
}

function changed({ actor, act }: Call, now: StepState): StepState | undefined {
  const me = { agent: actor.agent, actor: actor.name };
  const holds = isMine(now, actor);
  const finished = now.state === "complete" || now.state === "blocked" || now.state === "needs_review";
  switch (act.kind) {
    case "claim":
      if (finished) return undefined;
      if (now.state !== "in_progress") return { state: "in_progress", ...me, term: now.term + 1 };
      if (holds) return { ...now, ...me };
      // That of format 1 never lapses.
      return now.actor === null ? undefined : { state: "in_progress", ...me, term: now.term + 1 };
    case "old claim":
      return now.state === "absent"
        ? { state: "in_progress", agent: actor.agent, actor: null, term: 1 }
        : undefined;
    case "finish":
      if (now.state === "absent") return { state: act.state, ...me, term: 1 };
      if (now.state === "released" || now.state === "complete") return undefined;
      if (holds) return now.state === act.state ? undefined : { state: act.state, ...me, term: now.term };
      return act.force ? { state: act.state, ...me, term: now.term + 1 } : undefined;
    case "release":
      return now.state === "in_progress" && holds ? { ...nobody, term: now.term } : undefined;
    case "reopen":
      return finished ? { ...nobody, term: now.term } : undefined;
    default:
      return undefined;
  }
}

/**
 * Looks, and changes nothing. It reads two objects, of which format 1 writes the second at any time: it may have missed
 * what that says, and saw what was under it.
 */
function only(holds: (now: StepState) => boolean): Next {
  return (now) => (holds(now) || (now.under !== undefined && holds(now.under)) ? [now] : []);
}

const nobody = { state: "released", agent: null, actor: null } as const;

/** What a step can be after a call that was told this. */
function toldAfter(sim: Sim, call: Call): Next {
  const { told, act, actor } = call;
  const looks = (view: StepView) => (now: StepState) => isView(sim, now, view);
  const mine = (now: StepState): boolean => isMine(now, actor);
  switch (told?.kind) {
    case "claim": {
      const { result } = told;
      if (!result.claimed)
        return only((now) => refusedClaim(now, call, result.why) && looks(result.view)(now));
      const { term } = result.lease;
      if (result.already)
        return (now) =>
          now.state === "in_progress" && mine(now) && now.term === term
            ? [{ ...now, actor: actor.name }]
            : [];
      return (now) => (now.state === "in_progress" && mine(now) ? [] : effect(call, term)(now));
    }
    case "finish": {
      const { result } = told;
      if (!result.done) return only((now) => refusedFinish(now, call, result.why) && looks(result.view)(now));
      const { term } = result.claim;
      if (!result.already) return effect(call, term);
      const wanted = act.kind === "finish" ? act.state : "released";
      return only((now) => now.state === wanted && now.term === term && (wanted === "released" || mine(now)));
    }
    case "reopen": {
      const { result } = told;
      if (result.done)
        return result.already ? only(({ state }) => state === "released") : effect(call, result.was.term);
      return only((now) => now.state === (result.why === "absent" ? "absent" : "in_progress"));
    }
    case "renew": {
      const holds = (now: StepState): boolean =>
        now.state === "in_progress" && mine(now) && now.term === told.term;
      if (!told.result) return (now) => [now];
      return told.result.renewed ? only(holds) : only((now) => !holds(now));
    }
    case "read":
      return only(looks(told.view));
    case "wait": {
      const { result } = told;
      if (result.kind === "complete") return only(({ state }) => state === "complete");
      if (result.kind === "blocked") return only(looks(result.view));
      return result.kind === "timeout" ? only(looks(result.missing[0]!)) : (now) => [now];
    }
    default:
      return () => [];
  }
}

function refusedClaim(now: StepState, { actor }: Call, why: "held" | "other_session" | "finished"): boolean {
  if (why === "finished")
    return now.state === "complete" || now.state === "blocked" || now.state === "needs_review";
  if (now.state !== "in_progress" || isMine(now, actor)) return false;
  return (now.agent === actor.agent) === (why === "other_session");
}

function refusedFinish(now: StepState, { actor, act }: Call, why: string): boolean {
  const mine = isMine(now, actor);
  const wanted = act.kind === "finish" ? act.state : "released";
  switch (why) {
    case "absent":
    case "released":
      return now.state === why;
    case "other_handoff":
      return mine && now.state === wanted;
    case "finished":
      return now.state === "complete" || (wanted === "released" && now.state !== "in_progress");
    case "held":
      return now.agent !== actor.agent && now.state !== "released";
    case "other_session":
      return now.agent === actor.agent && !mine;
    default: // Fenced: another's, or ours in a later term than the one this session held.
      return now.state !== "absent" && now.state !== "released" && now.term > 1;
  }
}

function isView(sim: Sim, now: StepState, { state, agent, session, term }: StepView): boolean {
  const shown = now.state === "absent" || now.state === "released" ? "pending" : now.state;
  if (shown !== state || now.agent !== agent || now.term !== (term ?? 0)) return false;
  return session === null ? now.actor === null : sim.sessions.get(session) === now.actor;
}
