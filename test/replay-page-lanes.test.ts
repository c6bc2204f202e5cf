import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { leasesOf } from "../src/replay/leases.ts";
import { lettersOf } from "../src/replay/letters.ts";
import type { Lane, Source } from "../src/replay/page.ts";
import { openBlocks } from "../src/replay/viewer/blocks.ts";
import { activityOf } from "../src/replay/viewer/density.ts";
import { makeAxis } from "../src/replay/viewer/axis.ts";
import { filters, noFilters, source as shown, work } from "../src/replay/viewer/model.ts";
import { paintGround } from "../src/replay/viewer/paint-ground.ts";
import { paintLeases } from "../src/replay/viewer/paint-leases.ts";
import { paintMail } from "../src/replay/viewer/paint-mail.ts";
import { paintMarks } from "../src/replay/viewer/paint-marks.ts";
import { folds, layRows, measuresFor, rowsBetween } from "../src/replay/viewer/rows.ts";
import type { Scene, Spot } from "../src/replay/viewer/scene.ts";
import { tell } from "../src/replay/viewer/story.ts";
import { tipOf } from "../src/replay/viewer/describe.ts";
import { crowdSource } from "./replay-crowd.ts";
import { storySource } from "./replay-story.ts";

interface Drawn {
  readonly scene: Scene;
  readonly texts: string[];
  /** Where the heads of arrows end: a filled or hollow triangle of 6 by 6.8. */
  readonly heads: { x: number; y: number }[];
}

/** A canvas that remembers words and arrow heads, and forgets the rest. */
function paper(texts: string[], heads: Drawn["heads"]): CanvasRenderingContext2D {
  let points: [number, number][] = [];
  const known: Record<string, unknown> = {
    fillText: (text: string) => texts.push(text),
    measureText: (text: string) => ({ width: text.length * 6 }),
    beginPath: () => (points = []),
    moveTo: (x: number, y: number) => points.push([x, y]),
    lineTo: (x: number, y: number) => points.push([x, y]),
    closePath: () => {
      const [a, b, c] = points;
      if (points.length !== 3 || !a || !b || !c) return;
      if (Math.abs(b[0] - a[0] - 6) < 1e-6 && a[0] === c[0]) heads.push({ x: b[0], y: b[1] });
    },
  };
  return new Proxy(known, {
    get: (target, name: string) => target[name] ?? (() => undefined),
    set: () => true,
  }) as unknown as CanvasRenderingContext2D;
}

function noPath() {}
beforeAll(() => {
  Object.assign(globalThis, { Path2D: noPath });
});

const width = 1000;

async function draw(
  from: Source,
  t: number,
  range = [from.header.from, from.header.to] as const,
): Promise<Drawn> {
  shown.value = from;
  filters.value = noFilters;
  const texts: string[] = [];
  const heads: Drawn["heads"] = [];
  const spots: Spot[] = [];
  const story = tell(from);
  const size = measuresFor(1440, 900, from.header.lanes.filter(({ kind }) => kind === "agent").length);
  const all = layRows(size, story.tracks);
  const rows = rowsBetween(all, 0, 600);
  const blocks = openBlocks(from);
  const axis = makeAxis("real", range, width, [], blocks.order);
  activityOf(from, blocks, axis, rows);
  await new Promise((resolve) => setTimeout(resolve, 0));
  const active = activityOf(from, blocks, axis, rows);
  const scene: Scene = {
    on: paper(texts, heads),
    palette: new Proxy({}, { get: () => "#000" }) as Scene["palette"],
    axis,
    rows,
    rowOf: (lane) => all.find((row) => row.lanes.includes(lane)),
    size,
    top: 0,
    width,
    height: 600,
    t,
    story,
    activity: active.rows,
    most: active.most,
    near: new Set([0]),
    spots,
  };
  paintGround(scene);
  paintMail(scene);
  for (const row of rows) paintLeases(scene, row);
  for (const row of rows) paintMarks(scene, row);
  return { scene, texts, heads };
}

