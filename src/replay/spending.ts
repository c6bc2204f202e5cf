import { blockEvents, type Block, type Events, type Header } from "./page.ts";
import type { Lane, Moment, Spent, Tokens } from "./page.ts";
import { costOf, type Price } from "./prices.ts";

const tokenNames = ["input", "output", "cacheRead", "cacheWrite"] as const satisfies (keyof Tokens)[];
/** How many numbers of `Block.spent` are one entry: the place, and the four counts. */
const entry = 1 + tokenNames.length;
const leaseEnds: ReadonlySet<string> = new Set(["complete", "block", "review", "release", "lapse"]);

/** The steps that agents hold, along the moments: tokens are spent for the one that their agent took last. */
interface Holding {
  follow(moment: Pick<Moment, "kind" | "lane" | "step">): void;
  /** For which step the agent of a lane is at work. */
  stepOf(lane: number): string | undefined;
  /** Another that goes on from here by itself. */
  copy(): Holding;
}

function holdingOf(
  agents: readonly number[],
  held = new Map<number, readonly string[]>(),
  holders = new Map<string, number>(),
): Holding {
  return {
    follow({ kind, lane, step }) {
      if (step === undefined || !(kind === "claim" || kind === "renew" || leaseEnds.has(kind))) return;
      const before = holders.get(step);
      const others = before === undefined ? [] : (held.get(before) ?? []).filter((one) => one !== step);
      if (before !== undefined) held.set(before, others);
      holders.delete(step);
      if (leaseEnds.has(kind)) return;
      holders.set(step, lane);
      held.set(lane, [...(held.get(lane) ?? []), step]);
    },
    stepOf: (lane) => held.get(agents[lane] ?? lane)?.at(-1),
    copy: () => holdingOf(agents, new Map(held), new Map(holders)),
  };
}

/** Of each lane that of its agent; parents come before their children. */
function agentsOf(lanes: readonly Lane[]): number[] {
  const agents: number[] = [];
  for (const [lane, { parent }] of lanes.entries())
    agents.push(parent === undefined ? lane : (agents[parent] ?? parent));
  return agents;
}

function nameOf(lane: number, model: string, step: string | undefined): string {
  return JSON.stringify([lane, model, step]);
}

/** Adds up tokens by lane, model and the step that the lane's agent held at that time: of the whole page, and by block. */
export function spendingOf(
  lanes: readonly Lane[],
  models: readonly string[],
  priceOf: (model: string) => Price | undefined,
) {
  const holding = holdingOf(agentsOf(lanes));
  const places = new Map<string, number>();
  const sums: { lane: number; model: string; step: string | undefined; tokens: number[] }[] = [];
  const inBlock = new Map<number, number[]>();
  return {
    follow: holding.follow,
    /** `model` is its number from 1, as an event has it. */
    add(lane: number, model: number, tokens: Tokens): void {
      const counts = tokenNames.map((name) => tokens[name]);
      if (!counts.some((count) => count > 0)) return;
      const step = holding.stepOf(lane);
      const name = models[model - 1] ?? "?";
      const id = nameOf(lane, name, step);
      const place = places.get(id) ?? sums.push({ lane, model: name, step, tokens: [0, 0, 0, 0] }) - 1;
      places.set(id, place);
      const block = inBlock.get(place) ?? [0, 0, 0, 0];
      inBlock.set(place, block);
      for (const [at, count] of counts.entries()) {
        sums[place]!.tokens[at]! += count;
        block[at]! += count;
      }
    },
    /** What was spent since this was last asked: of a block, once its last event is in. */
    block(): Pick<Block, "spent"> {
      const spent = [...inBlock].flatMap(([place, counts]) => [place, ...counts]);
      inBlock.clear();
      return spent.length > 0 ? { spent } : {};
    },
    done: (): Spent[] =>
      sums.map(({ lane, model, step, tokens }) => spentOf({ lane, model, step }, tokens, priceOf(model))),
  };
}

