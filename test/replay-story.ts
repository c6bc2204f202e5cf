import {
  blockEvents,
  flag,
  kinds,
  type Events,
  type Kind,
  type Lane,
  type Source,
} from "../src/replay/page.ts";
import { spendingOf } from "../src/replay/spending.ts";
import {
  at,
  harnesses,
  models,
  names,
  sessionLane,
  subLanes,
  told,
  tools,
  type Event,
} from "./replay-story-told.ts";

/** The lanes of the variant with one agent, by their number in the whole story. */
const soloLanes = new Map(
  [0, names.length, subLanes.explore, subLanes["read-api"]].map((lane, place) => [lane, place]),
);
const soloKinds: ReadonlySet<Kind> = new Set(["memory", "artifact"]);

function onlyDesigner(events: readonly Spending[]): Spending[] {
  return events.flatMap((event) => {
    const lane = soloLanes.get(event.lane);
    return lane === undefined || (event.moment && !soloKinds.has(event.kind)) ? [] : [{ ...event, lane }];
  });
}

function lanesOf(events: readonly Event[], solo: boolean): Lane[] {
  const every: Pick<Lane, "kind" | "name" | "parent" | "harness" | "session" | "offset">[] = [
    ...names.map((name) => ({ kind: "agent" as const, name, ...(name === "tests" && { offset: 252_000 }) })),
    ...names.map((name, place) => ({
      kind: "session" as const,
      name: `session of ${name}`,
      parent: place,
      harness: harnesses[place] ?? "pi",
      session: `5d1e07c2-0000-4000-8000-00000000000${place}`,
    })),
    { kind: "subagent", name: "explore", parent: sessionLane("designer") },
    { kind: "subagent", name: "read-api", parent: sessionLane("designer") },
  ];
  const plain = solo
    ? every
        .filter((_, lane) => soloLanes.has(lane))
        .map((lane) =>
          lane.parent === undefined ? lane : { ...lane, parent: soloLanes.get(lane.parent) ?? 0 },
        )
    : every;
  return plain.map((lane, index) => {
    const own = events.filter((event) => belongs(plain, event.lane, index));
    const [first, last] = [own[0]?.at ?? at(0), own.at(-1)?.at ?? at(0)];
    return { ...lane, count: own.length, from: first, to: last };
  });
}

function belongs(lanes: readonly { parent?: number }[], lane: number, to: number): boolean {
  for (let one: number | undefined = lane; one !== undefined; one = lanes[one]?.parent)
    if (one === to) return true;
  return false;
}

function columns(events: readonly Spending[], first: number, nths: Map<number, number>): Events {
  const count = events.length;
  const zeros = () => new Uint32Array(count);
  const sort = (place: number) => Uint32Array.from(events, ({ tokens }) => tokens?.[place] ?? 0);
  const out = {
    first,
    at: Float64Array.from(events, (event) => event.at),
    said: Float64Array.from(events, (event) => event.at),
    lane: Uint32Array.from(events, ({ lane }) => lane),
    nth: zeros(),
    kind: Uint8Array.from(events, ({ kind }) => kinds.indexOf(kind)),
    flags: Uint8Array.from(events, ({ failed }) => (failed ? flag.failed : 0)),
    tool: Uint16Array.from(events, ({ tool }) => (tool ? 1 + tools.indexOf(tool) : 0)),
    model: Uint16Array.from(events, ({ model }) => model ?? 0),
    pair: new Float64Array(count).fill(-1),
    tokens: {
      input: sort(0),
      output: sort(1),
      cacheRead: sort(2),
      cacheWrite: sort(3),
    },
    body: new Int32Array(count).fill(-1),
    start: zeros(),
    length: zeros(),
  };
  for (const [index, { lane }] of events.entries()) {
    const nth = nths.get(lane) ?? 0;
    out.nth[index] = nth;
    nths.set(lane, nth + 1);
  }
  return out;
}

function pairUp(events: readonly Event[], all: readonly Events[]): void {
  const open = new Map<number, number>();
  for (const [seq, { lane, kind }] of events.entries()) {
    if (kind === "call") open.set(lane, seq);
    const call = kind === "result" ? open.get(lane) : undefined;
    if (call === undefined) continue;
    for (const [one, other] of [
      [seq, call],
      [call, seq],
    ] as const) {
      const block = all[Math.floor(one / blockEvents)];
      if (block) block.pair[one - block.first] = other;
    }
    open.delete(lane);
  }
}

function pyramidOf(events: readonly Event[], lanes: number, from: number, to: number): Source["pyramid"] {
  const levels = [4096, 1024, 256].map((buckets) => {
    const make = () => Array.from({ length: lanes }, () => new Uint32Array(buckets));
    const [counts, errors] = [make(), make()];
    for (const { at: time, lane, failed, kind } of events) {
      const bucket = Math.min(buckets - 1, Math.floor(((time - from) / (to - from)) * buckets));
      const [own, bad] = [counts[lane], errors[lane]];
      if (own) own[bucket] = (own[bucket] ?? 0) + 1;
      if (bad && (failed || kind === "error" || kind === "fenced")) bad[bucket] = (bad[bucket] ?? 0) + 1;
    }
    return { buckets, counts, errors };
  });
  return { levels };
}

