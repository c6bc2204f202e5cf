import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ack } from "../src/commands/ack.ts";
import { claim } from "../src/commands/claim.ts";
import type { Command } from "../src/commands/command.ts";
import { complete } from "../src/commands/complete.ts";
import { handoff } from "../src/commands/handoff.ts";
import { inbox } from "../src/commands/inbox.ts";
import { memoryDelete } from "../src/commands/memory-delete.ts";
import { memorySet } from "../src/commands/memory-set.ts";
import { release } from "../src/commands/release.ts";
import { renew } from "../src/commands/renew.ts";
import { reopen } from "../src/commands/reopen.ts";
import { send } from "../src/commands/send.ts";
import { steps } from "../src/commands/steps.ts";
import { registerAgent } from "../src/coord/agents.ts";
import { readStep, viewOf } from "../src/coord/steps.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { fromIsoFormat, oldClient, oldTime } from "./format1-client.ts";
import { answer, objects, storyTime, testProject, type TestClock, type TestProject } from "./project.ts";

/** Something that one of two agents does to one of two steps, with our program. */
interface Act {
  readonly by: 0 | 1;
  readonly step: "design" | "S1.A";
  readonly what: string;
  readonly waitS: number;
}

const acts: Readonly<Record<string, (step: string) => [Command<any, any>, Record<string, any>]>> = {
  claim: (step) => [claim, { step, ttl: "60m" }],
  "claim for 30s": (step) => [claim, { step, ttl: "30s" }],
  renew: (step) => [renew, { step }],
  release: (step) => [release, { step }],
  complete: (step) => [complete, { step, note: "naïve → “done”", to: "api-2", nextAction: "test it" }],
  block: (step) => [complete, { step, blocked: true, note: "needs a key" }],
  "needs review": (step) => [complete, { step, needsReview: true }],
  force: (step) => [complete, { step, force: true }],
  reopen: (step) => [reopen, { step }],
  send: () => [send, { to: "api-2", text: "a → b", subject: "s", thread: "t", urgent: true, ack: true }],
  broadcast: () => [send, { to: "_broadcast", text: "for all" }],
  set: (step) => [memorySet, { key: `k.${step.toLowerCase().replace(".", "-")}`, value: "wert → 🚀" }],
  "set JSON": () => [memorySet, { key: "k.json", value: '{"a":[1,null]}', jsonValue: true }],
  delete: () => [memoryDelete, { key: "k.json" }],
  inbox: () => [inbox, {}],
  ack: () => [ack, { ids: ["0"] }],
};

const plays = fc.array(
  fc.record<Act>({
    by: fc.constantFrom(0, 1),
    step: fc.constantFrom("design", "S1.A"),
    what: fc.constantFrom(...Object.keys(acts)),
    waitS: fc.constantFrom(0, 1, 40, 4000),
  }),
  { minLength: 4, maxLength: 14 },
);

const times: string[] = [];

it(
  "in every state that we bring a step into, the published tool tells of it what we tell",
  { timeout: 60_000 },
  async () => {
    const states = new Set<string>();
    await fc.assert(
      fc.asyncProperty(plays, async (play) => {
        const clock: TestClock = { now: storyTime };
        const store = memoryStore(() => clock.now);
        const agents = ["web-1", "api-2"].map((agent) => testProject({ store, clock, agent }));
        for (const { by, step, what, waitS } of play) {
          clock.now += waitS * 1000;
          const [command, args] = acts[what]!(step);
          await answer(command, agents[by]!, args);
          for (const name of ["design", "S1.A"]) states.add(await agreesOnStep(agents[1 - by]!, store, name));
        }
        for (const agent of agents) expect(agent.warnings).toEqual([]);
        await agreesOnTheRest(store, clock, agents);
        times.push(...(await timesIn(store)));
      }),
      { numRuns: 120 },
    );
    expect(states).toEqual(
      new Set(["none", ..."in_progress in_progress+ complete blocked needs_review pending".split(" ")]),
    );
  },
);

/** What the published tool reads of a step, against what we say; the state, with a + for a term above 1. */
async function agreesOnStep(project: TestProject, store: Store, name: string): Promise<string> {
  const id = name.toLowerCase().replace(".", "-");
  const view = viewOf(project, await readStep(project, id));
  const old = oldClient(store, "observer", () => project.clock.now);
  const agent = view.agent === null ? "" : ` (agent: ${view.agent})`;
  expect(await old.stepStatus(name)).toBe(`${name}: ${view.state}${agent}`);
  const waits = { complete: "complete", blocked: "blocked", needs_review: "needs review" } as Record<
    string,
    string
  >;
  expect(await old.waitFor(name)).toBe(waits[view.state] ?? "waiting");

  const handed = await old.handoff(name);
  expect(handed === undefined).toBe(view.handoff === undefined);
  if (handed && view.handoff) {
    expect(handed.note).toBe(view.handoff.note);
    expect(handed.next_agent).toBe(view.handoff.next_agent);
  }
  const claimed = (await objects(store, `steps/${id}/`))[`steps/${id}/claim.json`];
  if (claimed === undefined) return "none";
  // Whatever its state, a step of ours is not taken by the published tool.
  expect(await old.claim(name)).toBe(`Error: Step ${name} already claimed by ${view.agent}`);
  const firstTerm = view.state === "in_progress" && view.term === 1;
  const projected = `steps/${id}/status.json` in (await objects(store, `steps/${id}/`));
  expect(projected).toBe(!firstTerm);
  return view.state === "in_progress" && view.term! > 1 ? "in_progress+" : view.state;
}

