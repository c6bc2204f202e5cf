import { setImmediate } from "node:timers/promises";
import type { BlocksFile } from "./blocks-file.ts";
import { blockEntry, encodeEvents, pyramidCounter, type PageEvent } from "./encode.ts";
import type { Happening } from "./happenings.ts";
import type { Lanes } from "./lanes.ts";
import { mergedRows, type Merged } from "./merge.ts";
import { blockEvents, type Block, type Moment, type Pyramid, type Spent } from "./page.ts";
import { priceOf } from "./prices.ts";
import type { ReadSession } from "./sessions.ts";
import { spendingOf } from "./spending.ts";

/** A happening that is on the page, and its place among those of its agent. */
export interface Placed {
  readonly happening: Happening;
  readonly nth: number;
}

export interface IndexOptions {
  /** In the order of time. */
  readonly placed: readonly Placed[];
  readonly sessions: readonly ReadSession[];
  readonly lanes: Lanes;
  readonly models: readonly string[];
  readonly previews: boolean;
  readonly signal: AbortSignal;
}

export interface PageIndex {
  readonly events: number;
  readonly from: number;
  readonly to: number;
  readonly blocks: readonly Block[];
  readonly moments: readonly Moment[];
  readonly pyramid: Pyramid;
  readonly spent: readonly Spent[];
}

const previewChars = 120;

/**
 * Puts happenings and transcripts into one order, and writes the index and the previews of it, block by block. The
 * transcripts are gone through twice: a call points at its result, whose place is known only at the end.
 */
export async function indexInto(file: BlocksFile, options: IndexOptions): Promise<PageIndex> {
  const { lanes, sessions } = options;
  const survey = await surveyOf(options);
  const pyramid = pyramidCounter(lanes.lanes.length, survey.from, survey.to);
  const spending = spendingOf(lanes.lanes, options.models, priceOf);
  const moments: Moment[] = [];
  const blocks: Block[] = [];
  let events: PageEvent[] = [];
  let previews: string[] = [];
  let seq = 0;
  const flush = async (): Promise<void> => {
    if (events.length === 0) return;
    const name = blocks.length;
    const bytes = encodeEvents(events, seq - events.length);
    blocks.push({ ...blockEntry(events, bytes.length), ...spending.block() });
    await file.add(`ix.${name}`, bytes);
    if (options.previews) await file.add(`pv.${name}`, Buffer.from(JSON.stringify(previews)));
    [events, previews] = [[], []];
  };
  for (const next of inOrder(options)) {
    let event: PageEvent;
    if ("happening" in next) {
      const moment = momentOf(next.happening, seq, lanes);
      moments.push(moment);
      spending.follow(moment);
      event = eventOf(moment, next);
      previews.push(wordsOf(moment));
    } else {
      event = eventOfRow(next, lanes.ofSession[next.share]!, survey.seqs[next.share]!, sessions);
      if (event.tokens) spending.add(event.lane, event.model, event.tokens);
      previews.push(next.preview.toString());
    }
    events.push(event);
    pyramid.add(event);
    seq++;
    if (events.length === blockEvents) {
      await flush();
      await breath(options.signal);
    }
  }
  await flush();
  return {
    events: seq,
    from: survey.from,
    to: survey.to,
    blocks,
    moments,
    pyramid: pyramid.done(),
    spent: spending.done(),
  };
}

/** Lets everything else have its turn: a signal, a browser that asks for a block. Rejects when the signal came. */
async function breath(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}

/** Happenings before the rows of the same time. */
function* inOrder({ placed, sessions }: IndexOptions): Generator<Placed | Merged> {
  let next = 0;
  const shares = sessions.map(({ share }) => share);
  for (const merged of mergedRows(shares)) {
    while (next < placed.length && placed[next]!.happening.at <= merged.row.at) yield placed[next++]!;
    yield merged;
  }
  while (next < placed.length) yield placed[next++]!;
}

/** The range of the page, and where each row that is half of a pair stands: by session, by its place there. */
async function surveyOf(options: IndexOptions) {
  const seqs = options.sessions.map(({ share }) => new Float64Array(share.count).fill(-1));
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let seq = 0;
  for (const next of inOrder(options)) {
    const at = "happening" in next ? next.happening.at : next.row.at;
    from = Math.min(from, at);
    to = Math.max(to, at);
    if (!("happening" in next) && next.row.pair >= 0)
      seqs[next.share]![next.nth - options.sessions[next.share]!.share.nth] = seq;
    if (++seq % blockEvents === 0) await breath(options.signal);
  }
  return seq === 0 ? { seqs, from: 0, to: 0 } : { seqs, from, to };
}

function momentOf(happening: Happening, seq: number, { ofAgent }: Lanes): Moment {
  const {
    agent,
    to,
    holder,
    at,
    said,
    tie: _tie,
    own: _own,
    nonce: _nonce,
    ttlMs: _ttl,
    ids,
    ...rest
  } = happening;
  const held = holder === undefined ? undefined : ofAgent.get(holder);
  return {
    ...rest,
    seq,
    at,
    lane: ofAgent.get(agent) ?? 0,
    ...(ids !== undefined && { ids }),
    ...(to !== undefined && { to: to === "" ? -1 : (ofAgent.get(to) ?? -1) }),
    ...(held !== undefined && held >= 0 && { holder: held }),
    ...(said !== at && Number.isFinite(said) && { said }),
  };
}

function eventOf(moment: Moment, { happening, nth }: Placed): PageEvent {
  const { at, lane, kind } = moment;
  return { at, said: happening.said, lane, nth, kind, flags: 0, tool: 0, model: 0, pair: -1 };
}

function eventOfRow(
  { row, nth, share }: Merged,
  lane: number,
  seqs: Float64Array,
  sessions: readonly ReadSession[],
): PageEvent {
  const { at, said, kind, flags, tool, model, tokens, block, start, length } = row;
  const pair = row.pair < 0 ? -1 : (seqs[row.pair - sessions[share]!.share.nth] ?? -1);
  const body = block < 0 ? undefined : { block, start, length };
  return { at, said, lane, nth, kind, flags, tool, model, pair, tokens, body };
}

/** How a moment reads in a list, before anything is opened. */
function wordsOf({ text, step, key, ids }: Moment): string {
  const words = [step, key, text ?? ids?.join(", ")].filter(Boolean).join(": ");
  return words
    .slice(0, previewChars * 4)
    .replaceAll(/\s+/g, " ")
    .slice(0, previewChars)
    .toWellFormed();
}
