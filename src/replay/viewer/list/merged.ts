import { batch, computed, effect, signal } from "@preact/signals";
import type { Source } from "../../page.ts";
import { blockEvents } from "../../page.ts";
import type { Filters } from "../model.ts";
import { filters, now, said, source } from "../model.ts";
import { whole } from "../words.ts";
import type { Extent, Place } from "./extent.ts";
import { extent } from "./extent.ts";
import type { Matcher } from "./match.ts";
import { matcher } from "./match.ts";
import type { Page, Pages } from "./pages.ts";
import { eventBefore, pagesOf } from "./pages.ts";
import { recordsOf } from "./records.ts";
import type { Asked, Row } from "./rows.ts";
import { rowShowing, rowsOf } from "./rows.ts";
import { slices } from "./slices.ts";

/** The heights of a line, of a finger's line, and of the line that T draws between two. */
export const rowPx = signal(22);
export const nowPx = 17;

/** A line of the list; of an opened fold also its calls. */
export interface Line extends Row {
  readonly inner?: true;
}

/** The merged list under one set of filters. */
export interface Merged {
  readonly source: Source;
  readonly pages: Pages;
  readonly match: Matcher;
  readonly extent: Extent;
  readonly folds: boolean;
  /** The lines of a block that is here; asks for it otherwise. */
  lines(block: number): { readonly page: Page; readonly lines: readonly Line[] } | undefined;
  /** Where an event is shown, once its block is read. Undefined where the filters left it no line. */
  find(seq: number): Promise<Place | undefined>;
}

/** How many events the filters left, of how many; whether all were looked at. */
export interface Count {
  readonly matches: number;
  readonly of: number;
  /** Blocks that are still to be read for it. */
  readonly left: number;
}
export const count = signal<Count>({ matches: 0, of: 0, left: 0 });

/** Counts what changed in the list besides its data: folds that opened, lines that became known. */
export const version = signal(0);

/** The first events of the folds that the reader opened. */
export const opened = signal<ReadonlySet<number>>(new Set());

const pagesBySource = new WeakMap<Source, Pages>();
export function pagesNow(from: Source): Pages {
  const known = pagesBySource.get(from);
  if (known) return known;
  const made = pagesOf(from);
  pagesBySource.set(from, made);
  return made;
}

function foldsUnder({ statuses, kinds }: Filters): boolean {
  return statuses.length === 0 && !(kinds.includes("result") && !kinds.includes("call"));
}

function withInner(rows: readonly Row[], first: number): readonly Line[] {
  if (opened.value.size === 0) return rows;
  return rows.flatMap((row): Line[] => {
    if (!row.calls || !opened.value.has(first + row.index)) return [row];
    return [row, ...row.calls.map((index): Line => ({ index, inner: true }))];
  });
}

function merge(from: Source, asked: Filters): Merged {
  const { index } = from.header;
  const match = matcher(asked, from.header, from.moments, asked.steps.length > 0 ? recordsOf(from).held : []);
  const pages = pagesNow(from);
  const guess = (block: number) =>
    match.everything
      ? Math.min(blockEvents, from.header.events - block * blockEvents) * 0.5 * rowPx.peek()
      : 0;
  const size = extent(index.length, guess);
  const matches = new Map<number, number>();
  for (const seq of match.seqs ?? []) {
    const block = Math.floor(seq / blockEvents);
    matches.set(block, (matches.get(block) ?? 0) + 1);
  }
  for (const [block, many] of matches) size.guess(block, many * rowPx.peek());
  const made = new Map<number, { page: Page; lines: readonly Line[]; key: string }>();
  const ask = (block: number): Asked => ({
    fold: foldsUnder(asked),
    ...(!match.everything && { test: match.test }),
    // Filtered neighbours are far apart by nature: only the whole list has pauses.
    ...(match.everything && block > 0 && { before: index[block - 1]?.to ?? Infinity }),
  });
  const lines = (block: number) => {
    const page = pages.get(block);
    if (!page) return undefined;
    const key = `${opened.value.size} ${rowPx.value} ${lineKey(block)}`;
    const known = made.get(block);
    if (known?.page === page && known.key === key) return known;
    const rows = rowsOf(page.events, ask(block));
    const left = match.everything ? rows : rows.filter((row) => row.idle === undefined);
    const fresh = { page, lines: withInner(left, page.events.first), key };
    made.set(block, fresh);
    for (const old of made.keys()) if (made.size > 24) made.delete(old);
    size.set(block, heights(block, fresh.lines));
    size.keep(new Set(made.keys()));
    return fresh;
  };
  return {
    source: from,
    pages,
    match,
    extent: size,
    folds: foldsUnder(asked),
    lines,
    async find(seq) {
      const block = Math.floor(seq / blockEvents);
      if (!index[block]) return undefined;
      await pages.load(block);
      const here = lines(block);
      const item = here ? rowShowing(here.lines, here.page.events, seq - here.page.events.first) : -1;
      return item < 0 ? undefined : { block, item };
    },
  };
}

