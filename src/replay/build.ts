import { correctedNow } from "../coord/clock.ts";
import type { Project } from "../coord/project.ts";
import type { Redactor } from "../redact/redact.ts";
import { openBlocksFile } from "./blocks-file.ts";
import { encodePyramid } from "./encode.ts";
import type { Happening } from "./happenings.ts";
import type { PageBlocks } from "./html.ts";
import { openKept, type Kept } from "./kept.ts";
import { lanesOf } from "./lanes.ts";
import { pageSchema, type Header } from "./page.ts";
import { indexInto, type Placed } from "./page-index.ts";
import { priceOf, pricesOf } from "./prices.ts";
import { readRecords } from "./read.ts";
import type { Built } from "./serve.ts";
import { readSessions } from "./sessions.ts";
import { offsetsOf, timelineOf } from "./timeline.ts";

export interface BuildOptions {
  /** Nothing older, nothing later, in ms since 1970. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only these agents' lanes; all where there is none. */
  readonly agents: readonly string[];
  readonly bodies: Header["bodies"];
  /** Runs over every line again, whatever the mirror has done. */
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  /** Bytes of transcripts. */
  readonly progress: (done: number, total: number) => void;
}

export interface BuiltPage extends Built {
  readonly header: Header;
}

/** A clock that is further in the future than this was wrong. */
const futureMs = 3_600_000;

/**
 * Makes the blocks of a page of all that a project's bucket holds, in memory that does not grow with it: transcripts go
 * through temporary files. Rejects when the signal comes; whoever gets the page closes it.
 */
export async function buildPage(project: Project, options: BuildOptions): Promise<BuiltPage> {
  const kept = await openKept(options.bodies);
  const page = await buildFrom(kept, project, options).catch(async (error: unknown) => {
    await kept.close();
    throw error;
  });
  return {
    ...page,
    async close() {
      await page.close();
      await kept.close();
    },
  };
}

/** Pages of one bucket, one after the other, with the same bodies: what was read for one is not read for the next. */
export async function pageMaker(bodies: Header["bodies"]) {
  const kept = await openKept(bodies);
  return {
    /** As `buildPage`. Its blocks are gone when this is closed. */
    build: (project: Project, options: Omit<BuildOptions, "bodies">): Promise<BuiltPage> =>
      buildFrom(kept, project, { ...options, bodies }),
    close: (): Promise<void> => kept.close(),
  };
}

async function buildFrom(kept: Kept, project: Project, options: BuildOptions): Promise<BuiltPage> {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, signal } = options;
  const { tools, models, bodies } = kept;
  const made = correctedNow(project);
  const wanted = (agent: string) => options.agents.length === 0 || options.agents.includes(agent);
  const file = await openBlocksFile();
  try {
    const records = await readRecords(project, kept.records);
    const notes = records.problems.map((key) => `${key} is malformed`);
    const offsets = offsetsOf(records);
    const tally = tallyOf(notes);
    const acted = new Set<string>();
    const sessions = await readSessions(project, {
      ...kept,
      acted: (agent) => void acted.add(agent),
      redactor: options.redactor,
      since,
      until,
      latest: made + futureMs,
      wanted,
      offsets,
      ...tally.on,
      progress: options.progress,
      signal,
    });
    const bodyBlocks = [...((await bodies?.done()) ?? [])];
    await kept.texts.settle();

    const { happenings } = timelineOf(records, made, tally.heard);
    const placed = placedIn(happenings, { since, until, wanted });
    for (const { agent } of happenings) acted.add(agent);
    const addressed = new Set(placed.flatMap(({ happening: { to } }) => to || []));
    const lanes = lanesOf(timesOf(placed, acted), sessions, aheadOf(offsets), addressed);
    const index = await indexInto(file, {
      placed,
      sessions,
      lanes,
      models: models.all,
      previews: options.bodies !== "none",
      signal,
    });
    const header: Header = {
      schema: pageSchema,
      project: project.name,
      store: project.store.name,
      made,
      from: index.from,
      to: index.to,
      events: index.events,
      lanes: lanes.lanes,
      strangers: lanes.strangers,
      tools: tools.all,
      models: models.all,
      bodies: options.bodies,
      index: index.blocks,
      bodyBlocks,
      spent: index.spent,
      rates: models.all.map((model) => priceOf(model) ?? null),
      prices: pricesOf,
      redacted: tally.redacted,
      repeated: tally.repeated(),
      notes,
    };
    await file.add("header", Buffer.from(JSON.stringify(header)));
    await file.add("moments", Buffer.from(JSON.stringify(index.moments)));
    await file.add("pyramid", encodePyramid(index.pyramid));
    await file.settle();
    return {
      header,
      blocks: joined(file.blocks, kept.texts.blocks, bodyBlocks.length),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The blocks of a page, and the first so many of those that hold the texts of all pages. */
function joined(own: PageBlocks, texts: PageBlocks, count: number): PageBlocks {
  const names = [...own.names, ...Array.from({ length: count }, (_, nth) => `b.${nth}`)];
  return { names, read: (name) => (name.startsWith("b.") ? texts : own).read(name) };
}

/** What the transcripts tell on the way, besides their events. */
function tallyOf(notes: string[]) {
  const redacted: Record<string, number> = {};
  const heard = new Map<string, number[]>();
  let repeated = 0;
  return {
    redacted,
    heard,
    repeated: () => repeated,
    on: {
      redacted(counts: Readonly<Record<string, number>>): void {
        for (const [rule, count] of Object.entries(counts)) redacted[rule] = (redacted[rule] ?? 0) + count;
      },
      heard(agent: string, at: number): void {
        const times = heard.get(agent);
        if (times) times.push(at);
        else heard.set(agent, [at]);
      },
      note: (what: string) => void notes.push(what),
      repeated: (lines: number) => void (repeated += lines),
    },
  };
}

/** What is on the page, with each happening's place among its agent's, counted before anything is left out. */
function placedIn(
  all: readonly Happening[],
  { since, until, wanted }: { since: number; until: number; wanted: (agent: string) => boolean },
): Placed[] {
  const counts = new Map<string, number>();
  const placed: Placed[] = [];
  for (const happening of all) {
    const { agent, at, to } = happening;
    const nth = counts.get(agent) ?? 0;
    counts.set(agent, nth + 1);
    if (at < since || at > until) continue;
    if (wanted(agent) || (to !== undefined && to !== "" && wanted(to))) placed.push({ happening, nth });
  }
  return placed;
}

/** Whoever gets mail or is in the way has a lane, if it ever did anything itself. */
function timesOf(placed: readonly Placed[], acted: ReadonlySet<string>) {
  const times = new Map<string, { count: number; from: number; to: number }>();
  const see = (agent: string, at: number, count: number): void => {
    const known = times.get(agent) ?? { count: 0, from: at, to: at };
    known.count += count;
    known.from = Math.min(known.from, at);
    known.to = Math.max(known.to, at);
    times.set(agent, known);
  };
  for (const { happening } of placed) {
    see(happening.agent, happening.at, 1);
    for (const other of [happening.to, happening.holder])
      if (other && acted.has(other)) see(other, happening.at, 0);
  }
  return times;
}

/** How far each agent's clock was ahead at last, where it was off at all. */
function aheadOf(offsets: ReadonlyMap<string, readonly (readonly [number, number])[]>): Map<string, number> {
  return new Map(
    [...offsets].flatMap(([agent, all]) => {
      const last = all.at(-1)?.[1] ?? 0;
      return last === 0 ? [] : [[agent, -last] as const];
    }),
  );
}
