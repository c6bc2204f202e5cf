import { describe, expect, it } from "vitest";
import { formatOneClaim, meeting, type Meeting } from "../../test/two-agents.ts";
import { claimKey, statusKey } from "../format/keys.ts";
import { claimStep } from "./claims.ts";
import { finishStep, releaseStep, reopenStep } from "./finish.ts";
import { forgetLease, knownLease } from "./leases.ts";
import type { Project } from "./project.ts";

const step = "design";
const ttlS = 60;

async function claimed(): Promise<Meeting> {
  const at = meeting();
  const a = at.agent("a");
  await claimStep(a, step, { ttlS });
  await a.settled();
  return at;
}

/** The same machine keeps what it was told; another session of the same agent knows nothing. */
function holder(at: Meeting) {
  return at.agent("a");
}

async function completeAndReopen(project: Project, name: string): Promise<void> {
  await finishStep(project, name, "complete", {});
  await reopenStep(project, name);
}

describe("who may end a step", () => {
  it("its holder, also after the lease lapsed, as long as nobody took it", async () => {
    const at = await claimed();
    at.pass(10_000);
    expect(await finishStep(holder(at), step, "complete", {})).toMatchObject({ done: true, already: false });
    expect(await at.claim(step)).toMatchObject({ state: "complete", term: 1, n: 2, agent: "a" });
  });

  it("the session under any of its ids, and one that lost what its machine knew", async () => {
    const at = await claimed();
    const renamed = at.agent("a", { session: { id: "later", earlier: ["session-of-a"] } });
    expect(await finishStep(renamed, step, "blocked", {})).toMatchObject({ done: true });
    expect(await finishStep(holder(at), step, "complete", {})).toMatchObject({
      done: false,
      why: "other_session",
    });
    expect(await finishStep(renamed, step, "complete", {})).toMatchObject({ done: true });
  });

  it("not whoever held an earlier term: fenced, with its own entry and who has it now", async () => {
    const at = await claimed();
    at.pass(ttlS + 3);
    await claimStep(at.agent("b"), step, { ttlS });
    const result = await finishStep(holder(at), step, "complete", { note: "late" });
    expect(result).toMatchObject({
      done: false,
      why: "fenced",
      ourTerm: 1,
      takeover: { agent: "b", term: 2 },
      view: { agent: "b", term: 2, state: "in_progress" },
    });
    expect(await at.claim(step)).toMatchObject({ agent: "b", state: "in_progress", term: 2 });
  });

  it.each([
    ["released", releaseStep],
    ["reopened once it was complete", completeAndReopen],
  ] as const)("not whoever let it go, %s: that is no lapse, and another has it now", async (_, letGo) => {
    const at = await claimed();
    await letGo(holder(at), step);
    await claimStep(at.agent("b"), step, { ttlS });
    const late = await finishStep(holder(at), step, "complete", { note: "late" });
    expect(late).toMatchObject({ done: false, why: "held", view: { agent: "b", term: 2 } });
  });

  it("not a paused process whose session holds a later term by now", async () => {
    const at = await claimed();
    const machine = at.agent("a");
    await claimStep(machine, step, { ttlS }); // Remembers term 1 on this machine.
    await releaseStep(at.agent("a"), step);
    await claimStep(at.agent("a"), step, { ttlS });
    expect((await at.claim(step)).term).toBe(2);
    expect(knownLease(machine, step)?.term).toBe(1);
    expect(await finishStep(machine, step, "complete", {})).toMatchObject({
      done: false,
      why: "fenced",
      ourTerm: 1,
    });
    expect(await at.claim(step)).toMatchObject({ state: "in_progress", term: 2 });
  });

  it("nobody else: held by another agent, or by another session of this one", async () => {
    const at = await claimed();
    expect(await finishStep(at.agent("b"), step, "complete", {})).toMatchObject({ done: false, why: "held" });
    const second = at.agent("a", { session: { id: "second" } });
    expect(await finishStep(second, step, "complete", {})).toMatchObject({
      done: false,
      why: "other_session",
    });
    expect(await releaseStep(at.agent("b"), step)).toMatchObject({ done: false, why: "held" });
  });

  it("whoever, where nobody claimed it: it is created in that state, in term 1", async () => {
    const at = meeting();
    expect(await finishStep(at.agent("b"), step, "complete", { note: "x" })).toMatchObject({ done: true });
    expect(await at.claim(step)).toMatchObject({
      agent: "b",
      state: "complete",
      term: 1,
      n: 1,
      handoff: { note: "x" },
    });
    expect(await releaseStep(at.agent("b"), "other")).toMatchObject({ done: false, why: "absent" });
  });

  it("the agent of a claim of format 1, in any session", async () => {
    const at = meeting();
    await formatOneClaim(at, step, "a");
    expect(await finishStep(at.agent("b"), step, "complete", {})).toMatchObject({ done: false, why: "held" });
    expect(await finishStep(holder(at), step, "complete", {})).toMatchObject({ done: true });
    expect(await at.claim(step)).toMatchObject({ state: "complete", term: 1, n: 1 });
  });

  it("with force anybody, but only what is not complete: a later term, and the log says who was put out", async () => {
    const at = await claimed();
    at.pass(5);
    expect(
      await finishStep(at.agent("b"), step, "complete", { note: "mine" }, { force: true }),
    ).toMatchObject({ done: true });
    const forced = await at.claim(step);
    expect(forced.log?.at(-1)).toMatchObject({
      agent: "b",
      term: 2,
      state: "complete",
      taken_from: { agent: "a", session: "session-of-a", term: 1 },
    });
    expect(forced.claimed_at).toBe(forced.log!.at(-1)!.at);
    expect(await finishStep(holder(at), step, "complete", {})).toMatchObject({ done: false, why: "fenced" });
    const again = await finishStep(at.agent("c"), step, "blocked", {}, { force: true });
    expect(again).toMatchObject({ done: false, why: "finished" });
  });

  it("with force its holder stays in its term", async () => {
    const at = await claimed();
    await finishStep(holder(at), step, "complete", {}, { force: true });
    expect(await at.claim(step)).toMatchObject({ term: 1, state: "complete" });
  });
});

