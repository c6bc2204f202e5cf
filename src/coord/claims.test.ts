import { describe, expect, it } from "vitest";
import { meeting } from "../../test/two-agents.ts";
import { claimKey, statusKey } from "../format/keys.ts";
import { logLimit } from "../format/records.ts";
import { advance, type ClaimRecord } from "./claim-record.ts";
import { claimStep } from "./claims.ts";
import { finishStep, releaseStep } from "./finish.ts";
import { knownLease } from "./leases.ts";

const step = "design";
const ttlS = 60;

describe("claimStep()", () => {
  it("takes a free step in one request, in term 1, and writes no projection", async () => {
    const at = meeting();
    const a = at.agent("a");
    const result = await claimStep(a, step, { ttlS });
    expect(result).toMatchObject({ claimed: true, already: false, lease: { agent: "a", term: 1, ttlS } });
    expect(at.store.log.filter((line) => line.includes("steps/"))).toEqual([`put ${claimKey(step)} nothing`]);
    await a.settled();
    expect(await at.record(statusKey(step))).toBeUndefined();
    expect(await at.claim(step)).toMatchObject({
      agent: "a",
      session: "session-of-a",
      term: 1,
      n: 1,
      ttl_s: ttlS,
    });
    expect(knownLease(a, step)).toMatchObject({ term: 1, ttlS, remainingS: ttlS });
  });

  it("tells a rival who has it, and until when", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, { ttlS });
    at.pass(10);
    const b = at.agent("b");
    expect(await claimStep(b, step, {})).toMatchObject({
      claimed: false,
      why: "held",
      view: { agent: "a", state: "in_progress", term: 1, remainingS: 50 },
    });
    expect(knownLease(b, step)).toBeUndefined();
  });

  it("is a renewal for its holder, under any id that its session had", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, { ttlS });
    const again = at.agent("a", { session: { id: "renamed", earlier: ["session-of-a"] } });
    expect(await claimStep(again, step, {})).toMatchObject({
      claimed: true,
      already: true,
      lease: { term: 1, ttlS },
    });
    expect(await at.claim(step)).toMatchObject({ session: "renamed", n: 1, term: 1 });
    expect((await at.claim(step)).log).toHaveLength(1);
  });

  it("is refused to another session of the same agent, unless it takes over: a new term, and the log says from whom", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, { ttlS });
    const other = at.agent("a", { session: { id: "second" } });
    expect(await claimStep(other, step, {})).toMatchObject({ claimed: false, why: "other_session" });
    const result = await claimStep(other, step, { takeOver: true });
    const takenFrom = { agent: "a", session: "session-of-a", term: 1 };
    expect(result).toMatchObject({ claimed: true, already: false, lease: { term: 2 }, takenFrom });
    expect((await at.claim(step)).log?.at(-1)).toMatchObject({
      term: 2,
      session: "second",
      taken_from: takenFrom,
    });
  });

  it("a take-over is for one's own sessions only", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, { ttlS });
    expect(await claimStep(at.agent("b"), step, { takeOver: true })).toMatchObject({
      claimed: false,
      why: "held",
    });
  });

  it("takes a lapsed step in the next term and projects that", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, { ttlS });
    at.pass(ttlS + 3);
    const b = at.agent("b");
    expect(await claimStep(b, step, { ttlS })).toMatchObject({
      claimed: true,
      lease: { term: 2 },
      takenFrom: { agent: "a", term: 1 },
    });
    await b.settled();
    expect(await at.record(statusKey(step))).toMatchObject({
      status: "in_progress",
      agent: "b",
      term: 2,
      n: 2,
    });
  });

  it("takes a released step in the next term: letting go resets nothing", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, { ttlS });
    await releaseStep(a, step);
    const result = await claimStep(at.agent("b"), step, {});
    expect(result).toMatchObject({ claimed: true, lease: { term: 2 }, takenFrom: undefined });
  });

  it.each(["complete", "blocked", "needs_review"] as const)(
    "is refused to everybody on a step that is %s",
    async (state) => {
      const at = meeting();
      const a = at.agent("a");
      await claimStep(a, step, { ttlS });
      await finishStep(a, step, state, {});
      at.pass(1_000);
      for (const agent of [a, at.agent("b"), at.agent("a", { session: { id: "second" } })])
        expect(await claimStep(agent, step, { takeOver: true })).toMatchObject({
          claimed: false,
          why: "finished",
          view: { state },
        });
    },
  );

  it("gives one of twenty rivals the step, and every other one its name", async () => {
    const at = meeting();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => claimStep(at.agent(`agent-${index}`), step, { ttlS })),
    );
    const winners = results.filter((result) => result.claimed);
    expect(winners).toHaveLength(1);
    const { agent } = await at.claim(step);
    for (const result of results) if (!result.claimed) expect(result.view.agent).toBe(agent);
  });

  it("is told the truth when the reply is lost", async () => {
    const at = meeting();
    at.store.onPut(claimKey(step), "reply lost");
    expect(await claimStep(at.agent("a"), step, { ttlS })).toMatchObject({ claimed: true, already: false });
    expect((await at.claim(step)).log).toHaveLength(1);
  });

  it("is told that it is unknown when nobody can tell, and no lease is remembered", async () => {
    const at = meeting();
    const a = at.agent("a");
    at.store.onPut(claimKey(step), "reply lost");
    at.store.onGet(claimKey(step), 10_000);
    await expect(claimStep(a, step, { ttlS })).rejects.toMatchObject({
      code: "outcome_unknown",
      message: 'Cannot claim "design": outcome unknown after 10s',
      hint: "tracecraft claim design",
    });
    expect(knownLease(a, step)).toBeUndefined();
    at.store.onGet(claimKey(step), 0);
    expect(await claimStep(a, step, { ttlS })).toMatchObject({ claimed: true, already: true });
  });

  it("does not say that it holds what lapsed and was taken before it could be told", async () => {
    const at = meeting();
    at.store.onPut(claimKey(step), {
      async overtakenBy() {
        at.pass(ttlS + 3);
        await claimStep(at.agent("b"), step, { ttlS });
      },
    });
    expect(await claimStep(at.agent("a"), step, { ttlS })).toMatchObject({
      claimed: false,
      why: "held",
      view: { agent: "b", term: 2 },
    });
  });

  it("journals its attempt with nonce and n, and a renewal as one", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, { ttlS });
    await claimStep(a, step, { ttlS });
    await a.settled();
    const { nonce } = (await at.claim(step)).log![0]!;
    const events = await at.events();
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "claim", step, term: 1, n: 1, nonce, agent: "a" }),
    );
    expect(events).toContainEqual(expect.objectContaining({ kind: "renew", step, term: 1 }));
    expect(events).toHaveLength(2);
  });

  it("puts what a full log forgets into the journal before it forgets it, however slow that is", async () => {
    const at = meeting();
    const free = {
      state: "released",
      agent: null,
      session: null,
      term: 1,
      at: "2026-11-22T10:00:00Z",
    } as const;
    let claim: ClaimRecord | undefined;
    for (let n = 1; n <= logLimit; n++) claim = advance(claim, { ...free, nonce: `nonce ${n}` });
    await at.plant(claimKey(step), claim);
    const { put } = at.store;
    Object.assign(at.store, {
      put: async (...request: Parameters<typeof put>) => {
        if (request[0].startsWith("events/")) await new Promise(setImmediate);
        return await put(...request);
      },
    });
    let before: Record<string, unknown>[] = [];
    at.store.onPut(claimKey(step), "ok", async () => (before = await at.events()));
    await claimStep(at.agent("a"), step, { ttlS });
    expect((await at.claim(step)).log?.map(({ n }) => n)[0]).toBe(2);
    const entry = expect.objectContaining({ n: 1, nonce: "nonce 1" });
    expect(before).toContainEqual(expect.objectContaining({ kind: "log", step, entry }));
  });
});
