import { describe, expect, it } from "vitest";
import { logLimit } from "../format/records.ts";
import {
  advance,
  countOf,
  defaultTtlS,
  isHolder,
  landedInClaim,
  lostTermOf,
  pushedOut,
  readClaim,
  renewed,
  stateOf,
  takeoverAfter,
  termOf,
  type ClaimRecord,
  type Step,
} from "./claim-record.ts";

const at = "2026-11-22T14:05:00.000+00:00";
const session = { id: "s1", earlier: ["s0"], harness: undefined, host: "h" };

function step(more: Partial<Step> = {}): Step {
  return {
    state: "in_progress",
    agent: "a",
    session: "s1",
    term: 1,
    at,
    nonce: `n${Math.random()}`,
    ...more,
  };
}

function read(value: unknown): ClaimRecord {
  return readClaim("steps/a/claim.json", Buffer.from(JSON.stringify(value)));
}

function longLog(entries: number): ClaimRecord {
  let claim: ClaimRecord | undefined;
  for (let n = 1; n <= entries; n++) claim = advance(claim, step({ term: n, nonce: `nonce ${n}` }));
  return claim!;
}

describe("advance()", () => {
  it("begins at n 1 with one entry and the default ttl", () => {
    expect(advance(undefined, step({ nonce: "x" }))).toEqual({
      schema: 3,
      agent: "a",
      session: "s1",
      claimed_at: at,
      term: 1,
      state: "in_progress",
      ttl_s: defaultTtlS,
      nonce: "x",
      n: 1,
      log: [{ n: 1, at, agent: "a", session: "s1", term: 1, state: "in_progress", nonce: "x" }],
    });
  });

  it("keeps unknown fields, claimed_at and the ttl, and counts on", () => {
    const base = { ...advance(undefined, step({ ttlS: 60 })), colour: "blue" };
    const next = advance(base, step({ state: "complete", at: "2026-11-22T15:00:00.000+00:00" }));
    expect(next).toMatchObject({ colour: "blue", claimed_at: at, ttl_s: 60, n: 2, state: "complete" });
    expect(next.log).toHaveLength(2);
  });

  it("puts term and n into a handoff of its own, and keeps an earlier one as it is", () => {
    const handoff = { from_agent: "a", from_step: "s", state: "complete", note: "done", created_at: at };
    const done = advance(advance(undefined, step()), step({ state: "complete", handoff }));
    expect(done.handoff).toMatchObject({ note: "done", term: 1, n: 2 });
    const opened = advance(done, step({ state: "released", agent: null, session: null }));
    expect(opened.handoff).toEqual(done.handoff);
  });

  it("keeps the last 100 entries, and pushedOut() names what is about to go", () => {
    const full = longLog(logLimit);
    expect(pushedOut(longLog(logLimit - 1))).toEqual([]);
    expect(pushedOut(full).map(({ n }) => n)).toEqual([1]);
    const next = advance(full, step({ term: logLimit + 1 }));
    expect(next.log?.map(({ n }) => n)).toEqual(Array.from({ length: logLimit }, (_, index) => index + 2));
    expect(pushedOut({ ...full, log: [...full.log!, ...full.log!] })).toHaveLength(logLimit + 1);
    expect(pushedOut(undefined)).toEqual([]);
  });
});

describe("renewed()", () => {
  it("changes the nonce and nothing of the history", () => {
    const base = longLog(3);
    const next = renewed(base, "s1", "new", undefined);
    expect(next).toEqual({ ...base, nonce: "new" });
  });

  it("makes a claim of format 1 one of ours, in term 1 with an empty log", () => {
    const next = renewed({ agent: "a", claimed_at: at }, "s1", "new", 60);
    expect(next).toMatchObject({
      schema: 3,
      session: "s1",
      term: 1,
      state: "in_progress",
      ttl_s: 60,
      n: 0,
      log: [],
    });
  });
});

describe("landedInClaim()", () => {
  const base = longLog(3);
  const mine = advance(base, step({ nonce: "mine" }));

  it("finds its own nonce in the record or in the log", () => {
    expect(landedInClaim(mine, mine)).toBe("yes");
    expect(landedInClaim(advance(mine, step()), mine)).toBe("yes");
    expect(landedInClaim(renewed(mine, "s1", "later", undefined), mine)).toBe("yes");
  });

  it("says no where the entry that would have been its own is another's, or none has that number yet", () => {
    expect(landedInClaim(advance(base, step()), mine)).toBe("no");
    expect(landedInClaim(base, mine)).toBe("no");
  });

  it("says that it cannot tell where that entry was trimmed", () => {
    let later = advance(base, step());
    for (let more = 0; more < logLimit + 3; more++) later = advance(later, step());
    expect(later.log![0]!.n).toBeGreaterThan(countOf(mine));
    expect(landedInClaim(later, mine)).toBe("unknown");
  });

  it("says no of a renewal that is not there: it may be made again", () => {
    expect(landedInClaim(advance(base, step()), renewed(base, "s1", "mine", undefined))).toBe("no");
    const old = { agent: "a", claimed_at: at };
    expect(landedInClaim(old, renewed(old, "s1", "mine", undefined))).toBe("no");
  });
});

describe("whose a claim is", () => {
  it("isHolder() wants the agent and one of the session's ids; a claim of format 1 has the agent alone", () => {
    const claim = longLog(1);
    expect(isHolder(claim, "a", session)).toBe(true);
    expect(isHolder({ ...claim, session: "s0" }, "a", session)).toBe(true);
    expect(isHolder({ ...claim, session: "other" }, "a", session)).toBe(false);
    expect(isHolder(claim, "b", session)).toBe(false);
    expect(isHolder({ agent: "a", claimed_at: at }, "a", session)).toBe(true);
  });

  it("lostTermOf() finds the last earlier term of this session only", () => {
    const claim = advance(longLog(2), step({ agent: "b", session: "x", term: 3 }));
    expect(lostTermOf(claim, "a", session)).toMatchObject({ term: 2 });
    expect(lostTermOf(claim, "b", { ...session, id: "x" })).toBeUndefined();
    expect(lostTermOf(claim, "a", { ...session, id: "y", earlier: [] })).toBeUndefined();
  });

  it("lostTermOf() finds none that was given back, and takeoverAfter() how the next one began", () => {
    const free = advance(longLog(2), step({ agent: null, session: null, term: 2, state: "released" }));
    const taken = advance(free, step({ agent: "b", session: "x", term: 3, nonce: "taken" }));
    const done = advance(taken, step({ agent: "b", session: "x", term: 3, state: "complete" }));
    expect(lostTermOf(done, "a", session)).toBeUndefined();
    expect(takeoverAfter(done, 2)).toMatchObject({ nonce: "taken" });
    expect(takeoverAfter(done, 3)).toBeUndefined();
  });

  it("a claim of format 1 is in term 1, in progress and at n 0", () => {
    const claim = readClaim(
      "steps/a/claim.json",
      Buffer.from(JSON.stringify({ agent: "a", claimed_at: at })),
    );
    expect([termOf(claim), stateOf(claim), countOf(claim)]).toEqual([1, "in_progress", 0]);
  });

  it("readClaim() refuses what is no claim, by its key", () => {
    expect(() => read({ agent: "a", claimed_at: "yesterday" })).toThrow(/steps\/a\/claim\.json.*claimed_at/);
    expect(() => read({ agent: "a", claimed_at: at, state: "lost" })).toThrow(/state/);
    expect(() => read([])).toThrow(/steps\/a\/claim\.json/);
  });
});
