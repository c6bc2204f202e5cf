import { describe, expect, it } from "vitest";
import { storyTime, testProject } from "../../test/project.ts";
import { meeting } from "../../test/two-agents.ts";
import type { ClaimRecord } from "./claim-record.ts";
import { claimStep } from "./claims.ts";
import { lapseMarginMs, leaseTime } from "./lapse.ts";
import { renewLease } from "./leases.ts";
import { memoryLocalState } from "./local.ts";
import type { Found } from "./update.ts";

const record: ClaimRecord = {
  agent: "a",
  claimed_at: "2026-11-22T14:05:00.000+00:00",
  state: "in_progress",
  ttl_s: 60,
};

function found(more: Partial<Found<ClaimRecord>> = {}): Found<ClaimRecord> {
  return { record, version: "v1", writtenAt: storyTime, storeNow: storyTime, ...more };
}

describe("leaseTime() by the store's clock", () => {
  const project = testProject({ skewMs: 10 * 60_000 });
  const at = (ageS: number) => leaseTime(project, "s", found({ storeNow: storyTime + ageS * 1000 }));

  it("is the store's now minus the store's time of writing, whatever this machine's clock says", () => {
    expect(at(0)).toEqual({ lapsed: false, remainingS: 60, expiresAt: storyTime + 60_000 });
    expect(at(50)).toMatchObject({ lapsed: false, remainingS: 10, expiresAt: storyTime + 60_000 });
    expect(at(60)).toMatchObject({ lapsed: false, remainingS: 0 });
    expect(at(60 + lapseMarginMs / 1000)).toMatchObject({ lapsed: false });
    expect(at(61 + lapseMarginMs / 1000)).toMatchObject({ lapsed: true, remainingS: 0 });
  });

  it("never lapses what format 1 claimed, nor what is not in progress", () => {
    const later = storyTime + 10_000_000;
    const { ttl_s: _, ...old } = record;
    expect(leaseTime(project, "s", found({ record: old, storeNow: later }))).toEqual({
      lapsed: false,
      remainingS: undefined,
      expiresAt: undefined,
    });
    const blocked = { ...record, state: "blocked" as const };
    expect(leaseTime(project, "s", found({ record: blocked, storeNow: later }))).toMatchObject({
      lapsed: false,
    });
  });
});

describe("leaseTime() by sight, where the store does not tell its time", () => {
  it.each([
    ["no time of writing", { writtenAt: undefined }],
    ["no time of its own", { storeNow: undefined }],
    ["times that contradict each other", { storeNow: storyTime - 5_000 }],
  ])("with %s: so long as this machine saw the same version", (_, times) => {
    const clock = { now: storyTime };
    const project = testProject({ clock });
    const look = (version = "v1") => leaseTime(project, "s", found({ version, ...times }));
    expect(look()).toMatchObject({ lapsed: false, remainingS: 60 });
    clock.now += 61_000;
    expect(look()).toMatchObject({ lapsed: false, remainingS: 0 });
    clock.now += 2_000;
    expect(look()).toMatchObject({ lapsed: true });
    expect(look("v2")).toMatchObject({ lapsed: false, remainingS: 60 });
  });

  it("begins anew after a boot, and apart for each step", () => {
    const clock = { now: storyTime };
    const local = memoryLocalState();
    const project = testProject({ clock, local });
    const booted = { ...project, world: { ...project.world, bootId: "next" } };
    const unseen = found({ storeNow: undefined });
    leaseTime(project, "s", unseen);
    clock.now += 100_000;
    expect(leaseTime(booted, "s", unseen)).toMatchObject({ lapsed: false });
    expect(leaseTime(project, "t", unseen)).toMatchObject({ lapsed: false });
  });
});

it("a renewal is a new state of the object, so that nobody takes a lease that was just renewed", async () => {
  const at = meeting();
  const a = at.agent("a", { skewMs: -600_000 });
  await claimStep(a, "s", { ttlS: 60 });
  at.pass(50);
  await renewLease(a, "s", 1);
  at.pass(50);
  expect(await claimStep(at.agent("b", { skewMs: 600_000 }), "s", {})).toMatchObject({
    claimed: false,
    why: "held",
  });
  at.pass(13);
  expect(await claimStep(at.agent("b", { skewMs: -600_000 }), "s", {})).toMatchObject({ claimed: true });
});
