import { batch, computed, effect, signal } from "@preact/signals";
import type { Source } from "../../page.ts";
import { blockEvents } from "../../page.ts";
import { query, queryIsPattern, source } from "../model.ts";
import { momentAt } from "./pages.ts";
import type { Finder } from "./pattern.ts";
import { finder } from "./pattern.ts";
import { slices } from "./slices.ts";

/** So many events with a match are remembered; more are only counted. */
const hitsKept = 50_000;

/** How far a search has come. */
export interface Search {
  readonly matches: number;
  /** The events with a match, in their order. */
  readonly seqs: readonly number[];
  readonly scannedBytes: number;
  readonly totalBytes: number;
  readonly done: boolean;
  /** Why it cannot be searched for, in words. */
  readonly refused?: string;
}
export const noSearch: Search = { matches: 0, seqs: [], scannedBytes: 0, totalBytes: 0, done: true };
export const search = signal<Search>(noSearch);

/** What is looked for; a string where it cannot be. */
export const looking = computed<Finder | string>(() => finder(query.value.trim(), queryIsPattern.value));

const counts = new Map<number, number>();
const countsVersion = signal(0);

/** How many matches an event has. */
export function hitsAround(seq: number): number {
  if (query.value === "") return 0;
  void countsVersion.value;
  return counts.get(seq) ?? 0;
}

interface Scan {
  readonly from: Source;
  readonly find: Finder;
  readonly stopped: () => boolean;
  matches: number;
  /** Of each body block, up to which byte it was searched: texts that several events share are counted once. */
  readonly reached: Float64Array;
  scanned: number;
  fresh: number[];
}

function add(scan: Scan, seq: number, found: number): void {
  if (found === 0) return;
  const before = counts.get(seq);
  scan.matches += Math.max(0, found - (before ?? 0));
  if (before === undefined && counts.size >= hitsKept) return;
  if (before === undefined) scan.fresh.push(seq);
  counts.set(seq, Math.max(before ?? 0, found));
}

function publish(scan: Scan, done: boolean): void {
  const { seqs, totalBytes } = search.peek();
  const all = scan.fresh.length > 0 ? [...seqs, ...scan.fresh].toSorted((a, b) => a - b) : seqs;
  scan.fresh = [];
  batch(() => {
    search.value = { matches: scan.matches, seqs: all, scannedBytes: scan.scanned, totalBytes, done };
    countsVersion.value++;
  });
}

/** The previews and the records of the bucket: read first, since they are small. */
async function scanPreviews(scan: Scan, pause: () => Promise<void> | undefined): Promise<void> {
  for (const [block] of scan.from.header.index.entries()) {
    const previews = await scan.from.previews(block);
    for (const [index, preview] of previews.entries()) {
      const seq = block * blockEvents + index;
      const text = momentAt(scan.from, seq)?.text;
      add(scan, seq, scan.find.count(text !== undefined && text.length > preview.length ? text : preview));
      if (index % 256 === 255) await pause();
      if (scan.stopped()) return;
    }
    if (block === 0) publish(scan, false);
  }
  publish(scan, false);
}

async function scanBodies(scan: Scan, pause: () => Promise<void> | undefined): Promise<void> {
  let shown = performance.now();
  for (const [block] of scan.from.header.index.entries()) {
    const events = await scan.from.events(block);
    for (let index = 0; index < events.at.length; index++) {
      const body = events.body[index] ?? -1;
      if (body < 0) continue;
      const text = await scan.from.body(events, index);
      if (scan.stopped()) return;
      add(scan, events.first + index, scan.find.count(text));
      const end = (events.start[index] ?? 0) + (events.length[index] ?? 0);
      const before = scan.reached[body] ?? 0;
      scan.reached[body] = Math.max(before, end);
      scan.scanned += Math.max(0, end - before);
      await pause();
      if (performance.now() - shown < 100) continue;
      shown = performance.now();
      publish(scan, false);
    }
  }
}

async function run(from: Source, find: Finder, stopped: () => boolean): Promise<void> {
  const { bodyBlocks, bodies } = from.header;
  const totalBytes = bodies === "full" ? bodyBlocks.reduce((sum, size) => sum + size, 0) : 0;
  counts.clear();
  search.value = { ...noSearch, totalBytes, done: false };
  const scan: Scan = {
    from,
    find,
    stopped,
    matches: 0,
    reached: new Float64Array(bodyBlocks.length),
    scanned: 0,
    fresh: [],
  };
  const pause = slices();
  await scanPreviews(scan, pause);
  if (stopped()) return;
  if (totalBytes > 0) await scanBodies(scan, pause);
  if (stopped()) return;
  publish({ ...scan, scanned: totalBytes }, true);
}

/** Searches for what the page's query says, and again when it changes. Gives back what ends it. */
export function keepSearching(): () => void {
  return effect(() => {
    const from = source.value;
    const find = looking.value;
    let over = false;
    if (!from || typeof find === "string") {
      counts.clear();
      search.value = query.value.trim() === "" ? noSearch : { ...noSearch, refused: String(find) };
    } else {
      run(from, find, () => over).catch((error: unknown) => {
        if (!over)
          search.value = {
            ...search.peek(),
            done: true,
            refused: error instanceof Error ? error.message : "",
          };
      });
    }
    return () => {
      over = true;
    };
  });
}

/** The event with a match after or before another one, round the end. Undefined while none is known. */
export function hitBeside(seq: number, delta: 1 | -1): number | undefined {
  const { seqs } = search.peek();
  if (delta > 0) return seqs.find((one) => one > seq) ?? seqs[0];
  return seqs.findLast((one) => one < seq) ?? seqs.at(-1);
}
