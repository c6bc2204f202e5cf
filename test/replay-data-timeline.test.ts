import fc from "fast-check";
import { expect, test } from "vitest";
import { claimStep } from "../src/coord/claims.ts";
import { finishStep, releaseStep, reopenStep } from "../src/coord/finish.ts";
import { lookIntoMail } from "../src/coord/mail-folders.ts";
import { markRead } from "../src/coord/mailbox.ts";
import { setMemory } from "../src/coord/memory.ts";
import { sendMessage } from "../src/coord/send.ts";
import { leasesOf } from "../src/replay/leases.ts";
import { lettersOf } from "../src/replay/letters.ts";
import type { Moment } from "../src/replay/page.ts";
import { readRecords, type Records } from "../src/replay/read.ts";
import { checkpointsOf, stateAt, stateAtSeq, unreadOf } from "../src/replay/state.ts";
import { timelineOf } from "../src/replay/timeline.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { storyTime, testProject, type TestProject } from "./project.ts";
import * as reference from "./replay-reference.ts";

const agents = ["web-1", "api-2", "test-3"];
const steps = ["design", "build"];
const acts = [
  "claim",
  "complete",
  "block",
  "release",
  "reopen",
  "send",
  "broadcast",
  "read",
  "set",
  "wait",
] as const;

interface Deed {
  readonly who: number;
  readonly act: (typeof acts)[number];
  readonly step: string;
  readonly afterMs: number;
}

const deed: fc.Arbitrary<Deed> = fc.record({
  who: fc.nat(agents.length - 1),
  act: fc.constantFrom(...acts),
  step: fc.constantFrom(...steps),
  afterMs: fc.constantFrom(3, 700, 20_000, 70_000),
});
const skew = fc.constantFrom(-600_000, -4_000, 0, 4_000, 600_000);

const without = <T>(answer: T): T =>
  typeof answer === "object" && answer !== null && "storeNow" in answer
    ? { ...answer, storeNow: undefined }
    : answer;

/** A store that does not tell its time, so that nobody learns how wrong their clock is. */
function untold(store: Store): Store {
  return {
    ...store,
    get: (async (...args: Parameters<Store["get"]>) => without(await store.get(...args))) as Store["get"],
    put: async (...args) => without(await store.put(...args)),
    list: (...args) => store.list(...args),
  };
}

async function act(project: TestProject, { act: what, step, who }: Deed, n: number): Promise<void> {
  const done = async (): Promise<unknown> => {
    switch (what) {
      case "claim":
        return claimStep(project, step, { ttlS: 60 });
      case "complete":
        return finishStep(project, step, "complete", {
          note: `note ${n}`,
          to: agents[(who + 1) % agents.length]!,
        });
      case "block":
        return finishStep(project, step, "blocked", {});
      case "release":
        return releaseStep(project, step);
      case "reopen":
        return reopenStep(project, step);
      case "send":
        return sendMessage(project, { to: agents[(who + 1) % agents.length]!, message: `letter ${n}` });
      case "broadcast":
        return sendMessage(project, { to: "_broadcast", message: `all ${n}` });
      case "read": {
        const mailbox = await lookIntoMail(project, { whole: true });
        return markRead(
          project,
          mailbox,
          mailbox.letters.map(({ key }) => key),
        );
      }
      case "set":
        return setMemory(project, `key.${step}`, `value ${n}`);
      default:
        return undefined;
    }
  };
  await done();
  await project.settled();
}

async function recordsOf(
  deeds: readonly Deed[],
  skews: readonly number[],
  measured: boolean,
): Promise<Records> {
  const clock = { now: storyTime };
  const kept = memoryStore(() => clock.now);
  const store = measured ? kept : untold(kept);
  const projects = agents.map((agent, n) => testProject({ store, clock, agent, skewMs: skews[n]! }));
  for (const [n, one] of deeds.entries()) {
    clock.now += one.afterMs;
    await act(projects[one.who]!, one, n);
  }
  return readRecords(projects[0]!);
}

const laneOf = (name: string) => agents.indexOf(name);

/** Happenings as moments, with a lane for each agent. */
function momentsOf(records: Records): Moment[] {
  return timelineOf(records, storyTime + 86_400_000).happenings.map((happening, seq) => {
    const { agent, to, holder, ids, ...rest } = happening;
    return {
      ...rest,
      seq,
      lane: laneOf(agent),
      ...(ids && { ids }),
      ...(to !== undefined && { to: to === "" ? -1 : laneOf(to) }),
      ...(holder !== undefined && { holder: laneOf(holder) }),
    };
  });
}

const told = (records: Records) =>
  momentsOf(records).map(({ kind, id, at, lane, step }) => [kind, id, at, lane, step]);

const stories = [
  fc.array(deed, { minLength: 5, maxLength: 40 }),
  fc.tuple(skew, skew, skew),
  fc.boolean(),
] as const;

test("no effect stands before its cause, whatever the clocks of three agents say, measured or not", async () => {
  await fc.assert(
    fc.asyncProperty(...stories, async (deeds, skews, measured) => {
      expect(reference.wrongOrders(momentsOf(await recordsOf(deeds, skews, measured)))).toEqual([]);
    }),
    { numRuns: 150 },
  );
}, 60_000);

/** As writers leave them who had measured nothing. */
function unmeasured(records: Records): Records {
  const journal = records.journal.map((one) => ({
    ...one,
    event: { ...one.event, at: one.event.client_at, clock_offset_ms: 0 },
  }));
  return { ...records, journal };
}

