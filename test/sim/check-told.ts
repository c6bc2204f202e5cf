import { TracecraftError } from "../../src/errors.ts";
import { memoryRecordKey } from "../../src/format/keys.ts";
import { textOf, type Applied } from "./bucket.ts";
import type { Call, Sim } from "./sim.ts";
import type { StepHistory } from "./step-history.ts";

/** Promise 2: nobody was told "lost" of a write that is in, nor "won" of one that is not; what is open was called unknown. */
export function checkTold(sim: Sim, histories: readonly StepHistory[]): string[] {
  const wrong: string[] = [];
  for (const call of sim.calls) {
    const say = (what: string): void => void wrong.push(`#${call.id} ${call.act.kind} by ${call.actor.name}: ${what}`);
    const applied = writesOf(sim, call);
    if (call.error) {
      if (!(call.error instanceof TracecraftError)) say(`${call.error.stack ?? call.error.message}`);
      else if (call.fair) say(`failed in fair weather: ${call.error.message}`);
      else if (call.error.code === "unreachable" ? applied.length > 0 : call.error.code !== "outcome_unknown")
        say(`told ${call.error.code} of ${applied.length} writes that are in: ${call.error.message}`);
    } else if (call.told) checkAnswer(call, applied, histories, say);
  }
  return wrong;
}

type Say = (what: string) => void;

function checkAnswer(call: Call, applied: readonly Applied[], histories: readonly StepHistory[], say: Say): void {
  const { told } = call;
  const returned = call.returned!;
  const isIn = applied.some(({ stamp }) => stamp < returned);
  const landsLater = applied.some(({ stamp }) => stamp > returned);
  if (applied.length > 1 && !isRenewal(call)) say(`its write was taken ${applied.length} times`);
  switch (told?.kind) {
    case "claim":
      if (told.result.claimed ? !isIn : landsLater)
        say(told.result.claimed ? "told won of a claim that is not in" : "told lost of a claim that landed later");
      else if (!told.result.claimed && isIn && stillHeld(call, applied[0]!, histories))
        say(`told ${told.result.why} of a claim that is in`);
      return;
    case "finish":
      return checkChange(told.result.done, told.result.done && told.result.already, told.result.done ? "" : told.result.why);
    case "reopen":
      return checkChange(told.result.done, told.result.done && told.result.already, told.result.done ? "" : told.result.why);
    case "renew":
      if (told.result?.renewed && !isIn) say("told renewed of a renewal that is not in");
      return;
    case "memory": {
      const { result } = told;
      return checkChange(result.kind === "done", result.kind === "done" && result.already, result.kind);
    }
    default:
  }

  function checkChange(done: boolean, already: boolean, why: string): void {
    if (done && !already) {
      if (!isIn) say("told done of a change that is not in");
    } else if (applied.length > 0) say(`told ${done ? "already" : why} of a change that is in`);
  }
}

function isRenewal({ act, told }: Call): boolean {
  return act.kind === "renew" || (told?.kind === "claim" && told.result.claimed && told.result.already);
}

/** Whether from its own claim on until it was told, the step was never another's. */
function stillHeld(call: Call, own: Applied, histories: readonly StepHistory[]): boolean {
  const step = "step" in call.act ? call.act.step : "";
  const moments = histories.find((history) => history.step === step)?.moments ?? [];
  const term = moments.find(({ applied }) => applied === own)?.record.term;
  return moments
    .filter(({ applied }) => applied.stamp >= own.stamp && applied.stamp < call.returned!)
    .every(({ record }) => record.state === "in_progress" && record.term === term);
}

/** What the store took of a call's own change, whenever it did; what it wrote besides does not count. */
export function writesOf(sim: Sim, { id, act }: Call): readonly Applied[] {
  const key = "key" in act ? memoryRecordKey(act.key) : "step" in act ? `steps/${act.step}/claim.json` : undefined;
  if (key === undefined || act.kind === "wait" || act.kind === "read" || act.kind === "get") return [];
  return (sim.bucket.history.get(key) ?? []).filter(({ call }) => call === id);
}

/** The revision of a write to memory. */
export function revisionOf(applied: Applied): string {
  return (JSON.parse(textOf(applied)) as { revision: string }).revision;
}
