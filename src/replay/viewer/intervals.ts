/** Things with a start and an end, found by the span they touch without looking at the others. */
export interface Intervals<T> {
  readonly size: number;
  /** Those that touch [from, to], by their start, at most `most` of them. */
  touching(from: number, to: number, most: number): T[];
}

/** A balanced tree kept in arrays: sorted by start, each node knowing the latest end below it. */
export function intervals<T>(
  items: readonly T[],
  start: (item: T) => number,
  end: (item: T) => number,
): Intervals<T> {
  const sorted = [...items].toSorted((a, b) => start(a) - start(b));
  const starts = Float64Array.from(sorted, start);
  const ends = Float64Array.from(sorted, end);
  const latest = new Float64Array(sorted.length);
  const build = (low: number, high: number): number => {
    if (low >= high) return Number.NEGATIVE_INFINITY;
    const middle = (low + high) >> 1;
    const most = Math.max(ends[middle] ?? 0, build(low, middle), build(middle + 1, high));
    latest[middle] = most;
    return most;
  };
  build(0, sorted.length);

  return {
    size: sorted.length,
    touching(from, to, most) {
      const found: T[] = [];
      const visit = (low: number, high: number): void => {
        if (low >= high || found.length >= most) return;
        const middle = (low + high) >> 1;
        if ((latest[middle] ?? 0) < from) return;
        visit(low, middle);
        if ((starts[middle] ?? 0) > to) return;
        const item = sorted[middle];
        if ((ends[middle] ?? 0) >= from && item !== undefined && found.length < most) found.push(item);
        visit(middle + 1, high);
      };
      visit(0, sorted.length);
      return found;
    },
  };
}

/** The first place in a sorted list whose time is not before `at`. */
export function firstFrom<T>(sorted: readonly T[], at: number, time: (item: T) => number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle];
    if (item !== undefined && time(item) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
