import { happeningsOf, type Happening } from "./happenings.ts";
import { followed, groupedBy, isLogged, leasesOf, type Held } from "./held.ts";
import type { Records } from "./read.ts";

/** Without a sign of life for so long an agent is away. */
const silentMs = 5 * 60_000;
/** Each pass puts right what the one before has moved; a chain of causes is never longer than this in practice. */
const passes = 100;

export interface Timeline {
  /** In the order of time, effects after their causes. */
  readonly happenings: readonly Happening[];
  /** By agent, ascending: from when on, how many ms are to be added to what its clock said. */
  readonly offsets: ReadonlyMap<string, readonly (readonly [from: number, addMs: number])[]>;
}

/**
 * One order of everything that the records tell, up to `until`. Times are the writers', corrected and held against the
 * store's; where an effect would stand before its cause, it is moved behind it. Lapses and silences are added. Pure:
 * the same records, in whatever order, give the same timeline. `heard`, ascending by agent, are signs of life of which
 * the records know nothing, such as the lines of transcripts.
 */
export function timelineOf(
  records: Records,
  until: number,
  heard: ReadonlyMap<string, readonly number[]> = new Map(),
): Timeline {
  const written = happeningsOf(records).toSorted(inOrder);
  repair(written);
  const leases = leasesOf(written, until);
  const all = [...written, ...lapsesOf(leases), ...silencesOf(written, leases, heard)];
  return { happenings: all.toSorted(inOrder), offsets: offsetsOf(records) };
}

