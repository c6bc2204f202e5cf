import type { Happening } from "./happening.ts";

/** After its ttl a lease is respected for so long, as claims do. */
const graceMs = 2_000;

/** What has the same key, in the order in which it came. */
export function groupedBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

const logged: ReadonlySet<string> = new Set(["claim", "complete", "block", "review", "release", "reopen"]);

/** Whether it is an entry of a claim's log. */
export function isLogged({ kind, n }: Happening): boolean {
  return logged.has(kind) && n !== undefined;
}

/** The lease of one claim, and how it ended. */
export interface Held {
  readonly step: string;
  readonly term: number;
  readonly agent: string;
  readonly from: number;
  /** When it ran out, and nothing was done in time. */
  readonly ranOut: number | undefined;
  /** Until when it was held: its end, or that it ran out. */
  readonly to: number;
  /** The claim that took it over then. */
  readonly claim: Happening | undefined;
}

/** The lease of each claim, and what followed it, by the order of each step's log. */
export function followed(all: readonly Happening[]): Held[] {
  const groups = groupedBy(
    all.filter(
      (one) => isLogged(one) || one.kind === "renew" || (one.kind === "claim" && one.step !== undefined),
    ),
    ({ step }) => step!,
  );
  return [...groups].flatMap(([step, group]) => heldIn(step, group));
}

function heldIn(step: string, group: readonly Happening[]): Held[] {
  const log = group.filter(({ kind }) => kind !== "renew").toSorted((a, b) => (a.n ?? 0) - (b.n ?? 0));
  const renewals = group.filter(({ kind }) => kind === "renew");
  return log.flatMap((claim, index): Held[] => {
    if (claim.kind !== "claim") return [];
    const next = log[index + 1];
    const mine = renewals.filter(({ term, agent }) => term === claim.term && agent === claim.agent);
    const last = mine.reduce((latest, one) => (one.at > latest.at ? one : latest), claim);
    const until = lapseOf(claim, last, next);
    if (until === undefined) return [];
    const inTime =
      next !== undefined && (next.kind !== "claim" || next.agent === claim.agent) && next.at <= until;
    return [
      {
        step,
        term: claim.term ?? 1,
        agent: claim.agent,
        from: claim.at,
        ranOut: inTime ? undefined : until,
        to: inTime ? next.at : until,
        claim: next?.kind === "claim" ? next : undefined,
      },
    ];
  });
}

/** When a lease runs out that nobody renews again; undefined for one of which that is not known. */
function lapseOf(claim: Happening, last: Happening, next: Happening | undefined): number | undefined {
  const ttlMs = last.ttlMs ?? claim.ttlMs;
  if (ttlMs !== undefined) return last.at + ttlMs + graceMs;
  // One of format 1 never lapses. Of another whose ttl nobody knows any more: at the latest when it was taken over.
  const taken = claim.n !== undefined && next?.kind === "claim" && next.agent !== claim.agent;
  return taken ? Math.max(last.at, next.at - 1) : undefined;
}

/** The leases up to `until`; tells claims and ends what they took over, and what they put out by force. */
export function leasesOf(all: readonly Happening[], until: number): Held[] {
  for (const one of all)
    if ((one.kind === "claim" || one.kind === "renew") && one.ttlMs !== undefined)
      Object.assign(one, { until: one.at + one.ttlMs });
  const leases = followed(all);
  for (const { claim, agent, term } of leases)
    if (claim && claim.agent !== agent && claim.term !== term) Object.assign(claim, { takenFrom: term });
  // From another session of the same agent, while that held it: nobody else could.
  for (const { claim, agent, term, ranOut } of leases)
    if (claim?.agent === agent && claim.term! > term && ranOut === undefined)
      Object.assign(claim, { forcedFrom: term, holder: agent });
  for (const [before, end] of forcedEnds(all))
    Object.assign(end, { forcedFrom: before.term ?? 1, holder: before.agent });
  return leases.map((held) =>
    held.ranOut !== undefined && held.ranOut > until ? { ...held, ranOut: undefined, to: until } : held,
  );
}

type Forced = readonly [before: Happening, end: Happening];

/** An end of a later term than the entry before it in its claim's log, with no claim between them, is one by force. */
function forcedEnds(all: readonly Happening[]): Forced[] {
  const groups = groupedBy(
    all.filter((one) => isLogged(one) || one.kind === "claim"),
    ({ step }) => step,
  );
  return [...groups.values()].flatMap((group) => {
    const log = group.toSorted((a, b) => (a.n ?? 0) - (b.n ?? 0));
    return log.slice(1).flatMap((end, index): Forced[] => {
      const before = log[index]!;
      const follows = (before.n ?? 0) + 1 === end.n;
      return follows && end.kind !== "claim" && (end.term ?? 1) > (before.term ?? 1) ? [[before, end]] : [];
    });
  });
}