test("a take-over by a clock that runs 14 s behind stands after the lapse that allowed it", async () => {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const [first, second] = [0, -14_000].map((skewMs, n) =>
    testProject({ store, clock, agent: agents[n]!, skewMs }),
  );
  await claimStep(first!, steps[0]!, { ttlS: 60 });
  clock.now += 63_000;
  await claimStep(second!, steps[0]!, { ttlS: 60 });
  await Promise.all([first!.settled(), second!.settled()]);
  const moments = momentsOf(unmeasured(await readRecords(first!)));
  expect(moments.map(({ kind, lane }) => `${kind} ${lane}`).slice(-4, -1)).toEqual([
    "claim 0",
    "lapse 0",
    "claim 1",
  ]);
  expect(reference.wrongOrders(moments)).toEqual([]);
});

test("the order is the same, in whatever order the records were read", async () => {
  await fc.assert(
    fc.asyncProperty(...stories, async (deeds, skews, measured) => {
      const records = await recordsOf(deeds, skews, measured);
      const turned = { ...records, journal: records.journal.toReversed(), mail: records.mail.toReversed() };
      expect(told(turned)).toEqual(told(records));
    }),
    { numRuns: 40 },
  );
}, 60_000);

test("the state after any moment, leases and letters are what a plain recount says", async () => {
  await fc.assert(
    fc.asyncProperty(...stories, async (deeds, skews, measured) => {
      const moments = momentsOf(await recordsOf(deeds, skews, measured));
      for (const [place, { seq }] of moments.entries()) {
        const before = moments.slice(0, place + 1);
        const state = stateAtSeq(moments, seq);
        for (const step of steps) {
          const found = state.steps.get(step);
          const held = found?.state === "held" || found?.state === "lapsed";
          const mine = held
            ? { lane: found.lane, term: found.term, lapsed: found.state === "lapsed" }
            : undefined;
          expect(mine).toEqual(reference.holdingOf(before, step));
          const value = state.memory.get(`key.${step}`);
          expect(value && { text: value.text, deleted: value.deleted }).toEqual(
            reference.valueOf(before, `key.${step}`),
          );
        }
        for (const lane of agents.keys())
          expect(unreadOf(state, lane).map(({ id }) => id)).toEqual(reference.unreadOf(before, lane));
      }
      const open = leasesOf(moments)
        .filter(({ end }) => end === "held" || end === "lapse")
        .filter(({ step, term }) => reference.holdingOf(moments, step)?.term === term);
      const holders = steps.flatMap((step) => reference.holdingOf(moments, step) ?? []);
      expect(open.map(({ lane }) => lane).toSorted()).toEqual(holders.map(({ lane }) => lane).toSorted());
      for (const letter of lettersOf(moments))
        for (const lane of agents.keys()) {
          const could = letter.to === lane || (letter.to === -1 && letter.from !== lane);
          const unread = reference.unreadOf(moments, lane).includes(letter.id);
          expect(letter.reads.some((reading) => reading.lane === lane)).toBe(could && !unread);
        }
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("the state at 1,000 random times of 5,000 moments is the one from their beginning, by way of checkpoints", async () => {
  const deeds = fc.sample(deed, { numRuns: 60, seed: 7 });
  const once = momentsOf(await recordsOf(deeds, [0, 0, 0], true));
  const span = once.at(-1)!.at - once[0]!.at + 1;
  const moments = Array.from({ length: Math.ceil(5_000 / once.length) }, (_, round) =>
    once.map((moment) => ({
      ...moment,
      seq: moment.seq + round * once.length,
      at: moment.at + round * span,
      ...(moment.term !== undefined && { term: moment.term + round * 100 }),
      ...(moment.id !== undefined && { id: `${moment.id}-${round}` }),
      ...(moment.ids && { ids: moment.ids.map((id) => `${id}-${round}`) }),
    })),
  ).flat();
  const checkpoints = checkpointsOf(moments);
  expect(checkpoints).toHaveLength(Math.floor((moments.length - 1) / 1_024));
  const [from, to] = [moments[0]!.at, moments.at(-1)!.at];
  for (const t of fc.sample(fc.integer({ min: from - 10, max: to + 10 }), { numRuns: 1_000, seed: 3 }))
    expect(stateAt(moments, t, checkpoints)).toEqual(stateAt(moments, t));
}, 60_000);

test("a claim that another session of the same agent held is told as one by force; a renewal and a take-over are not", async () => {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const first = testProject({ store, clock, agent: agents[0]!, session: { id: "one" } });
  const second = testProject({ store, clock, agent: agents[0]!, session: { id: "two" } });
  const other = testProject({ store, clock, agent: agents[1]! });
  const step = async (deeds: () => Promise<unknown>, afterMs: number) => {
    await deeds();
    await Promise.all([first, second, other].map((project) => project.settled()));
    clock.now += afterMs;
  };
  await step(() => claimStep(first, steps[0]!, { ttlS: 60 }), 20_000);
  await step(() => claimStep(second, steps[0]!, { ttlS: 60, takeOver: true }), 20_000);
  await step(() => claimStep(second, steps[0]!, { ttlS: 60 }), 90_000);
  await step(() => claimStep(other, steps[0]!, { ttlS: 60 }), 0);
  const found = momentsOf(await readRecords(first)).filter(
    ({ kind }) => kind === "claim" || kind === "renew",
  );
  expect(
    found.map(({ kind, lane, term, forcedFrom, takenFrom }) => [kind, lane, term, forcedFrom, takenFrom]),
  ).toEqual([
    ["claim", 0, 1, undefined, undefined],
    ["claim", 0, 2, 1, undefined],
    ["renew", 0, 2, undefined, undefined],
    ["claim", 1, 3, undefined, 2],
  ]);
});
