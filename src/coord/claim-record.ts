import { claimRecord, logLimit, readRecord, schemaNumber } from "../format/records.ts";
import type { ClaimRecord, ClaimState, HandoffRecord, LogEntry } from "../format/records.ts";
import { isOurs, type Session } from "./project.ts";

export type { ClaimRecord, ClaimState, HandoffRecord, LogEntry };

/** The default of `--ttl`: how long a lease holds that nobody renews. */
export const defaultTtlS = 60 * 60;

/** A change of hands or state, to be put on top of what is there. */
export interface Step {
  readonly state: ClaimState;
  readonly agent: string | null;
  readonly session: string | null;
  readonly term: number;
  readonly at: string;
  readonly nonce: string;
  readonly ttlS?: number;
  readonly takenFrom?: LogEntry["taken_from"];
  readonly handoff?: HandoffRecord;
  /** Whether the lease is anew this holder's, so that `claimed_at` is now. */
  readonly claimed?: true;
}

export function readClaim(key: string, body: Uint8Array): ClaimRecord {
  return readRecord(claimRecord, key, body);
}

export function termOf(claim: ClaimRecord): number {
  return claim.term ?? 1;
}

export function stateOf(claim: ClaimRecord): ClaimState {
  return claim.state ?? "in_progress";
}

export function countOf(claim: ClaimRecord): number {
  return claim.n ?? 0;
}

/** Whether this is the very session that the claim belongs to. A claim of format 1 names no session: the agent decides. */
export function isHolder(claim: ClaimRecord, agent: string, session: Session): boolean {
  return claim.agent === agent && (claim.session == null || isOurs(session, claim.session));
}

/** The claim after a transition: the next `n`, one more entry in the log, unknown fields kept. */
export function advance(base: ClaimRecord | undefined, step: Step): ClaimRecord {
  const n = (base ? countOf(base) : 0) + 1;
  const entry: LogEntry = {
    n,
    at: step.at,
    agent: step.agent,
    session: step.session,
    term: step.term,
    state: step.state,
    nonce: step.nonce,
    ...(step.takenFrom && { taken_from: step.takenFrom }),
  };
  const handoff = step.handoff ?? base?.handoff;
  return {
    ...base,
    schema: schemaNumber,
    agent: step.agent,
    session: step.session,
    claimed_at: step.claimed || !base ? step.at : base.claimed_at,
    term: step.term,
    state: step.state,
    ttl_s: step.ttlS ?? base?.ttl_s ?? defaultTtlS,
    nonce: step.nonce,
    n,
    log: [...(base?.log ?? []), entry].slice(-logLimit),
    ...(handoff && { handoff: step.handoff ? { ...handoff, term: step.term, n } : handoff }),
  };
}

/** The entries that `advance` pushed out of the log: their writer puts them into the journal first. */
export function pushedOut(base: ClaimRecord | undefined): readonly LogEntry[] {
  const log = base?.log ?? [];
  return log.slice(0, Math.max(0, log.length + 1 - logLimit));
}

/** The same lease from now on: no entry in the log, only a new state of the object for its age to count from. */
export function renewed(
  base: ClaimRecord,
  session: string,
  nonce: string,
  ttlS: number | undefined,
): ClaimRecord {
  return {
    ...base,
    schema: schemaNumber,
    session,
    term: termOf(base),
    state: "in_progress",
    ttl_s: ttlS ?? base.ttl_s ?? defaultTtlS,
    nonce,
    n: countOf(base),
    log: base.log ?? [],
  };
}

/** Whether the attempt `mine` is in the history of `now`. Its version is gone, so it cannot land any more. */
export function landedInClaim(now: ClaimRecord, mine: ClaimRecord): "yes" | "no" | "unknown" {
  const log = now.log ?? [];
  if (now.nonce === mine.nonce || log.some(({ nonce }) => nonce === mine.nonce)) return "yes";
  if (countOf(now) < countOf(mine)) return "no";
  if (countOf(mine) === 0) return "no"; // A renewal of a claim of format 1: it has no entry to look for.
  return log.some(({ n }) => n === countOf(mine)) ? "no" : "unknown";
}

/** The last transition, for "since when". */
export function lastEntry(claim: ClaimRecord): LogEntry | undefined {
  return claim.log?.at(-1);
}

/**
 * The last entry of an earlier term of this session that others ended: it was fenced out. Undefined where it had none,
 * and where that term was given back first.
 */
export function lostTermOf(claim: ClaimRecord, agent: string, session: Session): LogEntry | undefined {
  const ours = claim.log?.findLast((entry) => {
    return entry.agent === agent && isOurs(session, entry.session) && entry.term < termOf(claim);
  });
  return ours && !wasGivenBack(claim, ours.term) ? ours : undefined;
}

/** Whether a term ended in the open: released by its holder, or reopened after it was finished. */
export function wasGivenBack(claim: ClaimRecord, term: number): boolean {
  return claim.log?.some((entry) => entry.term === term && entry.state === "released") ?? false;
}

/** How the term after that one began: who has fenced its holder out, and when. */
export function takeoverAfter(claim: ClaimRecord, term: number): LogEntry | undefined {
  return claim.log?.find((entry) => entry.term > term);
}
