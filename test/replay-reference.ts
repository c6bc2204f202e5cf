import type { Moment } from "../src/replay/page.ts";

// What moments mean by docs/format.md, sections 3 to 6, told once more in the plainest way: everything is recounted
// from the first moment for each question. Nothing here is shared with src/replay.

const refused = ["lost", "fenced", "unresolved"];

export interface Holding {
  readonly lane: number;
  readonly term: number;
  readonly lapsed: boolean;
}

/** Who holds a step after these moments: the last claim or renewal, unless something ended it. */
export function holdingOf(moments: readonly Moment[], step: string): Holding | undefined {
  const mine = moments.filter((moment) => moment.step === step);
  const begin = mine.findLast(({ kind }) => kind === "claim" || kind === "renew");
  if (!begin) return undefined;
  const after = mine.filter(({ seq, term }) => seq > begin.seq && (term ?? 1) >= (begin.term ?? 1));
  if (after.some(({ kind }) => ["complete", "block", "review", "release", "reopen"].includes(kind)))
    return undefined;
  return { lane: begin.lane, term: begin.term ?? 1, lapsed: after.some(({ kind }) => kind === "lapse") };
}

/** The ids of what an agent has not read: sent to it or to everybody else's, and in no reading of its own. */
export function unreadOf(moments: readonly Moment[], lane: number): string[] {
  const read = new Set(
    moments.filter((one) => one.kind === "read" && one.lane === lane).flatMap(({ ids }) => ids ?? []),
  );
  return moments
    .filter(({ kind, to }) => (kind === "send" || kind === "handoff") && to !== undefined)
    .filter(({ to, lane: from }) => to === lane || (to === -1 && from !== lane))
    .map(({ id }) => id!)
    .filter((id) => !read.has(id));
}

/** What a key holds: what was set last; undefined when it was never set. */
export function valueOf(
  moments: readonly Moment[],
  key: string,
): { text: string; deleted: boolean } | undefined {
  const last = moments.findLast((moment) => moment.kind === "memory" && moment.key === key);
  return last && { text: last.text ?? "", deleted: last.deleted === true };
}

/** Effects that stand before their causes, in words; none in a page that is right. */
export function wrongOrders(moments: readonly Moment[]): string[] {
  const wrong: string[] = [];
  moments.forEach((moment, place) => {
    const before = moments.slice(0, place);
    const { kind, step, term, n, lane, seq } = moment;
    const needs = (what: string, found: boolean): void => {
      if (!found) wrong.push(`${seq}: ${kind} by ${lane} of ${step ?? ""} before ${what}`);
    };
    const claimOf = (wanted: number | undefined) =>
      before.some((one) => one.kind === "claim" && one.step === step && one.term === wanted);
    if (place > 0 && moment.at < moments[place - 1]!.at) wrong.push(`${seq}: time runs back`);
    if (n !== undefined && n > 1 && kind !== "lost" && kind !== "fenced" && kind !== "unresolved")
      needs(
        `entry ${n - 1}`,
        before.some((one) => one.step === step && one.n === n - 1 && one.kind !== "lost"),
      );
    if (kind === "renew" || kind === "lapse") needs("its claim", claimOf(term));
    if (moment.takenFrom !== undefined)
      needs(
        "the lapse",
        before.some((one) => one.kind === "lapse" && one.step === step && one.term === moment.takenFrom),
      );
    if ((kind === "lost" || kind === "fenced") && moment.holderTerm !== undefined && moment.holder !== lane)
      needs(
        "the winner",
        before.some(
          (one) => one.step === step && one.term === moment.holderTerm && !refused.includes(one.kind),
        ),
      );
    for (const id of kind === "read" || kind === "ack" ? (moment.ids ?? []) : [])
      needs(
        `the sending of ${id}`,
        before.some((one) => one.id === id && one.to !== undefined),
      );
  });
  return wrong;
}