function spentOf(
  { lane, model, step }: { lane: number; model: string; step?: string | undefined },
  counts: ArrayLike<number>,
  price: Price | undefined,
): Spent {
  const [input, output, cacheRead, cacheWrite] = [counts[0]!, counts[1]!, counts[2]!, counts[3]!];
  const tokens = { input, output, cacheRead, cacheWrite };
  const usd = price && costOf(price, tokens);
  return { lane, model, ...(step !== undefined && { step }), ...tokens, ...(usd !== undefined && { usd }) };
}

/** What one event added: at which place of `Header.spent`, and the four counts. */
interface Added {
  readonly at: number;
  readonly place: number;
  readonly counts: readonly number[];
}

/**
 * Tells what was spent up to any time `t`, in the order of `Header.spent`, without what nothing had been spent on: the
 * sums of the blocks before it, and each event of the one in which it lies. That block alone is read, whatever the size
 * of the page; from one time to the next the blocks between them are added or taken off.
 */
export function spendingAt(
  header: Header,
  moments: readonly Moment[],
  eventsOf: (block: number) => Promise<Events>,
): (t: number) => Promise<Spent[]> {
  const { index, models, spent, rates = [] } = header;
  const prices = new Map(models.map((model, place) => [model, rates[place] ?? undefined]));
  const sums = new Float64Array(spent.length * tokenNames.length);
  let summed = 0; // How many blocks are in the sums.
  const addedIn = addedBy(header, moments);
  let last: { readonly block: number; readonly added: readonly Added[] } | undefined;
  return async (t) => {
    const found = index.findIndex(({ to }) => to > t);
    const block = found < 0 ? index.length : found;
    const part = index[block];
    let added: readonly Added[] = [];
    if (part?.spent !== undefined && part.from <= t) {
      if (last?.block !== block) last = { block, added: addedIn(block, await eventsOf(block)) };
      added = last.added;
    }
    while (summed < block) addBlock(sums, index[summed++], 1);
    while (summed > block) addBlock(sums, index[--summed], -1);
    const counts = sums.slice();
    for (const { at, place, counts: own } of added) {
      if (at > t) break;
      for (const [name, count] of own.entries()) counts[place * tokenNames.length + name]! += count;
    }
    return spent.flatMap((one, place) => {
      const own = counts.subarray(place * tokenNames.length, (place + 1) * tokenNames.length);
      return own.some((count) => count > 0) ? [spentOf(one, own, prices.get(one.model))] : [];
    });
  };
}

/** Finds what the events of a block added. Who held what at the start of each block is kept from the first question on. */
function addedBy({ index, lanes, models, spent }: Header, moments: readonly Moment[]) {
  const places = new Map(spent.map(({ lane, model, step }, place) => [nameOf(lane, model, step), place]));
  let starts: { readonly holding: Holding; readonly next: number }[] | undefined;
  const startsOf = () => {
    const holding = holdingOf(agentsOf(lanes));
    let next = 0;
    return index.map((_, block) => {
      for (; next < moments.length && moments[next]!.seq < block * blockEvents; next++)
        holding.follow(moments[next]!);
      return { holding: holding.copy(), next };
    });
  };
  return (block: number, events: Events): Added[] => {
    starts ??= startsOf();
    const start = starts[block]!;
    const holding = start.holding.copy();
    let { next } = start;
    const added: Added[] = [];
    for (const [row, at] of events.at.entries()) {
      for (; next < moments.length && moments[next]!.seq <= events.first + row; next++)
        holding.follow(moments[next]!);
      const counts = tokenNames.map((name) => events.tokens[name][row]!);
      if (!counts.some((count) => count > 0)) continue;
      const lane = events.lane[row]!;
      const model = models[events.model[row]! - 1] ?? "?";
      const place = places.get(nameOf(lane, model, holding.stepOf(lane)));
      if (place !== undefined) added.push({ at, place, counts });
    }
    return added;
  };
}

function addBlock(sums: Float64Array, block: Block | undefined, by: 1 | -1): void {
  const flat = block?.spent ?? [];
  for (let at = 0; at < flat.length; at += entry)
    for (let name = 0; name < tokenNames.length; name++)
      sums[flat[at]! * tokenNames.length + name]! += by * flat[at + 1 + name]!;
}
