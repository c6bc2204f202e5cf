import { expect, it } from "vitest";
import { claim } from "../src/commands/claim.ts";
import { complete } from "../src/commands/complete.ts";
import { handoff } from "../src/commands/handoff.ts";
import { inbox } from "../src/commands/inbox.ts";
import { memoryGet } from "../src/commands/memory-get.ts";
import { memoryHistory } from "../src/commands/memory-history.ts";
import { memorySet } from "../src/commands/memory-set.ts";
import { renew } from "../src/commands/renew.ts";
import { stepStatus } from "../src/commands/step-status.ts";
import { steps } from "../src/commands/steps.ts";
import { waitFor } from "../src/commands/wait-for.ts";
import { oldBucket } from "./format1-bucket.ts";
import { oldClient } from "./format1-client.ts";
import { answer as answered, objects } from "./project.ts";

/** The answer, without the nonce of a frame, which is new for each reading. */
const answer: typeof answered = async (...call) =>
  (await answered(...call)).replaceAll(/^--- (handoff|mail|found|end) [0-9a-f]{8} /gm, "--- $1 NONCE ");

it("a renewal does not hide what format 1 did meanwhile: its complete is adopted", async () => {
  const { as, store, clock } = await oldBucket();
  const ana = as("ana");
  const old = oldClient(store, "ana", () => clock.now);
  expect(await answer(claim, ana, { step: "docs" })).toContain("# 0");
  clock.now += 30 * 60_000;
  await old.complete("docs", { note: "by the other program", to: "developer" });
  clock.now += 1000;
  expect(await answer(renew, ana, { step: "docs" })).toMatchInlineSnapshot(`
    "2> Error: Cannot renew "docs": it is complete since 2026-11-22T12:48:32Z (term 1)
    2> Hint: tracecraft step-status docs
    # 3"
  `);
  const record = JSON.parse((await objects(store, "steps/docs/claim"))["steps/docs/claim.json"]!);
  expect(record).toMatchObject({
    state: "complete",
    term: 1,
    n: 2,
    agent: "ana",
    handoff: { note: "by the other program" },
  });
  expect(await answer(stepStatus, as("developer"), { steps: ["docs"] })).toBe(
    "docs: complete (agent: ana)\n# 0",
  );
  expect(await answer(handoff, as("developer"), { step: "docs" })).toContain("note: by the other program");
  expect(await old.stepStatus("docs")).toBe("docs: complete (agent: ana)");
});

it("a foreign --force of format 1 is shown, is not adopted, and does not end a wait", async () => {
  const { as, store, clock } = await oldBucket();
  const ana = as("ana");
  expect(await answer(claim, ana, { step: "docs" })).toContain("# 0");
  clock.now += 60_000;
  await oldClient(store, "mallory", () => clock.now).complete("docs", { force: true });
  clock.now += 60_000;
  expect(await answer(stepStatus, as("developer"), { steps: ["docs"] })).toMatchInlineSnapshot(`
    "docs: in_progress (agent: ana)
    format 1 says complete (by mallory)
    # 0"
  `);
  expect(await answer(waitFor, as("developer"), { steps: ["docs"], timeout: "0" })).toMatchInlineSnapshot(`
    "2> Waiting... (0s remaining) — format 1 says complete (by mallory): docs
    2> Error: Timeout after 0s. Not all steps complete: docs
    2> Cause: docs in progress (ana) until 2026-11-22T13:18:32Z
    # 8"
  `);
  expect(await answer(renew, ana, { step: "docs" })).toContain("Renewed step docs");
  expect(JSON.parse((await objects(store, "steps/docs/claim"))["steps/docs/claim.json"]!)).toMatchObject({
    agent: "ana",
    state: "in_progress",
  });
  expect(await answer(complete, ana, { step: "docs", note: "mine" })).toContain("Completed step docs");
  expect(await answer(stepStatus, as("developer"), { steps: ["docs"] })).toBe(
    "docs: complete (agent: ana)\n# 0",
  );
});

it("a step that format 1 completed without a claim looks free, and says what format 1 says", async () => {
  const { as, store, clock } = await oldBucket();
  await oldClient(store, "bob", () => clock.now).complete("loose");
  clock.now += 1000;
  expect(await answer(stepStatus, as("ana"), { steps: ["loose"] })).toMatchInlineSnapshot(`
    "loose: pending
    format 1 says complete (by bob)
    # 0"
  `);
  expect(await answer(steps, as("ana"))).toContain("loose  format 1 says complete (by bob)  -");
  expect(await answer(claim, as("ana"), { step: "loose" })).toContain("Claimed step loose as ana");
});

it("a step that format 1 forced complete over its holder says so to whoever wants it, and how to end that", async () => {
  const { as, store, clock } = await oldBucket();
  await oldClient(store, "ana", () => clock.now).claim("forced");
  await oldClient(store, "bob", () => clock.now).complete("forced", { force: true });
  clock.now += 1000;
  expect(await answer(claim, as("developer"), { step: "forced" })).toMatchInlineSnapshot(`
    "2> Error: Step forced already claimed by ana
    2> Cause: by a client of format 1, whose claims never lapse; format 1 says complete (by bob)
    2> Hint: tracecraft complete forced --force
    # 3"
  `);
  const forced = await answer(complete, as("developer"), { step: "forced", force: true });
  expect(forced).toContain("Completed step forced");
  expect(await answer(stepStatus, as("ana"), { steps: ["forced"] })).toContain("forced: complete");
});

it("what it writes on top of our records does not hide them: memory, and mail into an inbox of ours", async () => {
  const { as, store, clock } = await oldBucket();
  const ana = as("ana");
  const old = oldClient(store, "bob", () => clock.now);
  await answer(memorySet, ana, { key: "design.status", value: "ours" });
  clock.now += 1000;
  await old.memorySet("design.status", "theirs");
  expect(await answer(memoryGet, ana, { key: "design.status" })).toBe("theirs\n# 0");
  expect(await answer(memorySet, ana, { key: "design.status", value: "ours again" })).toContain("# 0");
  expect(await old.memoryGet("design.status")).toBe("ours again");
  expect(await answer(memoryHistory, ana, { key: "design.status" })).toMatch(/ours again\n.*theirs/);
  await answer(inbox, ana);
  await old.send("ana", "and now?");
  expect(await answer(inbox, ana)).toContain("(direct) bob: and now?");
});
