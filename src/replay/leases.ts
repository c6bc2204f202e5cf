import type { Moment } from "./page.ts";

/** How a lease ended: `held` not at all, `taken` somebody else's term replaced it while it ran. */
export type LeaseEnd = "complete" | "block" | "review" | "release" | "lapse" | "taken" | "held";

/** One term of a step: who held it, from when, until when. */
export interface Lease {
  readonly step: string;
  readonly term: number;
  readonly lane: number;
  readonly from: number;
  /** The `seq` of the claim. */
  readonly seq: number;
  /** When it was renewed, ascending. */
  readonly renewals: readonly number[];
  /** Until when the last claim or renewal holds it; absent where nobody said. */
  readonly until?: number;
  readonly end: LeaseEnd;
  /** Infinity for one that is still held. */
  readonly endAt: number;
  /** When it ran out, also where its holder went on afterwards: it ends only when somebody acts. */
  readonly lapsedAt?: number;
  /** The term before it, where that was somebody else's and did not end by itself. */
  readonly takenFrom?: number;
}

type Open = { -readonly [name in keyof Lease]: Lease[name] } & { renewals: number[] };

/** The kinds that end a lease by its holder's own act. */
export const leaseEnds: ReadonlySet<string> = new Set(["complete", "block", "review", "release"]);

/**
 * The leases that moments tell of, in the order in which they began. The moments are in the order of `seq`. A renewal
 * or an end of a term that nothing opened opens it: what came before `--since` is not in a page.
 */
export function leasesOf(moments: Iterable<Moment>): Lease[] {
  const leases: Open[] = [];
  const last = new Map<string, Open>();
  for (const moment of moments) {
    const { step } = moment;
    if (step !== undefined) follow(leases, last, moment, step);
  }
  return leases;
}

function follow(leases: Open[], last: Map<string, Open>, moment: Moment, step: string): void {
  const { kind, at } = moment;
  const before = last.get(step);
  if (kind === "lapse") {
    if (before && isOpen(before)) Object.assign(before, { end: "lapse", endAt: at, lapsedAt: at });
    return;
  }
  const ends = leaseEnds.has(kind);
  if (kind !== "claim" && kind !== "renew" && !ends) return;
  const term = moment.term ?? before?.term ?? 1;
  if (before && term > before.term && before.end === "held")
    Object.assign(before, { end: "taken", endAt: at });
  if (before && term < before.term) return; // An echo of a term that is over changes nothing.
  const lease = before?.term === term ? before : open(leases, last, { ...moment, step, term }, before);
  if (ends) {
    if (isOpen(lease) || lease.end === "lapse") Object.assign(lease, { end: kind, endAt: at });
    return;
  }
  if (lease.seq !== moment.seq && (isOpen(lease) || lease.end === "lapse")) {
    lease.renewals.push(at);
    Object.assign(lease, { end: "held", endAt: Number.POSITIVE_INFINITY });
  }
  if (moment.until !== undefined) lease.until = moment.until;
}

function open(
  leases: Open[],
  last: Map<string, Open>,
  moment: Moment & { readonly step: string; readonly term: number },
  before: Open | undefined,
): Open {
  const { step, term, lane, at, seq } = moment;
  const takenFrom = moment.takenFrom ?? (before?.end === "taken" ? before.term : undefined);
  const lease: Open = {
    step,
    term,
    lane,
    from: at,
    seq,
    renewals: [],
    end: "held",
    endAt: Number.POSITIVE_INFINITY,
    ...(takenFrom !== undefined && { takenFrom }),
  };
  leases.push(lease);
  last.set(step, lease);
  return lease;
}

function isOpen({ end }: Open): boolean {
  return end === "held";
}
