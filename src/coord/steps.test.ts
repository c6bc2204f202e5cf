import { describe, expect, it } from "vitest";
import { formatOneClaim, formatOneStatus, meeting } from "../../test/two-agents.ts";
import { TracecraftError, explain } from "../errors.ts";
import { claimKey, handoffKey, statusKey } from "../format/keys.ts";
import { claimStep } from "./claims.ts";
import { finishStep, releaseStep, reopenStep } from "./finish.ts";
import { outcomeUnknown, readStep, stateWords, viewOf } from "./steps.ts";

const step = "design";

async function view(at: ReturnType<typeof meeting>) {
  const reader = at.agent("reader");
  return viewOf(reader, await readStep(reader, step));
}

describe("viewOf() a step of ours", () => {
  it("that nobody claimed is pending, of no term", async () => {
    expect(await view(meeting())).toMatchObject({
      state: "pending",
      agent: null,
      term: undefined,
      handoff: undefined,
    });
  });

  it("is what the claim says, with what is left of its lease", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, { ttlS: 60 });
    at.pass(20);
    expect(await view(at)).toMatchObject({
      state: "in_progress",
      agent: "a",
      session: "session-of-a",
      term: 1,
      remainingS: 40,
    });
  });

  it("that was released is pending again, with its term", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, {});
    await releaseStep(a, step);
    expect(await view(at)).toMatchObject({
      state: "pending",
      agent: null,
      term: 1,
      last: { state: "released" },
    });
  });

  it("shows the handoff of the complete, not what lies in handoff.json", async () => {
    const at = meeting();
    await finishStep(at.agent("a"), step, "complete", { note: "real" });
    await at.plant(handoffKey(step), {
      from_agent: "x",
      from_step: step,
      state: "complete",
      note: "planted",
      created_at: "2026-11-22T14:05:00.000+00:00",
    });
    expect(await view(at)).toMatchObject({ state: "complete", handoff: { note: "real", n: 1 } });
  });
});

describe("readStep() beside format 1", () => {
  it("shows its claim as in progress, without a lease", async () => {
    const at = meeting();
    await formatOneClaim(at, step, "old");
    at.pass(1_000_000);
    expect(await view(at)).toMatchObject({
      state: "in_progress",
      agent: "old",
      term: 1,
      lapsed: false,
      remainingS: undefined,
    });
  });

  it("takes in the complete of the claim's agent, with the handoff beside it", async () => {
    const at = meeting();
    await formatOneClaim(at, step, "old");
    at.pass(60);
    await formatOneStatus(at, step, "old");
    const created = "2026-11-22T14:06:00.000+00:00";
    await at.plant(handoffKey(step), {
      schema: 2,
      from_agent: "old",
      from_step: step,
      next_agent: "b",
      state: "complete",
      next_action: null,
      note: "yours",
      created_at: created,
    });
    expect(await view(at)).toMatchObject({
      state: "complete",
      agent: "old",
      handoff: { note: "yours", next_agent: "b" },
    });
    const reader = at.agent("reader");
    expect(await readStep(reader, step)).toMatchObject({ adopted: true });
    expect(await at.claim(step)).toEqual({ agent: "old", claimed_at: created.replace("14:06", "14:05") }); // Reading changes nothing.
  });

  it("counts a complete from before our claim was changed for past", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, {});
    at.pass(5);
    await formatOneStatus(at, step, "a");
    at.pass(5);
    await reopenStep(a, step);
    await a.settled();
    at.pass(5);
    await claimStep(a, step, {});
    expect(await view(at)).toMatchObject({ state: "in_progress", agent: "a", term: 2 });

    await formatOneStatus(at, "other", "a");
    at.pass(5);
    await claimStep(a, "other", {});
    const reader = at.agent("reader");
    expect(viewOf(reader, await readStep(reader, "other"))).toMatchObject({
      state: "in_progress",
      formatOneSays: undefined,
    });
  });

  it("shows, and never believes, what it says of another agent, or of a step that nobody claimed", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, {});
    at.pass(5);
    await formatOneStatus(at, step, "x");
    expect(await view(at)).toMatchObject({
      state: "in_progress",
      agent: "a",
      formatOneSays: { status: "complete", agent: "x" },
    });
    await formatOneStatus(at, "other", "x", "blocked");
    const reader = at.agent("reader");
    expect(viewOf(reader, await readStep(reader, "other"))).toMatchObject({
      state: "pending",
      formatOneSays: { status: "blocked", agent: "x" },
    });
  });

  it("tells the formats apart by `term`, not by `schema`", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, {});
    at.pass(5);
    await at.plant(statusKey(step), { schema: 3, status: "complete", agent: "a", term: 1, n: 9 });
    expect(await view(at)).toMatchObject({ state: "in_progress" });
    await at.plant(statusKey(step), { schema: 3, status: "complete", agent: "a" });
    expect(await view(at)).toMatchObject({ state: "complete" });
  });

  it("names a record that is not what the format says", async () => {
    const at = meeting();
    await at.plant(claimKey(step), "{");
    await expect(view(at)).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining(claimKey(step)),
    });
  });
});

it("words of a step and of an open outcome", () => {
  expect([stateWords("needs_review"), stateWords("in_progress"), stateWords("pending")]).toEqual([
    "needs review",
    "in progress",
    "pending",
  ]);
  const cause = new TracecraftError("unreachable", "Cannot reach s3://b", { cause: "connection reset" });
  expect(explain(outcomeUnknown("claim", step, 10_000, cause))).toMatchInlineSnapshot(`
    "Error: Cannot claim "design": outcome unknown after 10s
    Cause: Cannot reach s3://b: connection reset; it may be yours
    Hint: tracecraft claim design"
  `);
  expect(explain(outcomeUnknown("complete", step, 3_000, cause))).toContain("it may be in");
});
