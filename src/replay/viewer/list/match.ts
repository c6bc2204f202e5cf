import type { Events, Header, Kind, Moment } from "../../page.ts";
import { blockEvents, kinds } from "../../page.ts";
import { isError } from "../density.ts";
import type { Filters, QuickView } from "../model.ts";

const kindNumber = new Map<Kind, number>(kinds.map((kind, number) => [kind, number]));
const firstMomentKind = kindNumber.get("claim") ?? 0;

/** From when to when an agent's lane held a step. */
export interface Held {
  readonly step: string;
  readonly lane: number;
  readonly from: number;
  readonly to: number;
}

/** Which events a set of filters leaves. */
export interface Matcher {
  /** Nothing is asked: every event is left. */
  readonly everything: boolean;
  /** Whether a block can hold no match; decided without reading it. */
  skips(block: number): boolean;
  test(events: Events, index: number): boolean;
  /** The matches themselves, where the bucket's records alone decide: no block is read to count them. */
  readonly seqs: readonly number[] | undefined;
}

const conflict = (moment: Moment) =>
  /^(?:lost|fenced|unresolved|lapse)$/.test(moment.kind) ||
  (moment.takenFrom ?? moment.forcedFrom) !== undefined;

/** The ids of all messages that somebody read. */
function readIds(moments: readonly Moment[]): Set<string> {
  return new Set(moments.flatMap((moment) => (moment.kind === "read" ? (moment.ids ?? []) : [])));
}

/** The events of a quick view that are moments. Stuck: leases that ran out, agents gone silent, blocked steps, mail that nobody read. */
export function momentsOfView(view: QuickView, moments: readonly Moment[]): readonly Moment[] {
  if (view === "conflicts") return moments.filter(conflict);
  if (view === "handoffs") return moments.filter((moment) => moment.kind === "handoff");
  if (view !== "stuck") return [];
  const read = readIds(moments);
  return moments.filter(
    (moment) =>
      /^(?:lapse|silent|block|unresolved)$/.test(moment.kind) ||
      (moment.kind === "send" && moment.id !== undefined && !read.has(moment.id)),
  );
}

/** For each lane, the lane of its agent: parents come before their children. */
export function agentsOf(header: Header): Uint32Array {
  const agents = new Uint32Array(header.lanes.length);
  for (const [lane, { parent }] of header.lanes.entries())
    agents[lane] = parent !== undefined && parent >= 0 && parent < lane ? (agents[parent] ?? lane) : lane;
  return agents;
}

/** The harness of each lane: its own or the nearest above it. An agent's own lane has those of all its sessions. */
function harnessesOf(header: Header): readonly ReadonlySet<string>[] {
  const sets: Set<string>[] = [];
  const agents = agentsOf(header);
  for (const [lane, { harness, parent }] of header.lanes.entries()) {
    const above = parent !== undefined && parent < lane ? sets[parent] : undefined;
    sets.push(
      new Set(harness === undefined ? (header.lanes[lane]?.kind === "agent" ? [] : above) : [harness]),
    );
    if (harness !== undefined) sets[agents[lane] ?? lane]?.add(harness);
  }
  return sets;
}

function lanesLeft(filters: Filters, header: Header): Uint8Array | undefined {
  if (filters.agents.length === 0 && filters.harnesses.length === 0) return undefined;
  const agents = agentsOf(header);
  const harnesses = harnessesOf(header);
  return Uint8Array.from(header.lanes, (_, lane) => {
    const name = header.lanes[agents[lane] ?? lane]?.name ?? "";
    const agent = filters.agents.length === 0 || filters.agents.includes(name);
    const harness =
      filters.harnesses.length === 0 || filters.harnesses.some((one) => harnesses[lane]?.has(one) === true);
    return agent && harness ? 1 : 0;
  });
}

/** The blocks that hold one of these moments. */
function blocksOf(seqs: Iterable<number>): Set<number> {
  const blocks = new Set<number>();
  for (const seq of seqs) blocks.add(Math.floor(seq / blockEvents));
  return blocks;
}

type Test = (events: Events, index: number) => boolean;

