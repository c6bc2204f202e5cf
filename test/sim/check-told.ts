import { TracecraftError } from "../../src/errors.ts";
import { memoryRecordKey } from "../../src/format/keys.ts";
import { textOf, type Applied } from "./bucket.ts";
import type { Call, Sim } from "./sim.ts";
import type { ClaimMoment, StepHistory } from "./step-history.ts";

/** Promise 2: nobody was told "lost" of a write that is in, nor "won" of one that is not; what is open was called unknown. */
export function checkTold(sim: Sim, histories: readonly StepHistory[]): string[] {
  const wrong: string[] = [];
  for (const call of sim.calls) {
    const say = (what: string): void =>
      void wrong.push(`#${call.id} ${call.act.kind} by ${call.actor.name}: ${what}`);
    const taken = writesOf(sim, call, histories);
    if (call.error) checkError(call, taken, say);
    else if (call.told) checkAnswer(call, taken, say);
  }
  return wrong;
}

type Say = (what: string) => void;

const onlyReads: ReadonlySet<string> = new Set(["wait", "read", "get", "look", "handoff"]);

/** What the store took of one call: changes of hands, state or value; and renewals, which may be done twice. */
interface Taken {
  readonly changes: readonly { readonly stamp: number; readonly heldUntil: number }[];
  readonly renewals: readonly { readonly stamp: number }[];
}

function checkError({ error, fair }: Call, { changes }: Taken, say: Say): void {
  if (!(error instanceof TracecraftError)) return say(`${error?.stack ?? error?.message}`);
  if (fair) say(`failed in fair weather: ${error.message}`);
  else if (error.code !== "unreachable" && error.code !== "outcome_unknown")
    say(`told ${error.code}: ${error.message}`);
  // A claim that was overtaken before its caller could be told is no claim any more.
  else if (
    error.code === "unreachable" &&
    changes.some(({ heldUntil }) => heldUntil === Number.POSITIVE_INFINITY)
  )
    say(`told unreachable of a change that is in: ${error.message}`);
}

function checkAnswer({ told, returned, act }: Call, { changes, renewals }: Taken, say: Say): void {
  const before = ({ stamp }: { stamp: number }): boolean => stamp < returned!;
  const isIn = changes.some(before);
  if (changes.length > 1 && act.kind !== "claim") say(`its change was taken ${changes.length} times`);
  switch (told?.kind) {
    case "claim": {
      const { result } = told;
      if (result.claimed && !(result.already ? renewals : changes).some(before))
        say("told won of a claim that is not in");
      if (changes.some((change) => !before(change))) say("its claim landed after it was told");
      if (
        !result.claimed &&
        changes.some(({ stamp, heldUntil }) => stamp < returned! && heldUntil > returned!)
      )
        say(`told ${result.why} of a claim that is in`);
      return;
    }
    case "renew":
      if (told.result?.renewed && !renewals.some(before)) say("told renewed of a renewal that is not in");
      return;
    case "finish":
    case "reopen":
    case "memory": {
      const { result } = told;
      const done = "done" in result ? result.done : result.kind === "done";
      const already = "already" in result && result.already;
      if (done && !already) {
        if (!isIn) say("told done of a change that is not in");
      } else if (changes.length > 0)
        say(`told ${done ? "already" : "why" in result ? result.why : "changed"} of a change that is in`);
      return;
    }
    default:
  }
}

function writesOf(sim: Sim, { id, act }: Call, histories: readonly StepHistory[]): Taken {
  if (onlyReads.has(act.kind)) return { changes: [], renewals: [] };
  if ("key" in act) {
    const states = sim.bucket.history.get(memoryRecordKey(act.key)) ?? [];
    const changes = states
      .filter(({ call }) => call === id)
      .map(({ stamp }) => ({ stamp, heldUntil: Number.POSITIVE_INFINITY }));
    return { changes, renewals: [] };
  }
  const history = "step" in act ? histories.find(({ step }) => step === act.step) : undefined;
  const { moments, legacy } = history ?? { moments: [], legacy: false };
  const own = moments.filter(({ call }) => call?.id === id);
  const changes = own
    .filter(({ renewal }) => !renewal)
    .map((moment) => {
      const stays = act.kind === "claim" ? moments.find((later) => passes(moment, later)) : undefined;
      // Where format 1 has completed the step, that is what everybody sees, in the same second or after it.
      if (legacy && act.kind === "claim")
        return { stamp: moment.applied.stamp, heldUntil: moment.applied.stamp };
      return { stamp: moment.applied.stamp, heldUntil: stays?.applied.stamp ?? Number.POSITIVE_INFINITY };
    });
  return { changes, renewals: own.filter(({ renewal }) => renewal).map(({ applied }) => applied) };
}

/** Whether a claim is over with a later state of its step. */
function passes({ applied, record }: ClaimMoment, later: ClaimMoment): boolean {
  if (later.applied.stamp <= applied.stamp) return false;
  return later.record.state !== "in_progress" || later.record.term !== record.term;
}

/** The revision of a write to memory. */
export function revisionOf(applied: Applied): string {
  return (JSON.parse(textOf(applied)) as { revision: string }).revision;
}