describe("which state may follow which", () => {
  it("blocked and needs review lead on by their holder, complete does not", async () => {
    const at = await claimed();
    for (const state of ["blocked", "needs_review", "blocked", "complete"] as const)
      expect(await finishStep(holder(at), step, state, { note: state })).toMatchObject({
        done: true,
        already: false,
      });
    expect(await finishStep(holder(at), step, "blocked", {})).toMatchObject({ done: false, why: "finished" });
    expect((await at.claim(step)).log?.map(({ state }) => state)).toEqual([
      "in_progress",
      "blocked",
      "needs_review",
      "blocked",
      "complete",
    ]);
  });

  it("a released step is nobody's: it is claimed first", async () => {
    const at = await claimed();
    expect(await releaseStep(holder(at), step)).toMatchObject({ done: true, already: false });
    expect(await at.claim(step)).toMatchObject({ agent: null, session: null, state: "released", term: 1 });
    for (const force of [false, true])
      expect(await finishStep(holder(at), step, "complete", {}, { force })).toMatchObject({
        done: false,
        why: "released",
      });
  });

  it("only what is in progress is released; once more it is done already, for who released it", async () => {
    const at = await claimed();
    await finishStep(holder(at), step, "blocked", {});
    expect(await releaseStep(holder(at), step)).toMatchObject({ done: false, why: "finished" });
    await reopenStep(holder(at), step);
    await claimStep(holder(at), step, { ttlS });
    await releaseStep(holder(at), step);
    expect(await releaseStep(holder(at), step)).toMatchObject({ done: true, already: true });
    expect(await releaseStep(at.agent("b"), step)).toMatchObject({ done: false, why: "released" });
  });
});

describe("what is remembered and told of it", () => {
  it("the lease is forgotten when the step has ended, or when it was fenced", async () => {
    const at = await claimed();
    const a = holder(at);
    await claimStep(a, step, { ttlS });
    expect(knownLease(a, step)).toBeDefined();
    await finishStep(a, step, "complete", {});
    expect(knownLease(a, step)).toBeUndefined();

    await claimStep(a, "other", { ttlS });
    at.pass(ttlS + 3);
    await claimStep(at.agent("b"), "other", { ttlS });
    await finishStep(a, "other", "complete", {});
    expect(knownLease(a, "other")).toBeUndefined();
  });

  it("begins without a read where the lease is known, and reads where it is not", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, { ttlS });
    at.store.log.length = 0;
    await finishStep(a, step, "needs_review", {});
    expect(at.store.log.filter((line) => line.includes(claimKey(step)))).toEqual([
      `put ${claimKey(step)} if it is that version`,
    ]);
    forgetLease(a, step);
    at.store.log.length = 0;
    await finishStep(a, step, "complete", {});
    expect(at.store.log).toContain(`get ${claimKey(step)}`);
    expect(at.store.log).toContain(`get ${statusKey(step)}`);
  });

  it("an attempt is journalled with its nonce, a refusal with the term it held", async () => {
    const at = await claimed();
    at.pass(ttlS + 3);
    const b = at.agent("b");
    await claimStep(b, step, { ttlS });
    const a = holder(at);
    await finishStep(a, step, "complete", {});
    await finishStep(b, step, "complete", {});
    await Promise.all([a.settled(), b.settled()]);
    const { nonce } = (await at.claim(step)).log!.at(-1)!;
    const events = await at.events();
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: "refused",
        act: "complete",
        why: "fenced",
        agent: "a",
        term: 1,
        found_term: 2,
        found_agent: "b",
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "transition", state: "complete", agent: "b", term: 2, n: 3, nonce }),
    );
  });
});