function inOrder(a: Happening, b: Happening): number {
  return (
    a.at - b.at || a.said - b.said || order(a.kind, b.kind) || a.tie - b.tie || order(a.id ?? "", b.id ?? "")
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Moves effects behind their causes, until none stands before one. */
function repair(all: Happening[]): void {
  const causes = [...chains(all), ...readings(all), ...refusals(all), ...sameHand(all)];
  for (let pass = 0; pass < passes; pass++) {
    let moved = takeOvers(all);
    for (const [cause, effect] of causes) {
      if (inOrder(cause, effect) < 0) continue;
      effect.at = cause.at + 1;
      moved = true;
    }
    if (!moved) return;
  }
}

type Cause = readonly [cause: Happening, effect: Happening];

/** The entries of one claim's log, each after the one before; renewals after the claim of their term. */
function chains(all: readonly Happening[]): Cause[] {
  const causes: Cause[] = [];
  const claimed = new Map<string, Happening>();
  for (const claim of all) if (claim.kind === "claim") claimed.set(`${claim.step} ${claim.term}`, claim);
  const byStep = groupedBy(all.filter(isLogged), ({ step }) => step);
  for (const entries of byStep.values()) {
    const sorted = entries.toSorted((a, b) => a.n! - b.n!);
    for (let at = 1; at < sorted.length; at++) causes.push([sorted[at - 1]!, sorted[at]!]);
  }
  for (const happening of all) {
    if (happening.kind !== "renew") continue;
    const claim = claimed.get(`${happening.step} ${happening.term}`);
    if (claim) causes.push([claim, happening]);
  }
  return causes;
}

/** A message is read and acknowledged after it was sent; a handoff is told after the step was finished. */
function readings(all: readonly Happening[]): Cause[] {
  const sent = groupedBy(
    all.filter(({ kind, id }) => (kind === "send" || kind === "handoff") && id !== undefined),
    ({ id }) => id!,
  );
  const finished = new Map<string, Happening>();
  for (const one of all)
    if (one.nonce !== undefined && isLogged(one)) finished.set(one.nonce.slice(0, 8), one);
  const causes: Cause[] = [];
  for (const one of all) {
    if (one.kind === "handoff" && finished.has(one.id!)) causes.push([finished.get(one.id!)!, one]);
    if (one.kind !== "read" && one.kind !== "ack") continue;
    for (const id of one.ids ?? [])
      for (const letter of sent.get(id) ?? [])
        if (letter.to === one.agent || letter.to === "") causes.push([letter, one]);
  }
  return causes;
}

/** Who is refused because another holds it is refused after that one got it. */
function refusals(all: readonly Happening[]): Cause[] {
  // The first entry of a term: a claim, or the end of a step that nobody had claimed, or of somebody else's by force.
  const began = new Map<string, Happening>();
  for (const one of all) {
    const term = `${one.step} ${one.term}`;
    const known = began.get(term);
    if (isLogged(one) && (known?.n === undefined || one.n! < known.n)) began.set(term, one);
    else if (one.kind === "claim" && known === undefined) began.set(term, one);
  }
  return all.flatMap((one): Cause[] => {
    if (one.kind !== "lost" && one.kind !== "fenced") return [];
    const winner = began.get(`${one.step} ${one.holderTerm}`);
    return winner && winner.agent !== one.agent ? [[winner, one]] : [];
  });
}

/** Not by the corrected time: a clock that is measured between two acts would turn them round. */
function own(one: Happening): number {
  return one.own ?? one.said;
}

/** What one agent did to one step, in the order in which it says that it did. */
function sameHand(all: readonly Happening[]): Cause[] {
  const causes: Cause[] = [];
  const groups = groupedBy(
    all.filter(({ step, kind }) => step !== undefined && kind !== "handoff"),
    ({ agent, step }) => `${agent} ${step}`,
  );
  for (const group of groups.values()) {
    const sorted = group.toSorted((a, b) => own(a) - own(b) || a.tie - b.tie);
    for (let at = 1; at < sorted.length; at++)
      if (own(sorted[at]!) > own(sorted[at - 1]!)) causes.push([sorted[at - 1]!, sorted[at]!]);
  }
  return causes;
}

/** A claim that took a lease over, without force, came after that lease had run out. */
function takeOvers(all: Happening[]): boolean {
  let moved = false;
  for (const { claim, ranOut } of followed(all)) {
    if (claim === undefined || ranOut === undefined || claim.at > ranOut) continue;
    claim.at = ranOut + 1;
    moved = true;
  }
  return moved;
}

function lapsesOf(leases: readonly Held[]): Happening[] {
  return leases.flatMap(({ step, term, agent, ranOut }): Happening[] =>
    ranOut === undefined ? [] : [{ kind: "lapse", at: ranOut, said: ranOut, agent, step, term, tie: 0 }],
  );
}

/** From when on nothing was heard of an agent that held a step, for longer than a heartbeat may be late. */
function silencesOf(
  all: readonly Happening[],
  leases: readonly Held[],
  heard: ReadonlyMap<string, readonly number[]>,
): Happening[] {
  const signs = new Map<string, number[]>();
  for (const [agent, times] of heard) signs.set(agent, [...times]);
  for (const { agent, at } of all) {
    const times = signs.get(agent);
    if (times) times.push(at);
    else signs.set(agent, [at]);
  }
  const silences = new Map<string, Happening>();
  for (const [agent, times] of signs) {
    const mine = leases.filter((lease) => lease.agent === agent);
    if (mine.length === 0) continue;
    times.sort((a, b) => a - b);
    times.forEach((time, index) => {
      const at = time + silentMs;
      if (at >= (times[index + 1] ?? Number.POSITIVE_INFINITY)) return;
      if (!mine.some(({ from, to }) => from <= at && at <= to)) return;
      silences.set(`${agent} ${at}`, { kind: "silent", at, said: at, agent, tie: 0 });
    });
  }
  return [...silences.values()];
}

/** What was measured of each writer's clock, whenever it changed. */
export function offsetsOf({ journal }: Records): Timeline["offsets"] {
  const found = new Map<string, [number, number][]>();
  const sorted = journal
    .map(({ event }) => ({ agent: event.agent, at: Date.parse(event.client_at), add: event.clock_offset_ms }))
    .toSorted((a, b) => a.at - b.at);
  for (const { agent, at, add } of sorted) {
    const mine = found.get(agent) ?? [];
    if (mine.length === 0) found.set(agent, mine);
    if (mine.at(-1)?.[1] !== add) mine.push([at, add]);
  }
  return found;
}
