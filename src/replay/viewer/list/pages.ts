import { signal } from "@preact/signals";
import type { Events, Moment, Source } from "../../page.ts";
import { blockEvents } from "../../page.ts";
import { lastNotAbove } from "./extent.ts";

/** A block as the panes need it. */
export interface Page {
  readonly events: Events;
  readonly previews: readonly string[];
}

/** How many blocks stay decoded: what is in view of both panes, and its neighbours. */
const pagesKept = 24;

export interface Pages {
  /** The block if it is here; otherwise it is fetched, and `arrived` changes when it has come. */
  get(block: number): Page | undefined;
  load(block: number): Promise<Page>;
  /** Why a block cannot be shown, in words. */
  trouble(block: number): string | undefined;
}

/** Counts blocks that came: whoever draws from pages draws again. */
export const arrived = signal(0);

/** The last blocks that were asked for, decoded. A block that cannot be read is told once and not asked for again. */
export function pagesOf(source: Source): Pages {
  const here = new Map<number, Page>();
  const coming = new Map<number, Promise<Page>>();
  const failed = new Map<number, string>();
  const load = (block: number): Promise<Page> => {
    const known = here.get(block);
    if (known) return Promise.resolve(known);
    const awaited = coming.get(block);
    if (awaited) return awaited;
    const fetched = Promise.all([source.events(block), source.previews(block)])
      .then(([events, previews]) => {
        const page = { events, previews };
        here.set(block, page);
        for (const old of here.keys()) if (here.size > pagesKept) here.delete(old);
        return page;
      })
      .catch((error: unknown) => {
        failed.set(block, error instanceof Error ? error.message : String(error));
        throw error;
      })
      .finally(() => {
        coming.delete(block);
        arrived.value++;
      });
    coming.set(block, fetched);
    return fetched;
  };
  return {
    load,
    get(block) {
      const page = here.get(block);
      if (page) {
        here.delete(block);
        here.set(block, page);
      } else if (!failed.has(block)) load(block).catch(() => undefined);
      return page;
    },
    trouble: (block) => failed.get(block),
  };
}

/** The moment of an event of the bucket; undefined for an event of a transcript. */
export function momentAt(source: Source, seq: number): Moment | undefined {
  const { moments } = source;
  let low = 0;
  let high = moments.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const moment = moments[middle];
    if (!moment || moment.seq === seq) return moment;
    if (moment.seq < seq) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** The last event that is not after a time; undefined when all are. */
export async function eventBefore(source: Source, pages: Pages, at: number): Promise<number | undefined> {
  const { index } = source.header;
  let block = lastNotAbove(
    index.map(({ from }) => from),
    at,
  );
  if ((index[block]?.from ?? Infinity) > at) return undefined;
  // A block may begin at the very time with which the one before it ends: the last of them.
  while ((index[block + 1]?.from ?? Infinity) <= at) block++;
  const { events } = await pages.load(block);
  return block * blockEvents + lastNotAbove(events.at, at);
}
