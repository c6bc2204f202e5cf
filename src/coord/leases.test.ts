import { describe, expect, it } from "vitest";
import { formatOneClaim, formatOneStatus, meeting } from "../../test/two-agents.ts";
import { claimKey } from "../format/keys.ts";
import { claimStep } from "./claims.ts";
import { finishStep, releaseStep } from "./finish.ts";
import { forgetLease, forgetLost, knownLease, knownLeases, renewDue, renewLease } from "./leases.ts";
import { memoryLocalState } from "./local.ts";
import { readStep, viewOf } from "./steps.ts";

const ttlS = 60;

describe("what this machine knows of leases", () => {
  it("is what this agent in this session was told, the one with the least time left first", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "one", { ttlS: 600 });
    await claimStep(a, "two", { ttlS });
    at.pass(20);
    expect(knownLeases(a).map(({ step, remainingS }) => [step, remainingS])).toEqual([
      ["two", 40],
      ["one", 580],
    ]);
    expect(knownLeases({ ...a, agent: "b" })).toEqual([]);
    expect(knownLeases({ ...a, session: { ...a.session, id: "second" } })).toEqual([]);
    const renamed = { ...a, session: { ...a.session, id: "later", earlier: [a.session.id] } };
    expect(knownLeases(renamed)).toHaveLength(2);
    forgetLease(renamed, "one");
    expect(knownLease(a, "one")).toBeUndefined();
  });

  it("forgets what a reading shows to be another's, or finished, and nothing that it does not show", async () => {
    const at = meeting();
    const a = at.agent("a");
    for (const step of ["kept", "lost", "done", "unseen"]) await claimStep(a, step, { ttlS });
    await finishStep(at.agent("b"), "lost", "complete", {}, { force: true });
    const elsewhere = at.agent("a", { session: { earlier: [] } });
    await finishStep({ ...elsewhere, local: memoryLocalState() }, "done", "complete", {});
    const views = await Promise.all(
      ["kept", "lost", "done"].map(async (step) => viewOf(a, await readStep(a, step))),
    );
    expect(forgetLost(a, views).map(({ step }) => step)).toEqual(["lost"]);
    expect(knownLeases(a).map(({ step }) => step)).toEqual(["kept", "unseen"]);
  });

  it("counts by the monotonic clock within a boot, by the wall clock after another", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "one", { ttlS });
    at.pass(30);
    const booted = { ...a, world: { ...a.world, bootId: "next", monotonic: () => 0 } };
    expect(knownLease(booted, "one")?.remainingS).toBe(30);
  });

  it("reads as absent where it is damaged", () => {
    const a = meeting().agent("a");
    a.local.write("leases/a/session-of-a/one", { term: "one" });
    expect(knownLease(a, "one")).toBeUndefined();
  });
});

describe("renewLease()", () => {
  it("begins the lease anew in the same term, without an entry, and reads first", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "one", { ttlS });
    const before = await at.claim("one");
    at.pass(40);
    at.store.log.length = 0;
    expect(await renewLease(a, "one", 1)).toMatchObject({ renewed: true });
    expect(at.store.log[0]).toMatch(/^get /);
    const after = await at.claim("one");
    expect(after).toEqual({ ...before, nonce: after.nonce });
    expect(after.nonce).not.toBe(before.nonce);
    expect(knownLease(a, "one")?.remainingS).toBe(ttlS);
  });

  it("renews after a lost reply, once or twice, and is told so", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "one", { ttlS });
    at.store.onPut(claimKey("one"), "reply lost");
    expect(await renewLease(a, "one", 1)).toMatchObject({ renewed: true });
    expect(await at.claim("one")).toMatchObject({ n: 1, term: 1 });
  });

  it("renews nothing that is another's, of another term, or finished; and forgets it", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "one", { ttlS });
    expect(await renewLease(a, "one", 2)).toMatchObject({ renewed: false });
    expect(knownLease(a, "one")).toBeUndefined();
    at.pass(ttlS + 3);
    const b = at.agent("b");
    await claimStep(b, "one", { ttlS });
    expect(await renewLease(a, "one", 1)).toMatchObject({
      renewed: false,
      reading: { claim: { record: { agent: "b" } } },
    });
    await releaseStep(b, "one");
    expect(await renewLease(b, "one", 2)).toMatchObject({ renewed: false });
  });

  it("takes in what format 1 completed, instead of hiding it", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "one", { ttlS });
    at.pass(5);
    await formatOneStatus(at, "one", "a");
    at.pass(5);
    expect(await renewLease(a, "one", 1)).toMatchObject({ renewed: false });
    expect(await at.claim("one")).toMatchObject({ state: "complete", term: 1, n: 2 });
    expect((await at.claim("one")).log?.at(-1)).toMatchObject({ state: "complete", nonce: "format-1" });
  });

  it("does not take in what format 1 says of another agent", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "one", { ttlS });
    await formatOneStatus(at, "one", "x");
    expect(await renewLease(a, "one", 1)).toMatchObject({ renewed: true });
    expect(await at.claim("one")).toMatchObject({ state: "in_progress", agent: "a", n: 1 });
  });

  it("makes a claim of format 1 one of ours, with a ttl", async () => {
    const at = meeting();
    await formatOneClaim(at, "one", "a");
    expect(await renewLease(at.agent("a"), "one", 1)).toMatchObject({ renewed: true });
    expect(await at.claim("one")).toMatchObject({ session: "session-of-a", ttl_s: 3600, term: 1 });
  });
});

describe("renewDue()", () => {
  it("renews in the background what is past a third of its ttl, and only that", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "short", { ttlS });
    await claimStep(a, "long", { ttlS: 600 });
    await claimStep(a, "left", { ttlS });
    at.pass(ttlS / 3 - 1);
    at.store.log.length = 0;
    renewDue(a);
    await a.settled();
    expect(at.store.log).toEqual([]);
    at.pass(1);
    renewDue(a, ["left"]);
    await a.settled();
    const puts = at.store.log.filter((line) => line.startsWith("put steps/"));
    expect(puts).toEqual([`put ${claimKey("short")} if it is that version`]);
    expect(a.warnings).toEqual([]);
  });

  it("renews nothing that nobody was told of", async () => {
    const at = meeting();
    const a = at.agent("a");
    at.store.onPut(claimKey("one"), "reply lost");
    at.store.onGet(claimKey("one"), 10_000);
    await expect(claimStep(a, "one", { ttlS })).rejects.toMatchObject({ code: "outcome_unknown" });
    at.store.onGet(claimKey("one"), 0);
    at.pass(40);
    renewDue(a);
    await a.settled();
    at.pass(23);
    expect(await claimStep(at.agent("b"), "one", {})).toMatchObject({ claimed: true, lease: { term: 2 } });
  });

  it("warns of a lease that is lost", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, "one", { ttlS });
    at.pass(ttlS + 3);
    await claimStep(at.agent("b"), "one", { ttlS });
    renewDue(a);
    await a.settled();
    expect(a.warnings).toEqual(["the lease of one is lost: see tracecraft step-status one"]);
    expect(knownLeases(a)).toEqual([]);
  });
});
