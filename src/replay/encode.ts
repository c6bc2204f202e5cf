import type { Block, Kind, Pyramid, Tokens } from "./page.ts";
import { flag, kinds } from "./page.ts";
import { bytesWriter } from "./varint.ts";

/** Where the text of an event lies among the bodies. */
export interface BodyPlace {
  readonly block: number;
  readonly start: number;
  readonly length: number;
}

/** One event as it is put into the index. */
export interface PageEvent {
  readonly at: number;
  /** NaN where the record had no time. */
  readonly said: number;
  readonly lane: number;
  readonly nth: number;
  readonly kind: Kind;
  readonly flags: number;
  /** As in `Events`: 1 + the place in the header's list, 0 for none. */
  readonly tool: number;
  readonly model: number;
  /** The `seq` of the other half of a call and its result, -1 for none. */
  readonly pair: number;
  readonly tokens?: Tokens | undefined;
  readonly body?: BodyPlace | undefined;
}

const numbers = new Map(kinds.map((kind, number) => [kind, number]));
const tokenNames = ["input", "output", "cacheRead", "cacheWrite"] as const;
const mostTokens = 2 ** 32 - 1;

/** The bytes of an index block, before deflating; `events` are neighbours, the first of them is `first`. */
export function encodeEvents(events: readonly PageEvent[], first: number): Uint8Array {
  const writer = bytesWriter();
  writer.varint(events.length);
  if (events.length > 0) writer.signed(events[0]!.at);
  events.forEach(({ at }, index) => writer.varint(at - (events[index - 1]?.at ?? at)));
  for (const { at, said } of events) writer.varint(saidCode(said, at));
  for (const { lane } of events) writer.varint(lane);
  const nths = new Map<number, number>();
  for (const { lane, nth } of events) if (!nths.has(lane)) nths.set(lane, nth);
  writer.varint(nths.size);
  for (const [lane, nth] of nths) {
    writer.varint(lane);
    writer.varint(nth);
  }
  writer.bytes(Uint8Array.from(events, ({ kind }) => numbers.get(kind)!));
  writer.bytes(Uint8Array.from(events, ({ flags }) => flags));
  for (const { tool } of events) writer.varint(tool);
  for (const { model } of events) writer.varint(model);
  events.forEach(({ pair }, index) => writer.signed(pair < 0 ? 0 : pair - first - index));
  for (const name of tokenNames)
    for (const { tokens } of events) writer.varint(Math.min(mostTokens, tokens?.[name] ?? 0));
  let last = 0;
  for (const { body } of events) {
    if (!body) writer.varint(0);
    else {
      const away = body.block - last;
      writer.varint(away < 0 ? -away * 2 : away * 2 + 1);
      last = body.block;
    }
  }
  for (const { body } of events) if (body) writer.varint(body.start);
  for (const { body } of events) if (body) writer.varint(body.length);
  return writer.done();
}

function saidCode(said: number, at: number): number {
  if (Number.isNaN(said)) return 1;
  if (said === at) return 0;
  const away = said - at;
  return 2 + (away < 0 ? -away * 2 - 1 : away * 2);
}

/** The entry of an index block in the header's directory. */
export function blockEntry(events: readonly Pick<PageEvent, "at" | "lane">[], size: number): Block {
  const counts = new Map<number, number>();
  for (const { lane } of events) counts.set(lane, (counts.get(lane) ?? 0) + 1);
  return {
    size,
    from: events[0]?.at ?? 0,
    to: events.at(-1)?.at ?? 0,
    lanes: [...counts].toSorted(([a], [b]) => a - b).flat(),
  };
}

/** The spans of the overview that a page has. */
export const pyramidLevels = [4096, 1024, 256] as const;

/** Counts events into the overview of a range. Times outside of it count at its ends. */
export function pyramidCounter(lanes: number, from: number, to: number) {
  const levels = pyramidLevels.map((buckets) => ({
    buckets,
    counts: Array.from({ length: lanes }, (): Uint32Array | undefined => undefined),
    errors: Array.from({ length: lanes }, (): Uint32Array | undefined => undefined),
  }));
  const span = Math.max(1, to - from);
  return {
    add({ at, lane, kind, flags }: Pick<PageEvent, "at" | "lane" | "kind" | "flags">): void {
      const failed = isError(kind, flags);
      for (const { buckets, counts, errors } of levels) {
        const bucket = Math.max(0, Math.min(buckets - 1, Math.floor(((at - from) * buckets) / span)));
        (counts[lane] ??= new Uint32Array(buckets))[bucket]!++;
        if (failed) (errors[lane] ??= new Uint32Array(buckets))[bucket]!++;
      }
    },
    done(): Pyramid {
      return {
        levels: levels.map(({ buckets, counts, errors }) => {
          const empty = new Uint32Array(buckets);
          return {
            buckets,
            counts: counts.map((row) => row ?? empty),
            errors: errors.map((row) => row ?? empty),
          };
        }),
      };
    },
  };
}

/** What the overview counts as an error: an event that is one, or a result that says so. */
export function isError(kind: Kind, flags: number): boolean {
  return kind === "error" || kind === "fenced" || (flags & flag.failed) !== 0;
}

/** The bytes of the overview, before deflating: of each row only the spans that have something. */
export function encodePyramid({ levels }: Pyramid): Uint8Array {
  const writer = bytesWriter();
  writer.varint(levels.length);
  for (const { buckets, counts, errors } of levels) {
    writer.varint(buckets);
    for (const row of [...counts, ...errors]) {
      const filled = row.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0);
      writer.varint(filled);
      let last = -1;
      if (filled === 0) continue;
      row.forEach((value, place) => {
        if (value === 0) return;
        writer.varint(place - last - 1);
        writer.varint(value);
        last = place;
      });
    }
  }
  return writer.done();
}
