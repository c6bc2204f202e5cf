import { computed } from "@preact/signals";
import type { Lease } from "../leases.ts";
import { leasesOf } from "../leases.ts";
import type { Letter } from "../letters.ts";
import { lettersOf } from "../letters.ts";
import type { Kind, Lane, Moment, Source } from "../page.ts";
import type { Intervals } from "./intervals.ts";
import { firstFrom, intervals } from "./intervals.ts";
import { grouped } from "./grouped.ts";
import { source } from "./model.ts";

/** What the moments of a page say, arranged so that a window of it is found without looking at the rest. */
export interface Story {
  readonly leases: readonly Lease[];
  readonly letters: Intervals<Letter>;
  /** What an agent sent, by time; and what it sent or was sent. */
  sentBy(lane: number): readonly Letter[];
  lettersWith(lane: number): Intervals<Letter>;
  readonly letterBySeq: ReadonlyMap<number, Letter>;
  lane(lane: number): Lane | undefined;
  parent(lane: number): number;
  leasesOf(lane: number): Intervals<Lease>;
  /** The leases of an agent by when they began. */
  leaseList(lane: number): readonly Lease[];
  /** Which of the bars that its agent held at once a lease is, from 0; and how many an agent needs. */
  track(lease: Lease): number;
  tracks(lane: number): number;
  /** The last sign of life of the holder of a lease that lapsed. */
  heard(lease: Lease): number;
  /** Who took a lapsed lease over. */
  successor(lease: Lease): Lease | undefined;
  /** The spans in which a lane was there. */
  presence(lane: number): readonly (readonly [number, number])[];
  /** What stands in the activity, and what stands beside the leases: sorted by time. */
  made(lane: number): readonly Moment[];
  fates(lane: number, track: number): readonly Moment[];
}

/** A `silent` moment stands where this time has passed without a sign of life: what was last heard is so much older. */
export const silentAfter = 5 * 60_000;

const madeKinds: ReadonlySet<Kind> = new Set(["artifact", "memory", "silent"]);
const fateKinds: ReadonlySet<Kind> = new Set([
  "lost",
  "unresolved",
  "fenced",
  "handoff",
  "reopen",
  "block",
  "review",
  "release",
]);

function letterEnd(letter: Letter): number {
  if (letter.to !== -1 && !letter.reads.some(({ lane }) => lane === letter.to))
    return Number.POSITIVE_INFINITY;
  return letter.reads.reduce((last, { at }) => Math.max(last, at), letter.at);
}

/** Bars that overlap stand on tracks of their own, the first that is free. */
function layTracks(leases: readonly Lease[]) {
  const tracks = new Map<Lease, number>();
  const most = new Map<number, number>();
  for (const [lane, list] of grouped(leases, (lease) => lease.lane)) {
    const ends: number[] = [];
    for (const lease of list.toSorted((a, b) => a.from - b.from)) {
      const free = ends.findIndex((end) => end <= lease.from);
      const track = free < 0 ? ends.length : free;
      ends[track] = lease.endAt;
      tracks.set(lease, track);
    }
    most.set(lane, ends.length);
  }
  return { tracks, most };
}

/** What became of a lease stands on the track of its bar; what has no bar stands on the first. By lane and track. */
function fatesByTrack(
  fates: ReadonlyMap<number, readonly Moment[]>,
  leases: readonly Lease[],
  tracks: ReadonlyMap<Lease, number>,
): ReadonlyMap<string, readonly Moment[]> {
  const byTerm = new Map(leases.map((lease) => [`${lease.lane} ${lease.term} ${lease.step}`, lease]));
  const all = [...fates.values()].flat();
  return grouped(all, ({ lane, term, step, kind }) => {
    const lease = kind === "fenced" ? undefined : byTerm.get(`${lane} ${term} ${step}`);
    return `${lane}.${Math.min(2, (lease && tracks.get(lease)) ?? 0)}`;
  });
}

/** A lane is there from its first event to its last, but for the spans in which nothing was heard of it. */
function presenceOf(lane: Lane, moments: readonly Moment[]): (readonly [number, number])[] {
  if (lane.count === 0) return [];
  const spans: (readonly [number, number])[] = [];
  let from = lane.from;
  for (const [place, moment] of moments.entries()) {
    if (moment.kind !== "silent") continue;
    const heard = moment.at - silentAfter;
    if (heard > from) spans.push([from, heard]);
    const next = moments
      .slice(place + 1, place + 64)
      .find(({ kind }) => kind !== "silent" && kind !== "lapse");
    from = next?.at ?? Math.max(lane.to, moment.at);
  }
  if (lane.to > from) spans.push([from, lane.to]);
  return spans;
}

