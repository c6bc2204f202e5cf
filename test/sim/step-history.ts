import type { ClaimRecord, LogEntry } from "../../src/coord/claim-record.ts";
import { claimKey } from "../../src/format/keys.ts";
import { textOf, type Applied } from "./bucket.ts";
import type { Call, Sim } from "./sim.ts";

/** One state that a claim had, and the command that brought it there. */
export interface ClaimMoment {
  readonly applied: Applied;
  readonly record: ClaimRecord;
  /** Undefined for what lay there from the beginning. */
  readonly call: Call | undefined;
}

export interface StepHistory {
  readonly step: string;
  readonly moments: readonly ClaimMoment[];
  /** Whether a client of format 1 worked on it, to whom fewer rules apply. */
  readonly legacy: boolean;
}

export function stepHistory(sim: Sim, step: string, legacy: boolean): StepHistory {
  const states = sim.bucket.history.get(claimKey(step)) ?? [];
  const moments = states.map((applied) => ({
    applied,
    record: JSON.parse(textOf(applied)) as ClaimRecord,
    call: sim.calls[applied.call],
  }));
  return { step, moments, legacy };
}

/** What a record's holder is called among the actors; null where nobody holds it. */
export function holderIn(sim: Sim, { session }: ClaimRecord | LogEntry): string | null {
  return session == null ? null : (sim.sessions.get(session) ?? "?");
}

/** The first write that the store took of each call that was about this step. */
export function takenByCall({ step, moments }: StepHistory): ReadonlyMap<number, Applied> {
  const taken = new Map<number, Applied>();
  for (const { applied, call } of moments) {
    if (call && "step" in call.act && call.act.step === step && !taken.has(call.id)) taken.set(call.id, applied);
  }
  return taken;
}