function stepTest(filters: Filters, header: Header, moments: readonly Moment[], held: readonly Held[]): Test {
  const agents = agentsOf(header);
  const named = new Set(
    moments.filter(({ step }) => step !== undefined && filters.steps.includes(step)).map(({ seq }) => seq),
  );
  const spans = new Map<number, Held[]>();
  for (const one of held) {
    if (!filters.steps.includes(one.step)) continue;
    const lane = agents[one.lane] ?? one.lane;
    spans.set(lane, [...(spans.get(lane) ?? []), one]);
  }
  return ({ first, lane, kind, at }, index) => {
    if ((kind[index] ?? 0) >= firstMomentKind) return named.has(first + index);
    const time = at[index] ?? NaN;
    return (
      spans.get(agents[lane[index] ?? 0] ?? -1)?.some(({ from, to }) => time >= from && time <= to) === true
    );
  };
}

function statusTest(statuses: Filters["statuses"]): Test {
  const result = kindNumber.get("result");
  const ok = statuses.includes("ok");
  const failed = statuses.includes("failed");
  return (events, index) => (isError(events, index) ? failed : ok && events.kind[index] === result);
}

function viewTest(view: QuickView, moments: readonly Moment[]): Test {
  if (view === "errors") return statusTest(["failed"]);
  const seqs = new Set(momentsOfView(view, moments).map(({ seq }) => seq));
  return ({ first }, index) => seqs.has(first + index);
}

/** Whether what is asked for can only be moments: then they alone decide. */
function onlyMoments(filters: Filters): boolean {
  if (filters.statuses.length > 0 || filters.tools.length > 0) return false;
  if (filters.view !== "all" && filters.view !== "errors") return true;
  return (
    filters.kinds.length > 0 && filters.kinds.every((kind) => (kindNumber.get(kind) ?? 0) >= firstMomentKind)
  );
}

/** Makes the matcher of some filters: AND across the members, OR within one. A name that the page does not know matches nothing. */
export function matcher(
  filters: Filters,
  header: Header,
  moments: readonly Moment[],
  held: readonly Held[] = [],
): Matcher {
  const lanes = lanesLeft(filters, header);
  const { since = -Infinity, until = Infinity } = filters;
  const tests: Test[] = [];
  if (lanes) tests.push(({ lane }, index) => lanes[lane[index] ?? -1] === 1);
  if (since > -Infinity || until < Infinity)
    tests.push(({ at }, index) => (at[index] ?? NaN) >= since && (at[index] ?? NaN) <= until);
  if (filters.kinds.length > 0) {
    const asked = new Uint8Array(256);
    for (const kind of filters.kinds) asked[kindNumber.get(kind) ?? 255] = 1;
    tests.push(({ kind }, index) => asked[kind[index] ?? 255] === 1);
  }
  if (filters.tools.length > 0) {
    const asked = new Uint8Array(header.tools.length + 1);
    for (const [place, tool] of header.tools.entries())
      if (filters.tools.includes(tool)) asked[place + 1] = 1;
    tests.push(({ tool }, index) => asked[tool[index] ?? 0] === 1);
  }
  if (filters.statuses.length > 0) tests.push(statusTest(filters.statuses));
  if (filters.view !== "all") tests.push(viewTest(filters.view, moments));
  if (filters.steps.length > 0) tests.push(stepTest(filters, header, moments, held));
  const test: Test = (events, index) => tests.every((one) => one(events, index));
  const seqs = onlyMoments(filters) ? momentsLeft(test, moments) : undefined;
  const blocks = seqs && blocksOf(seqs);
  return {
    everything: tests.length === 0,
    test,
    seqs,
    skips(block) {
      const entry = header.index[block];
      if (!entry) return true;
      if (entry.to < since || entry.from > until || (blocks && !blocks.has(block))) return true;
      return lanes !== undefined && !entry.lanes.some((lane, place) => place % 2 === 0 && lanes[lane] === 1);
    },
  };
}

/** The same test on moments, shown to it as blocks of one event. */
function momentsLeft(test: Test, moments: readonly Moment[]): number[] {
  const none = new Uint32Array(1);
  const tokens = { input: none, output: none, cacheRead: none, cacheWrite: none };
  return moments
    .filter((moment) =>
      test(
        {
          first: moment.seq,
          at: Float64Array.of(moment.at),
          said: Float64Array.of(moment.at),
          lane: Uint32Array.of(moment.lane),
          nth: none,
          kind: Uint8Array.of(kindNumber.get(moment.kind) ?? 255),
          flags: new Uint8Array(1),
          tool: new Uint16Array(1),
          model: new Uint16Array(1),
          pair: Float64Array.of(-1),
          tokens,
          body: Int32Array.of(-1),
          start: none,
          length: none,
        },
        0,
      ),
    )
    .map(({ seq }) => seq);
}
