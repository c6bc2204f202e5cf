import { describe, expect, it } from "vitest";
import { storyTime } from "../../test/project.ts";
import { formatOneClaim, formatOneStatus, meeting, type Meeting } from "../../test/two-agents.ts";
import { claimKey } from "../format/keys.ts";
import { claimStep } from "./claims.ts";
import { finishStep } from "./finish.ts";
import type { Project } from "./project.ts";
import type { StepView } from "./steps.ts";
import { waitForSteps } from "./wait.ts";

interface Look {
  readonly atS: number;
  readonly missing: readonly string[];
  readonly remainingS: number;
}

/** Waits, and does something before a look: things happen at a look because sleeping is what moves time here. */
async function waitAndDo(
  at: Meeting,
  project: Project,
  steps: readonly string[],
  timeoutS: number,
  happens: Readonly<Record<number, () => Promise<unknown>>> = {},
) {
  const looks: Look[] = [];
  const stop = new AbortController();
  const world = {
    ...project.world,
    async sleep(ms: number) {
      at.clock.now += ms;
      await happens[looks.length]?.();
    },
  };
  const result = await waitForSteps({ ...project, world }, steps, timeoutS, {
    signal: stop.signal,
    looked: (missing: readonly StepView[], remainingS) =>
      void looks.push({
        atS: (at.clock.now - storyTime) / 1000,
        missing: missing.map(({ step }) => step),
        remainingS,
      }),
  });
  return { result, looks };
}

describe("waitForSteps()", () => {
  it("ends at once where all is complete, and names no step twice", async () => {
    const at = meeting();
    await finishStep(at.agent("a"), "one", "complete", {});
    const { result, looks } = await waitAndDo(at, at.agent("b"), ["one", "one"], 60);
    expect(result).toEqual({ kind: "complete", waitedS: 0 });
    expect(looks).toEqual([]);
  });

  it("waits until the last one is complete, and asks only for what is missing", async () => {
    const at = meeting();
    const a = at.agent("a");
    const { result, looks } = await waitAndDo(at, at.agent("b"), ["one", "two"], 300, {
      2: () => finishStep(a, "one", "complete", {}),
      4: () => finishStep(a, "two", "complete", {}),
    });
    expect(result).toMatchObject({ kind: "complete" });
    expect(looks.map(({ missing }) => missing.join())).toEqual(["one,two", "one,two", "two", "two"]);
  });

  it("looks once for a time-out of 0, and a last time at the deadline", async () => {
    const at = meeting();
    const once = await waitAndDo(at, at.agent("b"), ["one"], 0);
    expect(once.result).toMatchObject({ kind: "timeout", missing: [{ step: "one", state: "pending" }] });
    expect(once.looks).toEqual([{ atS: 0, missing: ["one"], remainingS: 0 }]);

    const { result, looks } = await waitAndDo(at, at.agent("b"), ["one"], 30);
    expect(result).toMatchObject({ kind: "timeout", waitedS: 30 });
    expect(looks[0]).toMatchObject({ atS: 0, remainingS: 30 });
    expect(looks.at(-1)).toMatchObject({ atS: 30, remainingS: 0 });
  });

  it("sees at its last look what came during its last pause", async () => {
    const at = meeting();
    const a = at.agent("a");
    const last = await waitAndDo(at, at.agent("b"), ["one"], 30);
    const { result } = await waitAndDo(at, at.agent("b"), ["one"], 30, {
      [last.looks.length - 1]: () => finishStep(a, "one", "complete", {}),
    });
    expect(result).toMatchObject({ kind: "complete", waitedS: 30 });
  });

  it("ends at once on a blocked step: nothing will come by itself", async () => {
    const at = meeting();
    await finishStep(at.agent("a"), "one", "blocked", {});
    const { result } = await waitAndDo(at, at.agent("b"), ["two", "one"], 300);
    expect(result).toMatchObject({ kind: "blocked", view: { step: "one", agent: "a" } });
  });

  it("goes on waiting for a review", async () => {
    const at = meeting();
    await finishStep(at.agent("a"), "one", "needs_review", {});
    const { result } = await waitAndDo(at, at.agent("b"), ["one"], 3);
    expect(result).toMatchObject({ kind: "timeout", missing: [{ state: "needs_review" }] });
  });

  it("backs off from a second to ten, and comes back with news", async () => {
    const at = meeting();
    const a = at.agent("a");
    const { looks } = await waitAndDo(at, at.agent("b"), ["one"], 200, { 12: () => claimStep(a, "one", {}) });
    const pauses = looks.slice(1).map(({ atS }, index) => atS - looks[index]!.atS);
    expect(pauses[0]).toBeCloseTo(1, 1);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10.01);
    expect(pauses[10]).toBeCloseTo(10, 0);
    expect(pauses[12]).toBeCloseTo(1, 1);
  });

  it("outlives a store that cannot be reached, but for its last look", async () => {
    const at = meeting();
    await finishStep(at.agent("a"), "one", "complete", {});
    at.store.onGet(claimKey("one"), 3);
    const { result } = await waitAndDo(at, at.agent("b"), ["one"], 300);
    expect(result).toMatchObject({ kind: "complete" });
    at.store.onGet(claimKey("one"), 1_000);
    await expect(waitAndDo(at, at.agent("b"), ["one"], 30)).rejects.toMatchObject({ code: "unreachable" });
  });

  it("renews what this session holds while it waits", async () => {
    const at = meeting();
    const b = at.agent("b");
    await claimStep(b, "mine", { ttlS: 60 });
    await waitAndDo(at, b, ["one"], 300);
    await b.settled();
    expect(await claimStep(at.agent("a"), "mine", {})).toMatchObject({ claimed: false, why: "held" });
    expect(b.warnings).toEqual([]);
  });

  it("waits on while format 1 says that another than the holder completed it, and believes the holder", async () => {
    const at = meeting();
    await formatOneClaim(at, "one", "old");
    at.pass(5);
    await formatOneStatus(at, "one", "x");
    const { result } = await waitAndDo(at, at.agent("b"), ["one"], 10, {});
    expect(result).toMatchObject({
      kind: "timeout",
      missing: [{ formatOneSays: { agent: "x", status: "complete" } }],
    });
    await formatOneStatus(at, "one", "old");
    expect((await waitAndDo(at, at.agent("b"), ["one"], 10)).result).toMatchObject({ kind: "complete" });
  });

  it("stops when it is told to", async () => {
    const at = meeting();
    const stopped = { signal: AbortSignal.abort(), looked: () => undefined };
    expect(await waitForSteps(at.agent("b"), ["one"], 300, stopped)).toEqual({ kind: "stopped" });
  });
});
