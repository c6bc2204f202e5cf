import { describe, expect, it } from "vitest";
import { formatOneStatus, meeting } from "../../test/two-agents.ts";
import { claimKey, handoffKey, statusKey } from "../format/keys.ts";
import { claimStep } from "./claims.ts";
import { finishStep, releaseStep, reopenStep } from "./finish.ts";
import { readHandoff } from "./handoffs.ts";
import { repairProjection, stateOfProjection, writeProjections } from "./projections.ts";
import { readStep } from "./steps.ts";

const step = "design";

describe("what readers of format 1 see", () => {
  it("is written after every transition but the claim of term 1", async () => {
    const at = meeting();
    const a = at.agent("a");
    const status = async () => {
      await a.settled();
      return await at.record(statusKey(step));
    };
    await claimStep(a, step, {});
    expect(await status()).toBeUndefined();
    await finishStep(a, step, "blocked", {});
    expect(await status()).toMatchObject({ status: "blocked", agent: "a", term: 1, n: 2 });
    expect(await status()).not.toHaveProperty("completed_at");
    await finishStep(a, step, "complete", {});
    const { log, claimed_at } = await at.claim(step);
    expect(await status()).toMatchObject({
      status: "complete",
      started_at: claimed_at,
      completed_at: log!.at(-1)!.at,
      n: 3,
    });
    await reopenStep(a, step);
    expect(await status()).toMatchObject({ status: "pending", agent: null, n: 4 });
    await claimStep(a, step, {});
    expect(await status()).toMatchObject({ status: "in_progress", agent: "a", term: 2, n: 5 });
    await releaseStep(a, step);
    expect(await status()).toMatchObject({ status: "pending", agent: null, term: 2, n: 6 });
  });

  it("never goes back: what comes late finds a later n and leaves it", async () => {
    const at = meeting();
    const a = at.agent("a");
    await finishStep(a, step, "complete", { note: "first" });
    const early = await at.claim(step);
    await reopenStep(a, step);
    await claimStep(a, step, {});
    await finishStep(a, step, "complete", { note: "second" });
    await a.settled();
    const later = [await at.record(statusKey(step)), await at.record(handoffKey(step))];
    expect(later).toMatchObject([{ n: 4 }, { n: 4, note: "second" }]);
    for (const assume of ["nothing", undefined] as const)
      writeProjections(a, step, { record: early, writtenAt: undefined }, { status: assume, handoff: assume });
    await a.settled();
    expect([await at.record(statusKey(step)), await at.record(handoffKey(step))]).toEqual(later);
  });

  it("is overwritten where format 1 wrote it without an n", async () => {
    const at = meeting();
    const a = at.agent("a");
    await at.plant(statusKey(step), { status: "in_progress", agent: "x" });
    await finishStep(a, step, "complete", {});
    await a.settled();
    expect(await at.record(statusKey(step))).toMatchObject({ status: "complete", n: 1 });
  });

  it("where it cannot be written, the command has succeeded and says so, and the next one repairs it", async () => {
    const at = meeting();
    const a = at.agent("a");
    at.store.onPut(statusKey(step), ...Array.from({ length: 300 }, () => "lost" as const));
    at.store.onPut(handoffKey(step), "denied");
    expect(await finishStep(a, step, "complete", { note: "x" })).toMatchObject({ done: true });
    await a.settled();
    expect(a.warnings).toHaveLength(2);
    expect(a.warnings.join()).toContain(`${statusKey(step)} is behind`);
    expect(await at.record(statusKey(step))).toBeUndefined();

    at.store.onPut(statusKey(step));
    const b = at.agent("b");
    const reading = await readStep(b, step);
    expect(stateOfProjection(reading)).toBe("behind");
    repairProjection(b, reading);
    await b.settled();
    expect(await at.record(statusKey(step))).toMatchObject({ status: "complete", n: 1 });
    expect(await at.record(handoffKey(step))).toMatchObject({ note: "x", n: 1 });
    expect(stateOfProjection(await readStep(b, step))).toBe("right");
  });

  it("a repair brings a handoff along that a later transition would have left behind", async () => {
    const at = meeting();
    const a = at.agent("a");
    at.store.onPut(handoffKey(step), "denied");
    at.store.onPut(statusKey(step), "denied", "denied");
    await finishStep(a, step, "complete", { note: "x" });
    await reopenStep(a, step);
    await a.settled();
    repairProjection(a, await readStep(a, step));
    await a.settled();
    expect(await at.record(statusKey(step))).toMatchObject({ status: "pending", n: 2 });
    expect(await at.record(handoffKey(step))).toMatchObject({ note: "x", n: 1 });
  });

  it("a handoff that alone is behind is repaired by whoever reads it, and its warning names that command", async () => {
    const at = meeting();
    const a = at.agent("a");
    at.store.onPut(handoffKey(step), "denied");
    await finishStep(a, step, "complete", { note: "x" });
    await a.settled();
    expect(a.warnings.join()).toMatch(
      /handoff\.json is behind \(.*\); tracecraft handoff design repairs it$/,
    );
    expect(await at.record(handoffKey(step))).toBeUndefined();

    const b = at.agent("b");
    expect(await readHandoff(b, step)).toMatchObject({ handoff: { note: "x" } });
    await b.settled();
    expect(await at.record(handoffKey(step))).toMatchObject({ note: "x", n: 1 });
    at.store.log.length = 0;
    await readHandoff(b, step);
    await b.settled();
    expect(at.store.log.filter((line) => line.startsWith("put"))).toEqual([]);
  });

  it("does not replace what a client of format 1 did after the claim, which the next command takes in", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, {});
    await releaseStep(a, step);
    await claimStep(a, step, {});
    await a.settled();
    const claim = (await readStep(a, step)).claim!;
    at.pass(5);
    await formatOneStatus(at, step, "a");
    for (const assume of ["nothing", undefined] as const)
      writeProjections(a, step, claim, { status: assume, handoff: assume });
    await a.settled();
    expect(await at.record(statusKey(step))).not.toHaveProperty("term");
    expect(await readStep(a, step)).toMatchObject({
      adopted: true,
      claim: { record: { state: "complete" } },
    });
  });

  it("is right, and costs nothing, where it says what the claim says", async () => {
    const at = meeting();
    const a = at.agent("a");
    await finishStep(a, step, "complete", {});
    await a.settled();
    const reading = await readStep(a, step);
    at.store.log.length = 0;
    repairProjection(a, reading);
    await a.settled();
    expect(at.store.log).toEqual([]);
  });

  it("is not repaired over what format 1 did", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, {});
    at.pass(5);
    await at.plant(statusKey(step), { status: "complete", agent: "a" });
    const reading = await readStep(a, step);
    expect(stateOfProjection(reading)).toBe("right");
    repairProjection(a, reading);
    await a.settled();
    expect(await at.record(statusKey(step))).toEqual({ status: "complete", agent: "a" });
    await at.plant(claimKey(step), { agent: "a", claimed_at: "2026-11-22T14:05:00.000+00:00" });
    expect(stateOfProjection(await readStep(a, step))).toBe("right");
  });
});
