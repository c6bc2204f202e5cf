import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kinds, type Header, type Kind } from "../src/replay/page.ts";
import { openSource } from "../src/replay/decode.ts";
import { makeAxis, ticks, type Gap } from "../src/replay/viewer/axis.ts";
import { intervals } from "../src/replay/viewer/intervals.ts";
import { noFilters, type Filters } from "../src/replay/viewer/model.ts";
import { laneKey, laneWithKey, readPlace, writePlace } from "../src/replay/viewer/place.ts";
import { timeIn } from "../src/replay/viewer/go.tsx";
import { long, short } from "../src/replay/viewer/words.ts";
import { encodedBlocks } from "./replay-encoded.ts";
import type { Source } from "../src/replay/page.ts";
import { openBlocks, remembering } from "../src/replay/viewer/blocks.ts";
import { bodyOf } from "../src/replay/viewer/list/bodies.ts";
import { pagesOf } from "../src/replay/viewer/list/pages.ts";
import { storySource } from "./replay-story.ts";

const even = { rank: (at: number) => at / 10, time: (rank: number) => rank * 10 };

const gapsIn = fc
  .array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 20 })
  .map((edges) => [...new Set(edges)].toSorted((a, b) => a - b))
  .map((edges) =>
    Array.from({ length: Math.floor(edges.length / 2) }, (_, place): Gap => ({
      from: edges[2 * place] ?? 0,
      to: edges[2 * place + 1] ?? 0,
    })),
  );

describe("makeAxis()", () => {
  it("never runs back, stays inside its width, and finds the time of a pixel again, on all three axes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("real" as const, "compressed" as const, "sequence" as const),
        fc.integer({ min: 0, max: 5_000_000 }),
        fc.integer({ min: 1000, max: 5_000_000 }),
        fc.integer({ min: 200, max: 4000 }),
        gapsIn,
        (mode, from, long_, width, gaps) => {
          const axis = makeAxis(mode, [from, from + long_], width, gaps, even);
          let last = Number.NEGATIVE_INFINITY;
          for (let place = 0; place <= 50; place++) {
            const at = from + (long_ * place) / 50;
            const x = axis.x(at);
            expect(x).toBeGreaterThanOrEqual(last - 1e-6);
            expect(x).toBeGreaterThanOrEqual(3.99);
            expect(x).toBeLessThanOrEqual(width - 3.99);
            expect(Math.abs(axis.x(axis.at(x)) - x)).toBeLessThan(1e-3);
            last = x;
          }
          expect(axis.x(from)).toBeCloseTo(4);
          expect(axis.x(from + long_)).toBeCloseTo(width - 4);
        },
      ),
    );
  });

  it("gives eight idle hours 24 pixels, says how long they were, and puts no label inside them", () => {
    const hour = 3_600_000;
    const gap = { from: hour, to: 9 * hour };
    const axis = makeAxis("compressed", [0, 10 * hour], 1000, [gap], even);
    expect(axis.x(gap.to) - axis.x(gap.from)).toBeCloseTo(24);
    expect(axis.gaps).toHaveLength(1);
    expect(ticks(axis, 72).some(({ at }) => at > gap.from && at < gap.to)).toBe(false);
    expect(long(gap.to - gap.from)).toBe("8 h 00 m");
  });
});

describe("intervals()", () => {
  it("finds what touches a span, as looking at each would", () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 30 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(
        spans,
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 40 }),
        (list, from, wide) => {
          const tree = intervals(
            list,
            ([start]) => start,
            ([start, size]) => start + size,
          );
          const found = tree.touching(from, from + wide, 1000);
          const plain = list.filter(([start, size]) => start <= from + wide && start + size >= from);
          expect(found.toSorted()).toEqual(plain.toSorted());
          expect(found.map(([start]) => start)).toEqual(
            found.map(([start]) => start).toSorted((a, b) => a - b),
          );
        },
      ),
    );
  });
});

