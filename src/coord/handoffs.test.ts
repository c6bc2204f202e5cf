import { describe, expect, it } from "vitest";
import { objects } from "../../test/project.ts";
import { meeting } from "../../test/two-agents.ts";
import { parseMessageKey } from "../format/keys.ts";
import { finishStep, reopenStep } from "./finish.ts";
import { claimStep } from "./claims.ts";
import { handoffOf, sameWords, tellNext } from "./handoffs.ts";

const step = "design";
const time = "2026-11-22T14:05:00.000+00:00";

describe("handoffOf()", () => {
  it("has next_agent, next_action and note even where nothing was said", () => {
    const a = meeting().agent("a");
    expect(handoffOf(a, step, "complete", {}, time)).toEqual({
      schema: 3,
      from_agent: "a",
      from_step: step,
      next_agent: null,
      next_action: null,
      note: "",
      state: "complete",
      created_at: time,
    });
  });

  it("has changed_files only where asked for, and their number where the list was cut", () => {
    const a = meeting().agent("a");
    expect(handoffOf(a, step, "complete", { changedFiles: [] }, time)).toMatchObject({
      changed_files: [],
      changed_files_count: 0,
    });
    const cut = { changedFiles: ["x"], changedFilesCount: 2_000 };
    expect(handoffOf(a, step, "complete", cut, time)).toMatchObject({
      changed_files: ["x"],
      changed_files_count: 2_000,
    });
  });
});

describe("sameWords()", () => {
  const found = handoffOf(
    meeting().agent("a"),
    step,
    "complete",
    { note: "n", to: "b", nextAction: "go", changedFiles: ["x"] },
    time,
  );

  it("takes what is left out for the same", () => {
    expect(sameWords(found, {})).toBe(true);
    expect(sameWords(found, { note: "n", to: "b", nextAction: "go", changedFiles: ["x"] })).toBe(true);
    expect(sameWords(undefined, { note: "" })).toBe(true);
  });

  it.each([
    { note: "m" },
    { note: "" },
    { to: "c" },
    { nextAction: "stop" },
    { changedFiles: [] },
    { changedFiles: ["y"] },
  ])("sees the difference in %j", (words) => {
    expect(sameWords(found, words)).toBe(false);
  });
});

describe("the message of a handoff", () => {
  it("lies in the next agent's mail under a key from the entry in the log", async () => {
    const at = meeting();
    const a = at.agent("a");
    await finishStep(a, step, "complete", { note: "see docs", to: "b", nextAction: "build it" });
    await a.settled();
    const [[key, text]] = Object.entries(await objects(at.store, "messages/")) as [[string, string]];
    const { nonce, at: entryAt } = (await at.claim(step)).log![0]!;
    expect(parseMessageKey(key)).toEqual({
      to: "b",
      by: "a",
      id: nonce.slice(0, 8),
      ns: BigInt(Date.parse(entryAt)) * 1_000_000n,
    });
    expect(JSON.parse(text)).toMatchObject({
      from: "a",
      to: "b",
      subject: "handoff of design",
      message: "Step design is complete and handed off to you: see docs\nnext action: build it",
    });
  });

  it("is the same one however often its command is repeated, from whatever machine", async () => {
    const at = meeting();
    for (const agent of [at.agent("a"), at.agent("a"), at.agent("a")]) {
      await finishStep(agent, step, "complete", { note: "x", to: "b" });
      at.pass(100);
      await agent.settled();
    }
    expect(Object.keys(await objects(at.store, "messages/b/"))).toHaveLength(1);
  });

  it("is sent again until it is in, and warned of where it never is", async () => {
    const at = meeting();
    const a = at.agent("a");
    await finishStep(a, step, "complete", { to: "b" });
    await a.settled();
    const [key] = Object.keys(await objects(at.store, "messages/b/"));
    await at.store.delete(key!);
    at.store.onPut(key!, "lost", "lost");
    tellNext(a, step, await at.claim(step));
    await a.settled();
    expect(Object.keys(await objects(at.store, "messages/b/"))).toEqual([key]);
    expect(a.warnings).toEqual([]);

    await at.store.delete(key!);
    at.store.onPut(key!, ...Array.from({ length: 300 }, () => "lost" as const));
    tellNext(a, step, await at.claim(step));
    await a.settled();
    expect(a.warnings).toEqual([`the message to b: Cannot write "${key}": lost`]);
  });

  it("is not sent where nobody is named, nor for a handoff whose entry the log has lost", async () => {
    const at = meeting();
    const a = at.agent("a");
    await finishStep(a, step, "complete", { note: "x" });
    const claim = await at.claim(step);
    tellNext(a, step, { ...claim, handoff: { ...claim.handoff!, next_agent: "b", n: 77 } });
    await a.settled();
    expect(await objects(at.store, "messages/")).toEqual({});
  });

  it("is a new one for each term's handoff", async () => {
    const at = meeting();
    const a = at.agent("a");
    await finishStep(a, step, "complete", { to: "b" });
    await reopenStep(a, step);
    await claimStep(a, step, {});
    await finishStep(a, step, "complete", { to: "b" });
    await a.settled();
    expect(Object.keys(await objects(at.store, "messages/b/"))).toHaveLength(2);
  });
});