async function agreesOnTheRest(
  store: Store,
  clock: TestClock,
  agents: readonly TestProject[],
): Promise<void> {
  for (const project of agents) {
    const old = oldClient(store, project.agent, () => clock.now);
    const theirs = await old.inbox();
    const ours = await answer(inbox, project, { all: true });
    for (const line of theirs) expect(ours.replaceAll("\n    ", "\n")).toContain(line);
    const listed = (await old.memoryList()).toSorted();
    for (const key of listed) expect(await old.memoryGet(key)).not.toBeUndefined();
    for (const agent of await old.agents()) expect(["web-1", "api-2"]).toContain(agent.id);
  }
}

it("whatever both programs do to a step in turn, ours ends with a documented status and reads every record", async () => {
  const statuses = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(plays, fc.constantFrom("claim", "complete", "block", "force"))),
      async (turns) => {
        const clock: TestClock = { now: storyTime };
        const store = memoryStore(() => clock.now);
        const agents = ["web-1", "api-2"].map((agent) => testProject({ store, clock, agent }));
        for (const [play, theirs] of turns.slice(0, 6)) {
          for (const { by, step, what, waitS } of play.slice(0, 3)) {
            clock.now += waitS * 1000 + 1;
            const [command, args] = acts[what]!(step);
            statuses.add(/# (\d+)$/.exec(await answer(command, agents[by]!, args))![1]!);
          }
          const { by, step } = play.at(-1)!;
          clock.now += 1;
          const old = oldClient(store, ["web-1", "api-2"][by]!, () => clock.now);
          if (theirs === "claim") await old.claim(step);
          else
            await old.complete(step, {
              force: theirs === "force",
              state: theirs === "block" ? "blocked" : "complete",
            });
        }
        for (const agent of agents)
          expect(agent.warnings.filter((text) => !text.includes(" is lost:"))).toEqual([]);
        expect(await answer(steps, agents[0]!)).not.toContain("malformed");
        for (const name of ["design", "S1.A"]) {
          expect(await answer(handoff, agents[0]!, { step: name })).toMatch(/# [05]$/);
        }
      },
    ),
    { numRuns: 60 },
  );
  expect([...statuses].filter((status) => !["0", "2", "3", "5", "6"].includes(status))).toEqual([]);
});

/** Every time in every record, by the name of its field. */
async function timesIn(store: Store): Promise<string[]> {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [field, inner] of Object.entries(value)) {
      if (/(?:_at|^at|^heartbeat|^mark)$/.test(field) && inner !== null) found.push(inner);
      walk(inner);
    }
  };
  for (const body of Object.values(await objects(store))) walk(JSON.parse(body));
  return found;
}

it("every time that we write is read by Python's datetime.fromisoformat, of 3.10 and of this machine", async () => {
  const project = testProject();
  await registerAgent(project, { summary: "here" });
  await project.settled();
  const written = [...new Set([...times, ...(await timesIn(project.store))])];
  expect(written.length).toBeGreaterThan(50);
  const model = written.map((time) => fromIsoFormat(time));
  expect(model).toEqual(written.map((time) => Date.parse(time)));

  if (spawnSync("python3", ["--version"]).status !== 0) return;
  const program =
    "import sys, json\nfrom datetime import datetime\n" +
    "print(json.dumps([round(datetime.fromisoformat(t).timestamp() * 1000) for t in json.load(sys.stdin)]))";
  const read = execFileSync("python3", ["-c", program], { input: JSON.stringify(written), encoding: "utf8" });
  expect(JSON.parse(read)).toEqual(model);
});

it("the model of Python refuses what Python 3.10 refuses", () => {
  expect(fromIsoFormat("2026-11-22T14:05:00.000+00:00")).toBe(storyTime);
  expect(fromIsoFormat(oldTime(storyTime))).toBe(storyTime);
  for (const bad of [
    "2026-11-22T14:05:00.000Z",
    "2026-11-22T14:05:00.1+00:00",
    "20261122T140500+00:00",
    "2026-11-22",
  ])
    expect(() => fromIsoFormat(bad), bad).toThrow(/ValueError|TypeError/);
});
