/** One call on one object, as its caller saw it. */
export interface Interval<State> {
  /** Places in one order of all that happened, no two alike. */
  readonly invoked: number;
  /** `Infinity` where nobody was told: it may take effect at any time from `invoked`. */
  readonly returned: number;
  /** Every state it can lead to from this one, with the answer that its caller got; none if it cannot. */
  next(state: State): readonly State[];
  /** Whether it changes nothing, from whatever state: then the earliest place that fits is as good as any. */
  readonly looks?: boolean;
  /** Whether it may as well never have taken effect. */
  readonly optional?: boolean;
  /** For the words of a violation. */
  readonly words?: string;
}

export type Verdict = "linearizable" | "not linearizable" | "undecided";

/** States that one search visits at most, before it gives up. */
const searchLimit = 300_000;
const mostCalls = 120;

/**
 * Whether the calls can be put into one order that each caller's view agrees with: Wing and Gong's search with Lowe's
 * memory of what was tried (https://doi.org/10.1002/cpe.3928).
 */
export function linearizable<State>(
  calls: readonly Interval<State>[],
  initial: State,
  nameOf: (state: State) => string,
): Verdict {
  if (calls.length > mostCalls) return "undecided";
  const sorted = calls.toSorted((a, b) => a.invoked - b.invoked);
  const done = new Uint8Array(sorted.length);
  const tried = new Set<string>();
  let visits = 0;

  function search(state: State, left: number): Verdict {
    if (left === 0) return "linearizable";
    const name = `${nameOf(state)} ${done.join("")}`;
    if (tried.has(name)) return "not linearizable";
    tried.add(name);
    if (++visits > searchLimit) return "undecided";

    // Nothing can come first that was invoked after another had returned.
    let firstReturn = Number.POSITIVE_INFINITY;
    for (let at = 0; at < sorted.length; at++)
      if (!done[at] && sorted[at]!.returned < firstReturn) firstReturn = sorted[at]!.returned;

    for (let at = 0; at < sorted.length && sorted[at]!.invoked < firstReturn; at++) {
      if (done[at]) continue;
      const call = sorted[at]!;
      done[at] = 1;
      const nexts = call.next(state);
      for (const next of nexts) {
        const verdict = search(next, left - (call.optional ? 0 : 1));
        if (verdict !== "not linearizable") return verdict;
      }
      // A look hinders no other: where going on from it fails, going on without it fails too.
      if (call.looks && nexts.length > 0) {
        done[at] = 0;
        return "not linearizable";
      }
      done[at] = 0;
    }
    return "not linearizable";
  }
  return search(initial, sorted.filter(({ optional }) => !optional).length);
}