/** All that the columns of a whole page add up to. */
function sumOf(from: Source, blocks = openBlocks(from)) {
  shown.value = from;
  filters.value = noFilters;
  const rows = layRows(measuresFor(1440, 900, 5), () => 1);
  const { header } = from;
  const axis = makeAxis("real", [header.from, header.to], width, [], blocks.order);
  const { rows: active, exact } = activityOf(from, blocks, axis, rows);
  const sum = [...active.values()].reduce((all, { counts }) => all + counts.reduce((a, b) => a + b, 0), 0);
  return { sum: Math.round(sum), exact, blocks };
}

const middle = Date.UTC(2026, 8, 17, 14, 15);

describe("the lanes", () => {
  it("draw every claim state of the story, and name what is rare in words", async () => {
    const from = storySource();
    const { scene, texts } = await draw(from, middle);
    const leases = scene.spots.flatMap(({ thing }) => (thing.sort === "lease" ? [thing.lease] : []));
    const all = leasesOf(from.moments);
    expect(leases.map(({ step, term, end }) => `${step} ${term} ${end}`).toSorted()).toEqual(
      all.map(({ step, term, end }) => `${step} ${term} ${end}`).toSorted(),
    );
    expect(new Set(all.map(({ end }) => end))).toEqual(new Set(["complete", "lapse", "review", "block"]));
    for (const step of ["schema", "api", "ui", "e2e"]) expect(texts).toContain(step);
    expect(texts).toContain("lapsed 14:11:01");
    expect(texts).toContain("lost api");
    expect(texts.some((text) => text.endsWith("refused: term 1, now 2"))).toBe(true);
    expect(texts).toContain("never read");
    const marked = scene.spots.flatMap(({ thing }) => (thing.sort === "moment" ? [thing.moment] : []));
    for (const kind of ["lost", "fenced", "handoff", "silent", "review", "block", "memory", "artifact"]) {
      expect(
        marked.some((moment) => moment.kind === kind),
        kind,
      ).toBe(true);
    }
    for (const { thing } of scene.spots) expect(tipOf(thing).join(" ")).not.toMatch(/undefined|NaN|Infinity/);
  });

  it("end each arrow where and when its message was read, and leave it open where it was not", async () => {
    const from = storySource();
    const { scene, heads } = await draw(from, middle);
    const legs = lettersOf(from.moments).flatMap((letter) => {
      const reads = letter.reads.map(({ lane, at }) => ({
        id: letter.id,
        lane,
        at: at as number | undefined,
        sent: letter.at,
      }));
      const open = letter.to >= 0 && !letter.reads.some(({ lane }) => lane === letter.to);
      return open ? [...reads, { id: letter.id, lane: letter.to, at: undefined, sent: letter.at }] : reads;
    });
    expect(heads).toHaveLength(legs.length);
    for (const { id, lane, at, sent } of legs) {
      const row = scene.rowOf(lane);
      const y = (row?.y ?? 0) + scene.size.mail;
      const x = at === undefined ? width - 8 : Math.max(scene.axis.x(at), scene.axis.x(sent) + 9);
      expect(
        heads.some((head) => Math.abs(head.x - x) < 0.01 && head.y === y),
        `${id} for ${lane}`,
      ).toBe(true);
      if (at !== undefined) expect(at).toBeGreaterThanOrEqual(sent);
    }
    const letters = scene.spots.flatMap(({ thing }) => (thing.sort === "letter" ? [thing] : []));
    for (const { letter, reader, at } of letters) {
      const known = legs.find(({ id, lane }) => id === letter.id && lane === reader);
      expect(known?.at).toBe(at);
    }
  });

  it("put two leases that one agent holds at once on tracks of their own", async () => {
    const { scene } = await draw(storySource(), middle);
    const spots = scene.spots.filter(({ thing }) => thing.sort === "lease" && thing.lease.lane === 2);
    for (const [place, one] of spots.entries()) {
      for (const other of spots.slice(place + 1)) {
        const meet =
          one.x0 < other.x1 && other.x0 < one.x1 && one.y0 + 2 < other.y1 - 4 && other.y0 + 2 < one.y1 - 4;
        expect(meet).toBe(false);
      }
    }
    expect(new Set(spots.map(({ y0 }) => y0)).size).toBe(2);
  });

  it("count every event once: from the overview, from the index after a long silence, and event by event", async () => {
    const story = storySource();
    const overview = sumOf(story);
    expect(overview).toMatchObject({ sum: story.header.events, exact: false });
    await new Promise((resolve) => setTimeout(resolve, 0));
    const derived = story.moments.filter(({ kind }) => kind === "lapse" || kind === "silent").length;
    expect(sumOf(story, overview.blocks)).toMatchObject({ sum: story.header.events - derived, exact: true });
    const crowd = crowdSource(20, 200_000);
    const late = { ...crowd, header: { ...crowd.header, from: crowd.header.from - 60 * 86_400_000 } };
    expect(sumOf(late)).toMatchObject({ sum: 200_000, exact: false });
  });

  it("cost no more for ten times the events: rows, marks, columns and blocks of one drawing", async () => {
    const counts = [];
    for (const total of [100_000, 1_000_000]) {
      const from = crowdSource(50, total);
      const half = from.header.from + 30 * 60_000;
      await draw(from, half, [half - 60_000, half + 60_000]);
      const before = { ...work, ...from.work };
      await draw(from, half, [half - 60_000, half + 60_000]);
      counts.push({
        marks: work.marks - before.marks,
        bins: work.bins - before.bins,
        blocks: from.work.events - before.events,
      });
    }
    const [small, large] = counts;
    for (const name of ["marks", "bins", "blocks"] as const) {
      expect([name, large?.[name]]).toEqual([name, Math.min(large?.[name] ?? 0, small?.[name] ?? 0)]);
    }
    expect(small?.blocks).toBeLessThan(4);
  });

  it("give each lane one row, its own or that of the one it is folded into, whatever the tree and the folds", () => {
    const trees = fc.array(fc.tuple(fc.nat(3), fc.nat(40)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(trees, fc.array(fc.nat(40)), fc.constantFrom(800, 1440), (list, shut, screen) => {
        const lanes = list.map(([sort, wish], index): Lane => {
          const agents = list.slice(0, index).flatMap(([one], at) => (one === 0 || at === 0 ? [at] : []));
          const parent =
            index === 0 || sort === 0 ? undefined : sort === 1 ? agents[wish % agents.length] : wish % index;
          const kind = parent === undefined ? "agent" : sort === 1 ? "session" : "subagent";
          return {
            kind,
            name: `lane ${index}`,
            count: 1,
            from: 0,
            to: 1,
            ...(parent !== undefined && { parent }),
          };
        });
        const from = storySource();
        shown.value = { ...from, header: { ...from.header, lanes } };
        filters.value = noFilters;
        folds.value = new Map(shut.map((lane) => [lane, true]));
        const rows = layRows(measuresFor(screen, 900, 3), () => 1);
        expect(rows.flatMap((row) => row.lanes).toSorted((a, b) => a - b)).toEqual(
          lanes.map((_, lane) => lane),
        );
        for (const row of rows) expect(row.lanes).toContain(row.lane);
        folds.value = new Map();
      }),
    );
  });

  it("never overlap, fill their height, and are found by their place without looking at the others", () => {
    for (const agents of [1, 12, 13, 41, 1000]) {
      shown.value = crowdSource(agents, agents * 4);
      const rows = layRows(measuresFor(1440, 900, agents), () => 1);
      expect(rows.length).toBeGreaterThanOrEqual(agents);
      let y = 0;
      for (const row of rows) {
        expect(row.y).toBe(y);
        y += row.height;
      }
      const seen = rowsBetween(rows, y / 2, y / 2 + 300);
      expect(seen).toEqual(rows.filter((row) => row.y + row.height > y / 2 && row.y < y / 2 + 300));
    }
  });
});
