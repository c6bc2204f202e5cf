import { computed, signal } from "@preact/signals";
import type { Source } from "../../page.ts";
import { blockEvents } from "../../page.ts";
import { focused, source } from "../model.ts";
import type { Extent, Place } from "./extent.ts";
import { extent } from "./extent.ts";
import { pagesNow } from "./merged.ts";
import type { Page, Pages } from "./pages.ts";
import type { Shown, Turn } from "./turns.ts";
import { editTools, guessHeight, lanesShown, turnShowing, turnsOf } from "./turns.ts";

/** Whether the transcript has only prompts, replies and mail. */
export const talkOnly = signal(false);

/** The first events of the folds of calls that the reader opened. */
export const openFolds = signal<ReadonlySet<number>>(new Set());

/** What the reader turned from how it opens by itself: calls, thoughts, notes. */
export const turned = signal<ReadonlySet<number>>(new Set());

/** How far long texts are shown, by `seq`: 0 the first lines. */
export const shownMore = signal<ReadonlyMap<number, number>>(new Map());

export function turn(set: typeof turned, seq: number): void {
  const next = new Set(set.peek());
  if (!next.delete(seq)) next.add(seq);
  set.value = next;
}

/** The transcript of the focused lane. */
export interface Script {
  readonly source: Source;
  readonly pages: Pages;
  readonly extent: Extent;
  /** How many of the lane's events each block holds. */
  readonly counts: Float64Array;
  turns(block: number): { readonly page: Page; readonly turns: readonly Turn[] } | undefined;
  find(seq: number): Promise<Place | undefined>;
  /** Takes in what the browser made of the turns. */
  keepHeights(block: number): void;
  /** Forgets them: the pane has another width. */
  forgetHeights(): void;
}

/** How many events of the shown lanes each block has; nothing is read for it. */
export function countsOf({ header }: Source, lanes: Uint8Array): Float64Array {
  return Float64Array.from(header.index, ({ lanes: flat }) => {
    let sum = 0;
    for (let at = 0; at + 1 < flat.length; at += 2) if (lanes[flat[at] ?? -1] === 1) sum += flat[at + 1] ?? 0;
    return sum;
  });
}

const keyOf = (page: Page, { type, index, inner }: Turn) =>
  `${page.events.first + index}${type}${inner ? "i" : ""}`;

function transcript(from: Source, lane: number, talk: boolean): Script {
  const pages = pagesNow(from);
  const lanes = lanesShown(from.header, lane);
  const edits = editTools(from.header);
  const counts = countsOf(from, lanes);
  const size = extent(counts.length, (block) => (counts[block] ?? 0) * (talk ? 12 : 20));
  const made = new Map<number, { page: Page; turns: readonly Turn[]; open: ReadonlySet<number> }>();
  const tall = new Map<string, number>();
  const turns = (block: number) => {
    if (counts[block] === 0) return undefined;
    const page = pages.get(block);
    if (!page) return undefined;
    const open = openFolds.value;
    const known = made.get(block);
    if (known?.page === page && known.open === open) return known;
    const shown: Shown = { lanes, talk, open, edits };
    const fresh = { page, turns: turnsOf(page.events, shown), open };
    made.delete(block);
    made.set(block, fresh);
    for (const old of made.keys()) if (made.size > 12) made.delete(old);
    size.set(
      block,
      fresh.turns.map((one) => tall.get(keyOf(page, one)) ?? guessHeight(one, page.events)),
    );
    size.keep(new Set(made.keys()));
    return fresh;
  };
  return {
    source: from,
    pages,
    extent: size,
    counts,
    turns,
    keepHeights(block) {
      const here = made.get(block);
      if (tall.size > 20_000) tall.clear();
      for (const [item, one] of (here?.turns ?? []).entries())
        if (here) tall.set(keyOf(here.page, one), size.height({ block, item }));
    },
    forgetHeights() {
      tall.clear();
      made.clear();
    },
    async find(seq) {
      const block = Math.floor(seq / blockEvents);
      if (!counts[block]) return undefined;
      await pages.load(block);
      const here = turns(block);
      const item = here ? turnShowing(here.turns, here.page.events, seq - here.page.events.first) : -1;
      return item < 0 ? undefined : { block, item };
    },
  };
}

/** Whose transcript is shown: an agent with one session has one, whichever of the two lanes has the focus. */
export const scriptLane = computed(() => {
  const lanes = source.value?.header.lanes ?? [];
  const lane = lanes[focused.value];
  if (lane?.kind !== "session" || lane.parent === undefined) return focused.value;
  const sessions = lanes.filter(({ kind, parent }) => kind === "session" && parent === lane.parent);
  return sessions.length === 1 ? lane.parent : focused.value;
});

/** The transcript as it is now; undefined before there is a source. */
export const script = computed(() =>
  source.value ? transcript(source.value, scriptLane.value, talkOnly.value) : undefined,
);
