import { describe, expect, it } from "vitest";
import { meeting } from "../../test/two-agents.ts";
import { objects } from "../../test/project.ts";
import { claimKey, handoffKey, statusKey } from "../format/keys.ts";
import { claimStep } from "./claims.ts";
import { finishStep, releaseStep, reopenStep } from "./finish.ts";

const step = "design";
const ttlS = 60;

describe("finishStep()", () => {
  it("puts state and handoff in one write, and both projections beside it", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, { ttlS });
    const words = { note: "see docs", to: "b", nextAction: "build it", changedFiles: ["x.ts"] };
    expect(await finishStep(a, step, "complete", words)).toMatchObject({ done: true, already: false });
    await a.settled();
    const handoff = {
      from_agent: "a",
      from_step: step,
      next_agent: "b",
      next_action: "build it",
      note: "see docs",
      changed_files: ["x.ts"],
      state: "complete",
      term: 1,
      n: 2,
    };
    expect(await at.claim(step)).toMatchObject({ state: "complete", handoff });
    expect(await at.record(handoffKey(step))).toMatchObject(handoff);
    expect(await at.record(statusKey(step))).toMatchObject({ status: "complete", agent: "a", term: 1, n: 2 });
    expect(a.warnings).toEqual([]);
  });

  it("repeated with the same handoff, or none, is done already and makes good what is missing", async () => {
    const at = meeting();
    const a = at.agent("a");
    await finishStep(a, step, "complete", { note: "x", to: "b" });
    await a.settled();
    const [message] = Object.keys(await objects(at.store, "messages/b/"));
    await Promise.all([statusKey(step), handoffKey(step), message!].map((key) => at.store.delete(key)));

    expect(await finishStep(a, step, "complete", { note: "x", to: "b" })).toMatchObject({
      done: true,
      already: true,
    });
    await a.settled();
    expect(await at.record(statusKey(step))).toMatchObject({ status: "complete" });
    expect(await at.record(handoffKey(step))).toMatchObject({ note: "x" });
    expect(Object.keys(await objects(at.store, "messages/b/"))).toEqual([message]);
    expect(await finishStep(a, step, "complete", {})).toMatchObject({ done: true, already: true });
    expect((await at.claim(step)).n).toBe(1);
  });

  it("makes good a handoff.json that alone is missing", async () => {
    const at = meeting();
    const a = at.agent("a");
    await finishStep(a, step, "complete", { note: "x" });
    await a.settled();
    await at.store.delete(handoffKey(step));
    await finishStep(a, step, "complete", {});
    await a.settled();
    expect(await at.record(handoffKey(step))).toMatchObject({ note: "x", n: 1 });
  });

  it("repeated with another handoff is refused", async () => {
    const at = meeting();
    await finishStep(at.agent("a"), step, "complete", { note: "x" });
    const result = await finishStep(at.agent("a"), step, "complete", { note: "y" });
    expect(result).toMatchObject({ done: false, why: "other_handoff" });
    expect((await at.claim(step)).handoff?.note).toBe("x");
  });

  it("is told the truth when the reply is lost, and writes one entry", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, { ttlS });
    at.store.onPut(claimKey(step), "reply lost");
    expect(await finishStep(a, step, "complete", { note: "x" })).toMatchObject({
      done: true,
      already: false,
    });
    expect((await at.claim(step)).log).toHaveLength(2);
  });

  it("is told done of a complete that is in, although it was reopened before that could be learned", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, { ttlS });
    at.store.onPut(claimKey(step), { overtakenBy: () => reopenStep(at.agent("b"), step) });
    expect(await finishStep(a, step, "complete", {})).toMatchObject({
      done: true,
      claim: { state: "complete" },
    });
    expect((await at.claim(step)).state).toBe("released");
  });

  it("is told that it is unknown when nobody can tell", async () => {
    const at = meeting();
    const a = at.agent("a");
    await claimStep(a, step, { ttlS });
    at.store.onPut(claimKey(step), ...Array.from({ length: 200 }, () => "lost" as const));
    await expect(finishStep(a, step, "complete", {})).rejects.toMatchObject({
      code: "outcome_unknown",
      message: 'Cannot complete "design": outcome unknown after 10s',
    });
  });
});

describe("reopenStep()", () => {
  it("releases a finished step for anybody; the term and the handoff stay", async () => {
    const at = meeting();
    await finishStep(at.agent("a"), step, "complete", { note: "x" });
    const b = at.agent("b");
    expect(await reopenStep(b, step)).toMatchObject({
      done: true,
      already: false,
      was: { state: "complete", agent: "a" },
    });
    await b.settled();
    expect(await at.claim(step)).toMatchObject({
      state: "released",
      agent: null,
      term: 1,
      n: 2,
      handoff: { note: "x", n: 1 },
    });
    expect(await at.record(statusKey(step))).toMatchObject({ status: "pending", agent: null, n: 2 });
    expect(await at.events()).toContainEqual(
      expect.objectContaining({ kind: "transition", reopened: true, n: 2, agent: "b" }),
    );
  });

  it("is done already on a released step, refused on a held one and on none", async () => {
    const at = meeting();
    const a = at.agent("a");
    expect(await reopenStep(a, step)).toMatchObject({ done: false, why: "absent" });
    await claimStep(a, step, { ttlS });
    expect(await reopenStep(a, step)).toMatchObject({ done: false, why: "held", view: { agent: "a" } });
    await releaseStep(a, step);
    expect(await reopenStep(a, step)).toMatchObject({ done: true, already: true });
  });
});
