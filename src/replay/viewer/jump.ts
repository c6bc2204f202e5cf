import { computed } from "@preact/signals";
import type { Moment } from "../page.ts";
import { blockEvents, kinds } from "../page.ts";
import { lowerBound } from "./blocks.ts";
import { isError } from "./density.ts";
import { firstFrom } from "./intervals.ts";
import { now, said, select, selection, source } from "./model.ts";

export type Jump = "event" | "claim" | "message" | "error" | "handoff" | "conflict" | "prompt";

const prompt = kinds.indexOf("prompt");
const wanted: Readonly<Record<Exclude<Jump, "event" | "error" | "prompt">, (moment: Moment) => boolean>> = {
  claim: ({ kind }) => kind === "claim",
  message: ({ kind }) => kind === "send",
  handoff: ({ kind }) => kind === "handoff",
  conflict: ({ kind, takenFrom, forcedFrom }) =>
    /^(?:lost|fenced|lapse|unresolved)$/.test(kind) || (takenFrom ?? forcedFrom) !== undefined,
};

const seqs = computed(() => {
  const moments = source.value?.moments ?? [];
  const of = (want: (moment: Moment) => boolean) => moments.filter(want).map(({ seq }) => seq);
  return {
    claim: of(wanted.claim),
    message: of(wanted.message),
    handoff: of(wanted.handoff),
    conflict: of(wanted.conflict),
  };
});

/** How many errors there are before each bucket of the finest level: whether a span has any costs nothing. */
const errorsBefore = computed(() => {
  const levels = source.value?.pyramid.levels ?? [];
  const level = levels.toSorted((a, b) => b.buckets - a.buckets)[0];
  const sums = new Float64Array((level?.buckets ?? 0) + 1);
  for (const errors of level?.errors ?? []) {
    for (let bucket = 0; bucket < errors.length; bucket++) {
      sums[bucket + 1] = (sums[bucket + 1] ?? 0) + (errors[bucket] ?? 0);
    }
  }
  for (let bucket = 1; bucket < sums.length; bucket++) {
    sums[bucket] = (sums[bucket] ?? 0) + (sums[bucket - 1] ?? 0);
  }
  return sums;
});

function hasErrors(from: number, to: number): boolean {
  const header = source.value?.header;
  const sums = errorsBefore.value;
  const buckets = sums.length - 1;
  if (!header || buckets < 1) return true;
  const each = Math.max(1, header.to - header.from) / buckets;
  const first = Math.max(0, Math.floor((from - header.from) / each) - 1);
  const end = Math.min(buckets, Math.ceil((to - header.from) / each) + 2);
  return (sums[end] ?? 0) > (sums[first] ?? 0);
}

/** Where a step starts: at the selected event while T stands on it, else between the events around T. */
async function place(direction: 1 | -1): Promise<number> {
  const from = source.value;
  if (!from) return -1;
  const chosen = selection.value;
  if (chosen && chosen.at === now.value) return chosen.seq;
  const { index } = from.header;
  const at = direction > 0 ? now.value + 1e-6 : now.value;
  const block = firstFrom(index, at, ({ to }) => to);
  if (block >= index.length) return from.header.events - (direction > 0 ? 1 : 0);
  const events = await from.events(block);
  const next = events.first + lowerBound(events.at, at);
  return direction > 0 ? next - 1 : next;
}

async function scan(
  start: number,
  direction: 1 | -1,
  what: (events: Awaited<ReturnType<NonNullable<typeof source.value>["events"]>>, index: number) => boolean,
  skip: (from: number, to: number) => boolean,
): Promise<number | undefined> {
  const from = source.value;
  if (!from) return undefined;
  let seq = start + direction;
  while (seq >= 0 && seq < from.header.events) {
    const block = Math.floor(seq / blockEvents);
    const bounds = from.header.index[block];
    if (!bounds) return undefined;
    if (skip(bounds.from, bounds.to)) {
      seq = direction > 0 ? (block + 1) * blockEvents : block * blockEvents - 1;
      continue;
    }
    const events = await from.events(block);
    for (
      let index = seq - events.first;
      index >= 0 && index < events.at.length;
      index += direction, seq += direction
    ) {
      if (what(events, index)) return seq;
    }
  }
  return undefined;
}

async function target(jump: Jump, direction: 1 | -1): Promise<number | undefined> {
  const start = await place(direction);
  const events = source.value?.header.events ?? 0;
  if (jump === "event") {
    const next = start + direction;
    return next >= 0 && next < events ? next : undefined;
  }
  if (jump === "error") return scan(start, direction, isError, (from, to) => !hasErrors(from, to));
  if (jump === "prompt") {
    return scan(
      start,
      direction,
      (block, index) => block.kind[index] === prompt,
      () => false,
    );
  }
  const list = seqs.value[jump];
  const next = firstFrom(list, direction > 0 ? start + 1 : start, (seq) => seq);
  return list[direction > 0 ? next : next - 1];
}

/** Selects the next event of a sort, or the one before; says so where there is none. */
export async function step(jump: Jump, direction: 1 | -1): Promise<void> {
  const seq = await target(jump, direction);
  if (seq === undefined) {
    said.value = direction > 0 ? `No ${jump} after T` : `No ${jump} before T`;
    return;
  }
  await select(seq);
}
