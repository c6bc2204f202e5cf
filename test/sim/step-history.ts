import type { ClaimRecord, LogEntry } from "../../src/coord/claim-record.ts";
import { claimKey } from "../../src/format/keys.ts";
import { textOf, type Applied } from "./bucket.ts";
import { takesIn } from "./format-one-model.ts";
import type { Call, Sim } from "./sim.ts";

/** One state that a claim had, and the command that brought it there. */
export interface ClaimMoment {
  readonly applied: Applied;
  readonly record: ClaimRecord;
  /** Undefined for what lay there from the beginning. */
  readonly call: Call | undefined;
  /** Whether it only began the same lease anew. */
  readonly renewal: boolean;
}

export interface StepHistory {
  readonly step: string;
  readonly moments: readonly ClaimMoment[];
  /** Whether a client of format 1 worked on it, to whom fewer rules apply. */
  readonly legacy: boolean;
}

export function stepHistory(sim: Sim, step: string, legacy: boolean): StepHistory {
  const states = sim.bucket.history.get(claimKey(step)) ?? [];
  const records = states.map((applied) => JSON.parse(textOf(applied)) as ClaimRecord);
  const moments = states.map((applied, at) => ({
    applied,
    record: records[at]!,
    call: sim.calls[applied.call],
    renewal: at > 0 && (records[at]!.n ?? 0) === (records[at - 1]!.n ?? 0),
  }));
  return { step, moments, legacy };
}

/** What a record's holder is called among the actors; null where nobody holds it. */
export function holderIn(sim: Sim, { session }: ClaimRecord | LogEntry): string | null {
  return session == null ? null : (sim.sessions.get(session) ?? "?");
}

/** The changes that the store took of each call that was about this step; a renewal changes nothing. */
export function takenByCall({ step, moments }: StepHistory): ReadonlyMap<number, readonly Applied[]> {
  const taken = new Map<number, Applied[]>();
  for (const { applied, call, record, renewal } of moments) {
    if (!call || renewal || takesIn({ record }) || !("step" in call.act) || call.act.step !== step) continue;
    taken.set(call.id, [...(taken.get(call.id) ?? []), applied]);
  }
  return taken;
}