/** The list as it is now; undefined before there is a source. */
export const merged = computed(() => (source.value ? merge(source.value, filters.value) : undefined));

/** The last event that is not after T. */
export const nowSeq = signal<number | undefined>(undefined);

function lineKey(block: number): string {
  const seq = nowSeq.value ?? -1;
  return Math.floor(seq / blockEvents) === block ? String(seq) : "";
}

/** Where in a block's lines T stands: before this line; their number when it is after all of them. Undefined in other blocks. */
export function lineOfNow(block: number, lines: readonly Line[]): number | undefined {
  const seq = nowSeq.value;
  if (seq === undefined || Math.floor(seq / blockEvents) !== block || lines.length === 0) return undefined;
  const after = lines.findIndex((line) => !line.inner && line.index > seq - block * blockEvents);
  return after < 0 ? lines.length : after;
}

function heights(block: number, lines: readonly Line[]): number[] {
  const each = lines.map(() => rowPx.value);
  const place = lineOfNow(block, lines);
  if (place !== undefined) {
    const holder = Math.min(place, lines.length - 1);
    each[holder] = (each[holder] ?? 0) + nowPx;
  }
  return each;
}

/** Counts what the filters leave, in slices, reading only blocks that can hold a match. Ends when `stopped` says so. */
export async function countMatches(list: Merged, stopped: () => boolean): Promise<void> {
  const { source: from, match, extent: size } = list;
  const of = from.header.events;
  if (match.everything) {
    count.value = { matches: of, of, left: 0 };
    return;
  }
  if (match.seqs) {
    count.value = { matches: match.seqs.length, of, left: 0 };
    return;
  }
  const blocks = from.header.index.map((_, block) => block).filter((block) => !match.skips(block));
  const pause = slices();
  let matches = 0;
  let shown = performance.now();
  for (const [done, block] of blocks.entries()) {
    const events = await from.events(block);
    if (stopped()) return;
    for (let index = 0; index < events.at.length; index++) if (match.test(events, index)) matches++;
    size.guess(block, rowsOf(events, { test: match.test, fold: list.folds }).length * rowPx.peek());
    await pause();
    if (stopped()) return;
    if (performance.now() - shown < 80 && done < blocks.length - 1) continue;
    shown = performance.now();
    batch(() => {
      count.value = { matches, of, left: blocks.length - 1 - done };
      version.value++;
    });
  }
  batch(() => {
    count.value = { matches, of, left: 0 };
    said.value = `${whole(matches)} of ${whole(of)} events`;
    version.value++;
  });
}

/** Keeps the count and T's place in the list in step with the page. Gives back what ends it. */
export function keepMerged(): () => void {
  const counting = effect(() => {
    const list = merged.value;
    let over = false;
    if (list) countMatches(list, () => over).catch(() => undefined);
    return () => {
      over = true;
    };
  });
  const placing = effect(() => {
    const from = source.value;
    const at = now.value;
    let over = false;
    if (from)
      eventBefore(from, pagesNow(from), at)
        .then((seq) => {
          if (!over) nowSeq.value = seq;
        })
        .catch(() => undefined);
    return () => {
      over = true;
    };
  });
  return () => {
    counting();
    placing();
  };
}
