import fc from "fast-check";
import { expect, it } from "vitest";
import {
  blockEvents,
  flag,
  kinds,
  type Events,
  type Header,
  type Kind,
  type Moment,
} from "../src/replay/page.ts";
import { matcher, type Held } from "../src/replay/viewer/list/match.ts";
import { noFilters, type Filters, type QuickView } from "../src/replay/viewer/model.ts";
import { storySource } from "./replay-story.ts";

const source = storySource();
const { header, moments } = source;
const blocks: Events[] = [];
for (let block = 0; block < header.index.length; block++) blocks.push(await source.events(block));

/** An event as a person would describe it, by nothing but the page's contract. */
interface Plain {
  readonly seq: number;
  readonly at: number;
  readonly kind: Kind;
  readonly agent: string;
  readonly harnesses: readonly string[];
  readonly tool: string | undefined;
  readonly failed: boolean;
  readonly moment: Moment | undefined;
}

function agentLane({ lanes }: Header, lane: number): number {
  let at = lane;
  while (lanes[at]?.parent !== undefined) at = lanes[at]!.parent!;
  return at;
}

/** Its own harness or the nearest above; of an agent's own lane all below it. */
function harnessesOf({ lanes }: Header, lane: number): string[] {
  let at: number | undefined = lane;
  while (at !== undefined) {
    const { harness, parent }: Header["lanes"][number] = lanes[at]!;
    if (harness !== undefined) return [harness];
    at = parent;
  }
  return lanes.flatMap(({ harness }, other) =>
    agentLane(header, other) === lane && harness ? [harness] : [],
  );
}

const byMoment = new Map(moments.map((moment) => [moment.seq, moment]));
const plain: Plain[] = blocks.flatMap((events) =>
  Array.from(events.at, (at, index) => {
    const kind = kinds[events.kind[index]!]!;
    const lane = events.lane[index]!;
    return {
      seq: events.first + index,
      at,
      kind,
      agent: header.lanes[agentLane(header, lane)]!.name,
      harnesses: harnessesOf(header, lane),
      tool: header.tools[events.tool[index]! - 1],
      failed: kind === "error" || kind === "fenced" || (events.flags[index]! & flag.failed) !== 0,
      moment: byMoment.get(events.first + index),
    };
  }),
);

const read = new Set(moments.flatMap(({ kind, ids }) => (kind === "read" ? (ids ?? []) : [])));
const inView: Record<QuickView, (one: Plain) => boolean> = {
  all: () => true,
  errors: ({ failed }) => failed,
  conflicts: ({ moment }) =>
    moment !== undefined &&
    (["lost", "fenced", "unresolved", "lapse"].includes(moment.kind) || moment.takenFrom !== undefined),
  handoffs: ({ kind }) => kind === "handoff",
  stuck: ({ moment }) =>
    moment !== undefined &&
    (["lapse", "silent", "block", "unresolved"].includes(moment.kind) ||
      (moment.kind === "send" && moment.id !== undefined && !read.has(moment.id))),
};

const held: Held[] = moments
  .filter(({ kind, step }) => kind === "claim" && step !== undefined)
  .map(({ step, lane, at }) => ({ step: step!, lane, from: at, to: at + 600_000 }));

const any = <T>(wanted: readonly T[], has: (value: T) => boolean): boolean =>
  wanted.length === 0 || wanted.some(has);

/** AND across the members, OR within one. */
function isLeft(one: Plain, asked: Filters): boolean {
  return (
    inView[asked.view](one) &&
    any(asked.agents, (name) => one.agent === name) &&
    any(asked.harnesses, (name) => one.harnesses.includes(name)) &&
    any(asked.kinds, (kind) => one.kind === kind) &&
    any(asked.tools, (tool) => one.tool === tool) &&
    any(asked.statuses, (status) =>
      status === "failed" ? one.failed : one.kind === "result" && !one.failed,
    ) &&
    any(asked.steps, (step) =>
      one.moment
        ? one.moment.step === step
        : held.some(
            (lease) =>
              lease.step === step &&
              header.lanes[lease.lane]!.name === one.agent &&
              one.at >= lease.from &&
              one.at <= lease.to,
          ),
    ) &&
    one.at >= (asked.since ?? -Infinity) &&
    one.at <= (asked.until ?? Infinity)
  );
}

const some = <T>(values: readonly T[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    {
      weight: 2,
      arbitrary: fc.subarray([...values], { minLength: 1, maxLength: Math.min(3, values.length) }),
    },
  );
const time = fc.integer({ min: header.from, max: header.to });
const asked: fc.Arbitrary<Filters> = fc
  .record({
    view: fc.constantFrom<QuickView>("all", "all", "all", "errors", "conflicts", "handoffs", "stuck"),
    agents: some([...new Set(plain.map(({ agent }) => agent)), "nobody"]),
    harnesses: some(["claude-code", "codex", "openclaw", "hermes", "none"]),
    kinds: some(kinds),
    tools: some([...header.tools, "NoTool"]),
    statuses: some(["ok", "failed"] as const),
    steps: some([...new Set(moments.flatMap(({ step }) => step ?? []))]),
    since: fc.option(time, { nil: undefined }),
    until: fc.option(time, { nil: undefined }),
  })
  .map(({ since, until, ...rest }) => ({
    ...rest,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }));

it("filters leave what a plain reading of them leaves: AND across, OR within", () => {
  fc.assert(
    fc.property(asked, (filters) => {
      const match = matcher(filters, header, moments, held);
      const left = plain.filter((one) => isLeft(one, filters)).map(({ seq }) => seq);
      const found = blocks.flatMap((events, block) =>
        match.skips(block)
          ? []
          : Array.from(events.at, (_, index) => index)
              .filter((index) => match.test(events, index))
              .map((index) => events.first + index),
      );
      expect(found).toEqual(left);
      if (match.seqs) expect(match.seqs).toEqual(left);
      if (match.everything) expect(left.length).toBe(plain.length);
    }),
    { numRuns: 1_000 },
  );
});

it("nothing asked is everything, and the count of the page is that of the story", () => {
  expect(matcher(noFilters, header, moments).everything).toBe(true);
  expect(plain.length).toBe(header.events);
  expect(blocks.length).toBe(Math.ceil(header.events / blockEvents));
});
