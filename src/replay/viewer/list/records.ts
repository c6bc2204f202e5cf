import type { Moment, Source } from "../../page.ts";
import type { Lease } from "../../leases.ts";
import { leasesOf } from "../../leases.ts";
import type { Held } from "./match.ts";

/** What the records of a page say of each other: which message was read, who held a term. Made once for each source. */
export interface Records {
  /** Messages and handoffs by the message's id. */
  readonly sent: ReadonlyMap<string, Moment>;
  /** When a message was read first, and by how many. */
  reads(id: string): { readonly at: number; readonly count: number } | undefined;
  /** The lane that held a term of a step. */
  holder(step: string, term: number): number | undefined;
  readonly held: readonly Held[];
}

const made = new WeakMap<Source, Records>();

export function recordsOf(source: Source): Records {
  const known = made.get(source);
  if (known) return known;
  const sent = new Map<string, Moment>();
  const read = new Map<string, { at: number; count: number }>();
  for (const moment of source.moments) {
    if ((moment.kind === "send" || moment.kind === "handoff") && moment.id !== undefined)
      sent.set(moment.id, moment);
    if (moment.kind !== "read") continue;
    for (const id of moment.ids ?? []) {
      const before = read.get(id);
      read.set(id, { at: before?.at ?? moment.at, count: (before?.count ?? 0) + 1 });
    }
  }
  const leases = leasesOf(source.moments);
  const terms = new Map<string, Lease>(leases.map((lease) => [`${lease.term} ${lease.step}`, lease]));
  const records: Records = {
    sent,
    reads: (id) => read.get(id),
    holder: (step, term) => terms.get(`${term} ${step}`)?.lane,
    held: leases.map(({ step, lane, from, endAt }) => ({
      step,
      lane,
      from,
      to: Math.min(endAt, source.header.to),
    })),
  };
  made.set(source, records);
  return records;
}