const none: readonly Moment[] = [];

/** The letters that an agent wrote, read or should read. Each agent's are put in order when they are first asked for. */
function letterTrees(letters: readonly Letter[]): (lane: number) => Intervals<Letter> {
  const lists = new Map<number, Letter[]>();
  const add = (lane: number, letter: Letter) => {
    const list = lists.get(lane);
    if (!list) lists.set(lane, [letter]);
    else if (list.at(-1) !== letter) list.push(letter);
  };
  for (const letter of letters) {
    add(letter.from, letter);
    if (letter.to >= 0) add(letter.to, letter);
    for (const { lane } of letter.reads) add(lane, letter);
  }
  const trees = new Map<number, Intervals<Letter>>();
  return (lane) => {
    const known = trees.get(lane);
    if (known) return known;
    const tree = intervals(lists.get(lane) ?? [], (letter) => letter.at, letterEnd);
    trees.set(lane, tree);
    return tree;
  };
}

export function tell(from: Source): Story {
  const { header, moments } = from;
  const leases = leasesOf(moments);
  const letters = lettersOf(moments);
  const byLane = grouped(moments, ({ lane }) => lane);
  const pick = (kinds: ReadonlySet<Kind>) => {
    const lists = new Map<number, Moment[]>();
    for (const [lane, list] of byLane) {
      const picked = list.filter(({ kind }) => kinds.has(kind));
      if (picked.length > 0) lists.set(lane, picked);
    }
    return lists;
  };
  const made = pick(madeKinds);
  const { tracks, most } = layTracks(leases);
  const fates = fatesByTrack(pick(fateKinds), leases, tracks);
  const held = grouped(
    leases.toSorted((a, b) => a.from - b.from),
    ({ lane }) => lane,
  );
  const trees = new Map(
    [...held].map(([lane, list]) => [
      lane,
      intervals(
        list,
        (lease) => lease.from,
        (lease) => lease.endAt,
      ),
    ]),
  );
  const noLeases = intervals<Lease>(
    [],
    () => 0,
    () => 0,
  );
  const bySteps = grouped(
    leases.toSorted((a, b) => a.from - b.from),
    ({ step }) => step,
  );
  const sent = grouped(letters, (letter) => letter.from);
  const mail = letterTrees(letters);
  const presences = new Map<number, readonly (readonly [number, number])[]>();
  return {
    leases,
    letters: intervals(letters, (letter) => letter.at, letterEnd),
    sentBy: (lane) => sent.get(lane) ?? [],
    lettersWith: mail,
    letterBySeq: new Map(letters.map((letter) => [letter.seq, letter])),
    lane: (lane) => header.lanes[lane],
    parent: (lane) => header.lanes[lane]?.parent ?? -1,
    leaseList: (lane) => held.get(lane) ?? [],
    leasesOf: (lane) => trees.get(lane) ?? noLeases,
    track: (lease) => tracks.get(lease) ?? 0,
    tracks: (lane) => most.get(lane) ?? 1,
    heard(lease) {
      const own = made.get(lease.lane) ?? none;
      const after = firstFrom(own, lease.from, ({ at }) => at);
      const silent = own
        .slice(after, after + 256)
        .find(({ kind, at }) => kind === "silent" && at <= lease.endAt);
      if (silent) return Math.max(lease.from, silent.at - silentAfter);
      const all = byLane.get(lease.lane) ?? none;
      const end = firstFrom(all, lease.endAt, ({ at }) => at);
      const last = all.slice(Math.max(0, end - 16), end).findLast(({ kind }) => kind !== "lapse");
      return Math.max(lease.from, last?.at ?? lease.from);
    },
    successor: (lease) =>
      bySteps.get(lease.step)?.find((next) => next.term > lease.term && next.takenFrom !== undefined),
    presence(lane) {
      const known = presences.get(lane);
      if (known) return known;
      const own = header.lanes[lane];
      const spans = own ? presenceOf(own, byLane.get(lane) ?? none) : [];
      presences.set(lane, spans);
      return spans;
    },
    made: (lane) => made.get(lane) ?? none,
    fates: (lane, track) => fates.get(`${lane}.${track}`) ?? none,
  };
}

export const story = computed<Story | undefined>(() => source.value && tell(source.value));
