import { signal } from "@preact/signals";
import type { Events, Header, Source } from "../page.ts";
import { firstFrom } from "./intervals.ts";
import type { Order } from "./axis.ts";

/** How many blocks of the index the lanes may look at for one drawing: beyond that the pyramid serves. */
export const mostBlocks = 24;
const kept = 96;

/** Counts up with each block that arrives: what was drawn coarsely can be drawn again. */
export const arrived = signal(0);

/** The same source, its last 96 index blocks kept decoded: the list, the transcript and the lanes ask for the same ones. */
export function remembering(source: Source): Source {
  const blocks = new Map<number, Promise<Events>>();
  return {
    ...source,
    events(block) {
      const known = blocks.get(block);
      const events = known ?? source.events(block);
      blocks.delete(block); // The order of a map is the order of use.
      blocks.set(block, events);
      if (!known) events.catch(() => blocks.delete(block));
      for (const oldest of blocks.keys()) {
        if (blocks.size <= kept) break;
        blocks.delete(oldest);
      }
      return events;
    },
  };
}

export interface Blocks {
  /** The places of the blocks that hold events of this span. */
  touching(from: number, to: number): { readonly first: number; readonly last: number };
  get(block: number): Events | undefined;
  /** Reads what is not here yet; `arrived` tells when it is. A block that cannot be read is not asked for again. */
  want(first: number, last: number): void;
  readonly order: Order;
}

/** The decoded index blocks of a source, the last 96 that were asked for. */
export function openBlocks(source: Source): Blocks {
  const { index } = source.header;
  const held = new Map<number, Events>();
  const asked = new Set<number>();

  const get = (block: number) => {
    const events = held.get(block);
    if (!events) return undefined;
    held.delete(block); // The order of a map is the order of use.
    held.set(block, events);
    return events;
  };
  const keep = (block: number, events: Events) => {
    held.set(block, events);
    for (const oldest of held.keys()) {
      if (held.size <= kept) break;
      held.delete(oldest);
      asked.delete(oldest);
    }
    arrived.value++;
  };

  return {
    touching(from, to) {
      let first = firstFrom(index, from, (block) => block.to);
      const end = firstFrom(index, to + 1e-6, (block) => block.from);
      if (first >= end) first = end;
      return { first, last: end - 1 };
    },
    get,
    want(first, last) {
      for (let block = first; block <= last; block++) {
        if (held.has(block) || asked.has(block)) continue;
        asked.add(block);
        source.events(block).then(
          (events) => keep(block, events),
          () => undefined,
        );
      }
    },
    order: orderOf(source.header, (block) => held.get(block)),
  };
}

/** Exact inside the blocks that are here, straight lines through the others. */
function orderOf(header: Header, held: (block: number) => Events | undefined): Order {
  const { index, events: total } = header;
  const firsts = new Float64Array(index.length + 1);
  let sum = 0;
  for (const [place, block] of index.entries()) {
    firsts[place] = sum;
    for (let at = 1; at < block.lanes.length; at += 2) sum += block.lanes[at] ?? 0;
  }
  firsts[index.length] = sum || total;

  return {
    rank(at) {
      const place = firstFrom(index, at, (block) => block.to);
      const block = index[place];
      if (!block) return firsts[index.length] ?? total;
      const first = firsts[place] ?? 0;
      const count = (firsts[place + 1] ?? first) - first;
      if (at <= block.from) return first;
      const events = held(place);
      if (events) return first + lowerBound(events.at, at);
      return first + (count * (at - block.from)) / Math.max(1, block.to - block.from);
    },
    time(rank) {
      let place = 0;
      for (let high = index.length - 1; place < high;) {
        const middle = (place + high + 1) >> 1;
        if ((firsts[middle] ?? 0) <= rank) place = middle;
        else high = middle - 1;
      }
      const block = index[place];
      if (!block) return header.to;
      const first = firsts[place] ?? 0;
      const count = Math.max(1, (firsts[place + 1] ?? first) - first);
      const inside = Math.min(count, Math.max(0, rank - first));
      const events = held(place);
      if (!events) return block.from + (inside / count) * (block.to - block.from);
      const before = events.at[Math.min(events.at.length - 1, Math.floor(inside))] ?? block.to;
      const after = events.at[Math.min(events.at.length - 1, Math.ceil(inside))] ?? block.to;
      return before + (after - before) * (inside - Math.floor(inside));
    },
  };
}

/** The first place in sorted times that is not before `at`. */
export function lowerBound(times: Float64Array, at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
