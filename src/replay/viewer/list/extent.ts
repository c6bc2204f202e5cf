/** Where a pixel or an event stands in a list: a block, and the item in it. */
export interface Place {
  readonly block: number;
  readonly item: number;
}

/**
 * The heights of a list of which only the blocks in view are known, in virtual pixels: a block that was never read has an
 * estimate, one that was read has its items' heights until it is forgotten, and keeps their sum then.
 */
export interface Extent {
  total(): number;
  /** The item at a pixel; in a block that is not known item 0. Undefined when the list has no block. */
  find(pixel: number): Place | undefined;
  /** Where an item begins; an item that the block does not have stands at its end. */
  top(place: Place): number;
  height(place: Place): number;
  /** How many items a known block has; undefined for one that is not. */
  items(block: number): number | undefined;
  set(block: number, heights: ArrayLike<number>): void;
  /** What a block is believed to be high without its items. */
  guess(block: number, height: number): void;
  /** Sets single heights of a known block. True when one was another. */
  measure(block: number, heights: ReadonlyMap<number, number>): boolean;
  /** Lets go of the items of all blocks but these. */
  keep(blocks: ReadonlySet<number>): void;
}

function tops(heights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(heights.length + 1);
  for (let item = 0; item < heights.length; item++) sums[item + 1] = (sums[item] ?? 0) + (heights[item] ?? 0);
  return sums;
}

/** The last place whose value is not above `wanted`, in values that do not fall. */
export function lastNotAbove(
  values: ArrayLike<number>,
  wanted: number,
  from = 0,
  to = values.length,
): number {
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? Infinity) <= wanted) low = middle;
    else high = middle;
  }
  return low;
}

/** An extent of so many blocks, each guessed to be as high as `estimate` says. */
export function extent(blocks: number, estimate: (block: number) => number): Extent {
  const heights = Float64Array.from({ length: blocks }, (_, block) => estimate(block));
  const known = new Map<number, Float64Array>();
  let starts: Float64Array | undefined;
  const begins = () => (starts ??= tops(heights));
  const change = (block: number, height: number) => {
    if (heights[block] === height) return;
    heights[block] = height;
    starts = undefined;
  };
  const top = ({ block, item }: Place) => {
    const inside = known.get(block);
    const above = begins()[Math.min(block, blocks)] ?? 0;
    return above + (inside ? (inside[Math.min(item, inside.length - 1)] ?? 0) : 0);
  };
  return {
    total: () => begins()[blocks] ?? 0,
    find(pixel) {
      if (blocks === 0) return undefined;
      let block = lastNotAbove(begins(), Math.max(0, pixel), 0, blocks);
      while (block > 0 && pixel >= this.total() && heights[block] === 0) block--;
      const inside = known.get(block);
      if (!inside || inside.length < 2) return { block, item: 0 };
      return { block, item: lastNotAbove(inside, pixel - (begins()[block] ?? 0), 0, inside.length - 1) };
    },
    top,
    height: ({ block, item }) => {
      const inside = known.get(block);
      return inside ? (inside[item + 1] ?? 0) - (inside[item] ?? 0) : (heights[block] ?? 0);
    },
    items: (block) => {
      const inside = known.get(block);
      return inside && inside.length - 1;
    },
    set(block, each) {
      const sums = tops(each);
      known.set(block, sums);
      change(block, sums.at(-1) ?? 0);
    },
    guess(block, height) {
      if (!known.has(block)) change(block, height);
    },
    measure(block, each) {
      const inside = known.get(block);
      if (!inside) return false;
      const differs = [...each].some(
        ([item, height]) => Math.abs(height - ((inside[item + 1] ?? 0) - (inside[item] ?? 0))) > 0.5,
      );
      if (!differs) return false;
      const all = Array.from({ length: inside.length - 1 }, (_, item) =>
        each.has(item) ? (each.get(item) ?? 0) : (inside[item + 1] ?? 0) - (inside[item] ?? 0),
      );
      this.set(block, all);
      return true;
    },
    keep(blocksKept) {
      for (const block of known.keys()) if (!blocksKept.has(block)) known.delete(block);
    },
  };
}