describe("places", () => {
  const word = fc.string({ maxLength: 12, unit: "grapheme" });
  const words = fc.array(word, { maxLength: 3 });
  const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const filters: fc.Arbitrary<Filters> = fc
    .record({
      view: fc.constantFrom("all" as const, "errors" as const, "stuck" as const),
      agents: words,
      harnesses: words,
      kinds: fc.uniqueArray(fc.constantFrom<Kind>(...kinds), { maxLength: 3 }),
      tools: words,
      statuses: fc.constantFrom<Filters["statuses"]>([], ["ok"], ["failed"], ["ok", "failed"]),
      steps: words,
      since: fc.option(time, { nil: undefined }),
    })
    .map(({ since, ...rest }) => ({ ...noFilters, ...rest, ...(since !== undefined && { since }) }));

  it("are read as they were written, whatever agents, steps and sessions are called", () => {
    fc.assert(
      fc.property(filters, time, word, fc.nat(1e6), word, (own, t, lane, nth, query) => {
        const place = {
          t,
          range: [t, t + 5000] as const,
          event: { lane, nth },
          lane,
          filters: own,
          query,
          axis: "sequence" as const,
        };
        const read = readPlace(`#${writePlace(place)}`);
        expect(read).toEqual({
          ...place,
          query: query === "" ? undefined : query,
          ...(query === "" && { query: undefined }),
        });
      }),
    );
  });

  it("keep percent signs, colons and tildes", () => {
    for (const lane of ["50%25", "a%3Ab", "a:b:7", "~/~", "100%"]) {
      expect(readPlace(writePlace({ lane })).lane).toBe(lane);
      expect(readPlace(writePlace({ event: { lane, nth: 3 } })).event).toEqual({ lane, nth: 3 });
    }
  });

  it("are harmless where they are foreign", () => {
    fc.assert(
      fc.property(fc.string(), (hash) => {
        const place = readPlace(hash);
        expect(place.t === undefined || Number.isFinite(place.t)).toBe(true);
        expect(place.range === undefined || place.range[0] < place.range[1]).toBe(true);
      }),
    );
  });

  it("name a session by its id, an agent by its name and a sub-agent below its session", () => {
    const lane = { count: 1, from: 0, to: 1 };
    const lanes = [
      { ...lane, kind: "agent" as const, name: "a" },
      { ...lane, kind: "session" as const, name: "s", parent: 0, session: "5d1e" },
      { ...lane, kind: "subagent" as const, name: "explore", parent: 1 },
    ];
    const header = { lanes } as unknown as Header;
    expect(lanes.map((_, index) => laneKey(header, index))).toEqual(["a", "5d1e", "5d1e/explore"]);
    expect(laneWithKey(header, "5d1e/explore")).toBe(2);
    expect(laneWithKey(header, "gone")).toBeUndefined();
  });
});

it("timeIn() takes a time of day on T's day, a day with a time, and RFC 3339, and refuses the rest", () => {
  const near = Date.UTC(2026, 8, 17, 13);
  expect(timeIn("14:15", near)).toBe(Date.UTC(2026, 8, 17, 14, 15));
  expect(timeIn(" 4:05:09.5 ", near)).toBe(Date.UTC(2026, 8, 17, 4, 5, 9, 500));
  expect(timeIn("2026-09-18 01:02", near)).toBe(Date.UTC(2026, 8, 18, 1, 2));
  expect(timeIn("2026-09-18T01:02:03+02:00", near)).toBe(Date.UTC(2026, 8, 17, 23, 2, 3));
  expect(timeIn("yesterday", near)).toBeUndefined();
});

it("counts keep three figures and their unit", () => {
  expect([0, 912, 41_234, 999_499, 999_500, 3_640_000].map(short)).toEqual([
    "0",
    "912",
    "41.2 k",
    "999 k",
    "1.00 M",
    "3.64 M",
  ]);
});

