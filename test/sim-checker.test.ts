import { describe, expect, it } from "vitest";
import { linearizable, type Interval } from "./sim/wgl.ts";

// One register, as in "w1 0-2, r1 3-4": w writes, r reads ("r-" finds nothing), "c1>2" is a compare-and-set that was
// told done, "x1>2" one that was told no. "0-?" was never answered: it may take effect at any time from 0, or never.
const good: readonly [why: string, history: string][] = [
  ["nothing happened", ""],
  ["a read of nothing", "r- 0-1"],
  ["a write, then a read of it", "w1 0-1, r1 2-3"],
  ["two writes, then a read of the later", "w1 0-1, w2 2-3, r2 4-5"],
  ["a read during a write finds it", "w1 0-9, r1 2-3"],
  ["a read during a write does not find it yet", "w1 0-9, r- 2-3"],
  ["two reads during a write, in the order of its effect", "w1 0-9, r- 1-2, r1 3-4"],
  ["writes at the same time, the first stays", "w1 0-9, w2 0-9, r1 10-11"],
  ["writes at the same time, the second stays", "w1 0-9, w2 0-9, r2 10-11"],
  ["three writes at the same time, read in one order by two", "w1 0-9, w2 0-9, w3 0-9, r2 10-11, r2 12-13"],
  ["a read between two writes that overlap it", "w1 0-1, w2 2-9, r1 3-4, r2 5-6"],
  ["a compare-and-set on what is there", "w1 0-1, c1>2 2-3, r2 4-5"],
  ["a compare-and-set from nothing", "c->1 0-1, r1 2-3"],
  ["a chain of them", "c->1 0-1, c1>2 2-3, c2>3 4-5, r3 6-7"],
  ["one of two rivals wins", "c->1 0-5, x->2 0-5, r1 6-7"],
  ["the later of two rivals wins", "x->1 0-5, c->2 1-6, r2 7-8"],
  ["a refused one changes nothing", "w1 0-1, x2>3 2-3, r1 4-5"],
  ["refused because of a write at the same time", "w1 0-1, w2 2-6, x1>3 3-5, r2 7-8"],
  ["a lost write that is in", "w1 0-?, r1 5-6"],
  ["a lost write that never lands", "w1 0-?, r- 5-6, r- 7-8"],
  ["a lost write that lands late", "w1 0-?, r- 5-6, r1 7-8"],
  ["a lost write that lands after a later one", "w1 0-?, w2 1-2, r2 3-4, r1 5-6"],
  ["a lost compare-and-set that is in", "w1 0-1, c1>2 2-?, r2 5-6"],
  ["a lost one that can no longer land", "w1 0-1, c1>2 2-?, w3 3-4, r3 5-6"],
  ["two lost rivals, one of them in", "c->1 0-?, c->2 0-?, r2 5-6, r2 7-8"],
  ["a lost write between two known ones", "w1 0-1, w2 2-?, w3 4-5, r3 6-7"],
  ["a lost write makes a compare-and-set possible", "w1 0-?, c1>2 3-4, r2 5-6"],
  ["the same value twice (A-B-A)", "w1 0-1, w2 2-3, w1 4-5, c1>3 6-7"],
  ["a slow write of what is there already, after another", "w1 0-1, w1 2-9, w2 3-4, r1 5-6"],
  ["a long wait for an answer", "w1 0-100, r1 50-60, w2 70-80, r2 90-95"],
  ["five writers at once and one order for all readers", "w1 0-9, w2 0-9, w3 0-9, w4 0-9, w5 0-9, r4 10-11"],
];

const bad: readonly [why: string, history: string][] = [
  ["a read of what nobody wrote", "r1 0-1"],
  ["a read of nothing after a write", "w1 0-1, r- 2-3"],
  ["a stale read", "w1 0-1, w2 2-3, r1 4-5"],
  ["a read that goes back", "w1 0-1, w2 2-9, r2 3-4, r1 5-6"],
  ["a read before the write that it finds", "r1 0-1, w1 2-3"],
  ["two readers see two writes in two orders", "w1 0-9, w2 0-9, r1 10-11, r2 12-13"],
  ["two rivals both win", "c->1 0-5, c->2 0-5"],
  ["two rivals both win one after the other", "w1 0-1, c1>2 2-3, c1>3 4-5"],
  ["nobody wins, and nothing was there", "x->1 0-5, x->2 0-5"],
  ["a lost update", "w1 0-1, c1>2 2-3, c1>3 2-6, r3 7-8"],
  ["refused though it was there", "w1 0-1, x1>2 2-3"],
  ["told no of a write that is in", "w1 0-1, x1>2 2-3, r2 4-5"],
  ["told done of a write that is not in", "w1 0-1, c1>2 2-3, r1 4-5"],
  ["a compare-and-set on nothing after a write", "w1 0-1, c->2 2-3"],
  ["a lost write that lands before it was sent", "r1 0-1, w1 2-?"],
  ["a lost write that lands and is undone", "w1 0-?, r1 5-6, r- 7-8"],
  ["a lost write that lands twice", "w1 0-?, r1 1-2, w2 3-4, r2 5-6, r1 7-8"],
  ["two lost rivals both in", "c->1 0-?, c->2 0-?, r1 5-6, r2 7-8"],
  ["a write that was read is gone without another", "w1 0-9, r1 1-2, r- 3-4"],
  ["a deposed compare-and-set on an old value", "w1 0-1, c1>2 2-3, c2>3 4-5, c2>4 6-7"],
  ["two writes overlap, a later reader finds neither", "w1 0-1, w2 2-9, w3 2-9, r1 10-11"],
  ["a chain with a gap", "c->1 0-1, c1>2 2-3, c3>4 4-5"],
];

describe("linearizable()", () => {
  it.each(good)("accepts: %s", (_, history) => {
    expect(linearizable(parse(history), "-", String)).toBe("linearizable");
  });

  it.each(bad)("refuses: %s", (_, history) => {
    expect(linearizable(parse(history), "-", String)).toBe("not linearizable");
  });

  it("says that it cannot decide rather than pass a history that is too large for it", () => {
    const writes = Array.from({ length: 40 }, (_, at) => `w${at} 0-?`).join(", ");
    const many = `${writes}, ${Array.from({ length: 30 }, (_, at) => `r${at} ${at * 2 + 1}-${at * 2 + 2}`).join(", ")}, r77 90-91`;
    expect(linearizable(parse(many), "-", String)).toBe("undecided");
  });
});

function parse(history: string): Interval<string>[] {
  if (history === "") return [];
  return history.split(", ").map((call) => {
    const [, kind, words, invoked, returned] = /^([wrcx])(\S+) (\d+)-(\d+|\?)$/.exec(call)!;
    const [from, to] = words!.split(">") as [string, string?];
    const lost = returned === "?";
    return {
      invoked: Number(invoked),
      returned: lost ? Number.POSITIVE_INFINITY : Number(returned),
      optional: lost,
      looks: kind === "r" || kind === "x",
      next(state: string) {
        switch (kind) {
          case "w":
            return [from];
          case "r":
            return state === from ? [state] : [];
          case "c":
            return state === from ? [to!] : [];
          default:
            return state === from ? [] : [state];
        }
      },
    };
  });
}