/** What each lane spent in all (input, output, read from the cache, written to it), and with which model; its events say it bit by bit. */
const spending: readonly (readonly [lane: number, model: string, counts: readonly number[]])[] = [
  [sessionLane("designer"), "large-4", [31_000, 42_000, 1_100_000, 137_000]],
  [sessionLane("backend"), "large-4", [20_000, 30_000, 500_000, 90_000]],
  [sessionLane("frontend"), "large-4", [25_000, 40_000, 740_000, 100_000]],
  [sessionLane("tests"), "local-70b", [300_000, 112_000, 0, 0]],
  [sessionLane("ops"), "large-4", [9000, 12_000, 120_000, 10_000]],
  [subLanes.explore, "large-4", [8000, 9000, 71_000, 0]],
];
const rates = [{ input: 15, output: 75, cacheRead: 1.5, cacheWrite: 18.75 }, null];

type Spending = Event & { readonly model?: number; readonly tokens?: readonly number[] };

/** The same events, each of a lane that spent something with its share of it. */
function withTokens(events: readonly Event[]): Spending[] {
  const seen = new Map<number, number>();
  return events.map((event) => {
    const [lane, model, all] = spending.find(([one]) => one === event.lane) ?? [];
    if (lane === undefined || !model || !all) return event;
    const of = events.filter((other) => other.lane === lane).length;
    const nth = seen.get(lane) ?? 0;
    seen.set(lane, nth + 1);
    const until = (total: number, share: number) => Math.floor((total * share) / of);
    const tokens = all.map((total) => until(total, nth + 1) - until(total, nth));
    return { ...event, model: 1 + models.indexOf(model), tokens };
  });
}

/**
 * Five agents in ninety minutes: a schema handed on, a lease that lapses and is taken over, a refused complete, twelve messages.
 * `solo`: what one of them did, without the others. `empty`: nothing yet.
 */
export function storySource(variant: "team" | "solo" | "empty" = "team"): Source {
  const all = withTokens(
    [...told()].filter(({ at: time }) => time <= at(90)).toSorted((a, b) => a.at - b.at),
  );
  const events = variant === "team" ? all : variant === "solo" ? onlyDesigner(all) : [];
  const lanes = variant === "empty" ? [] : lanesOf(events, variant === "solo");
  const [from, to] = [at(0), at(90)];
  const blocks: Events[] = [];
  const nths = new Map<number, number>();
  const moments = events.flatMap((event, seq) =>
    event.moment ? [{ seq, at: event.at, kind: event.kind, lane: event.lane, ...event.moment }] : [],
  );
  const spent = spendingOf(lanes, models, (model) => rates[models.indexOf(model)] ?? undefined);
  const index: Source["header"]["index"][number][] = [];
  let moment = 0;
  for (let first = 0; first < events.length; first += blockEvents) {
    const part = events.slice(first, first + blockEvents);
    blocks.push(columns(part, first, nths));
    for (const [place, { lane, model = 0, tokens }] of part.entries()) {
      if (moments[moment]?.seq === first + place) spent.follow(moments[moment++]!);
      const [input = 0, output = 0, cacheRead = 0, cacheWrite = 0] = tokens ?? [];
      spent.add(lane, model, { input, output, cacheRead, cacheWrite });
    }
    const counts = new Map<number, number>();
    for (const { lane } of part) counts.set(lane, (counts.get(lane) ?? 0) + 1);
    index.push({
      size: 0,
      from: part[0]?.at ?? from,
      to: part.at(-1)?.at ?? to,
      lanes: [...counts].flat(),
      ...spent.block(),
    });
  }
  pairUp(events, blocks);
  const work = { events: 0, previews: 0, bodies: 0 };
  return {
    header: {
      schema: 1,
      project: "checkout-redesign",
      store: "s3://acme-agents/tracecraft",
      made: to,
      from,
      to,
      events: events.length,
      lanes,
      tools,
      models,
      bodies: "preview",
      index,
      bodyBlocks: [],
      spent: spent.done(),
      rates,
      prices: "2026-09-01",
      redacted: { "github-pat": 9 },
      notes: [],
    },
    moments,
    pyramid: pyramidOf(events, lanes.length, from, to),
    work,
    async events(block) {
      work.events++;
      const found = blocks[block];
      if (!found) throw new Error(`no block ${block}`);
      return found;
    },
    async previews(block) {
      work.previews++;
      return events.slice(block * blockEvents, (block + 1) * blockEvents).map(({ text }) => text);
    },
    async body(block, place) {
      work.bodies++;
      return events[block.first + place]?.text ?? "";
    },
  };
}