describe("openSource()", () => {
  it("keeps at most 64 MB of texts, those that were asked for last, however many there are", async () => {
    const story = storySource();
    const size = 4 * 1024 * 1024;
    const text = deflateSync(Buffer.alloc(size, "x"));
    const encoded = await encodedBlocks(story);
    const header = { ...story.header, bodies: "full", bodyBlocks: Array.from({ length: 40 }, () => size) };
    const source = await openSource(async (name) => {
      if (name === "header") return deflateSync(JSON.stringify(header));
      return name.startsWith("b.") ? text : encoded.read(name);
    });
    const events = await source.events(0);
    const read = async (block: number) => {
      const body = events.body.slice().fill(block);
      await source.body({ ...events, body, length: events.length.slice().fill(1) }, 0);
    };
    for (let block = 0; block < 40; block++) await read(block);
    expect(source.work.bodies).toBe(40);
    for (let block = 39; block >= 24; block--) await read(block);
    expect(source.work.bodies).toBe(40);
    await read(23);
    expect(source.work.bodies).toBe(41);
    await read(39);
    expect(source.work.bodies).toBe(42);
  });
});

/** A page of as many blocks as are asked for, all of them the story's first. */
const endless = () => {
  const story = storySource();
  const work = { events: 0, previews: 0, bodies: 0 };
  const source: Source = {
    ...story,
    header: { ...story.header, bodies: "full" },
    work,
    async events() {
      work.events++;
      return story.events(0);
    },
    async previews() {
      work.previews++;
      return [];
    },
    async body() {
      work.bodies++;
      return "a text";
    },
  };
  return { source, work };
};
/** Reads 0 to 4 n, then the last n again: nothing more; then one that is older: once more. */
const keptAre = async (most: number, read: (nth: number) => Promise<unknown>, count: () => number) => {
  for (let nth = 0; nth < 4 * most; nth++) await read(nth);
  expect(count()).toBe(4 * most);
  for (let nth = 4 * most - 1; nth >= 3 * most; nth--) await read(nth);
  expect(count()).toBe(4 * most);
  await read(3 * most - 1);
  expect(count()).toBe(4 * most + 1);
  await read(0);
  expect(count()).toBe(4 * most + 2);
};

describe("what the viewer keeps in memory", () => {
  it("are the last 96 blocks of the index, for the state and for the lanes", async () => {
    const one = endless();
    const remembered = remembering(one.source);
    await keptAre(
      96,
      (block) => remembered.events(block),
      () => one.work.events,
    );
    const other = endless();
    const blocks = openBlocks(other.source);
    await keptAre(
      96,
      async (block) => {
        if (blocks.get(block)) return;
        blocks.want(block, block);
        await Promise.resolve().then(() => Promise.resolve());
        await expect.poll(() => blocks.get(block), { interval: 1 }).toBeDefined();
      },
      () => other.work.events,
    );
  });

  it("are the last 24 blocks of the lists", async () => {
    const { source, work } = endless();
    const pages = pagesOf(source);
    await keptAre(
      24,
      async (block) => pages.get(block) ?? (await pages.load(block)),
      () => work.previews,
    );
  });

  it("are the last 500 texts of transcripts", async () => {
    const { source, work } = endless();
    const first = await source.events(0);
    const read = async (seq: number) => {
      const events = { ...first, first: seq, body: Int32Array.of(1) };
      const before = bodyOf(source, events, 0, "a");
      if (!before.whole)
        await expect.poll(() => bodyOf(source, events, 0, "a").whole, { interval: 1 }).toBe(true);
    };
    for (let seq = 0; seq < 700; seq++) await read(seq);
    expect(work.bodies).toBe(700);
    await read(699);
    await read(200);
    expect(work.bodies).toBe(700);
    await read(199);
    expect(work.bodies).toBe(701);
  });
});
