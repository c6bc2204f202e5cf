import fc from "fast-check";
import { expect, it } from "vitest";
import { inbox } from "../src/commands/inbox.ts";
import { sendMessage } from "../src/coord/send.ts";
import { testContext, withDefaults } from "./project.ts";
import { slowWorld, type SlowWorld } from "./mail-world.ts";

// Promise 4 against the real command: a message is never lost and never removed for others by a reader. It is shown
// once, and again only when the reading process died before its mark was recorded, or two read at the same moment.

const steps = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.nat(3_000) }, { weight: 1, arbitrary: fc.nat(15 * 60_000) }),
  { minLength: 1, maxLength: 12 },
);
// Several lines, so that one reading does not hold them all, and a text that is only named unless it is the first.
const texts = fc.constantFrom("hello", "hello", "line\n".repeat(12), "x".repeat(5_000));
const senders = fc.array(
  fc.record({
    skewMs: fc.integer({ min: -600_000, max: 600_000 }),
    mail: fc.array(fc.record({ to: fc.constantFrom("me", "_broadcast", "other"), message: texts }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  { minLength: 1, maxLength: 3 },
);
const readings = fc.array(
  fc.record({
    how: fc.constantFrom("shown", "shown", "died", "unheard", "delete"),
    /** How long the text is that it may print before somebody stops it; only then is it not shown. */
    pauses: fc.nat(2),
  }),
  { maxLength: 4 },
);

interface Showing {
  readonly id: string;
  readonly from: number;
  /** When its mark was recorded; never, where the reader died. */
  readonly until: number;
}

it("never loses a message, and shows it twice only to readers that overlap or after one that died", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      steps,
      senders,
      fc.array(readings, { minLength: 1, maxLength: 2 }),
      readings,
      async (scheduler, passing, sending, mine, others) => {
        const world = slowWorld(scheduler, passing);
        const sent: { id: string; to: string }[] = [];
        const forMe: Showing[] = [];
        const forOther: Showing[] = [];
        const work = [
          ...sending.map((sender, index) => sendAll(world, `sender-${index}`, sender, sent)),
          ...mine.map((rounds) => readRounds(world, "me", rounds, forMe)),
          readRounds(world, "other", others, forOther),
        ];
        await scheduler.waitFor(Promise.all(work));
        const last = [{ how: "shown" as const, pauses: 0 }];
        await scheduler.waitFor(drain(world, "me", last, forMe));
        await scheduler.waitFor(drain(world, "other", last, forOther));

        for (const [who, showings] of [["me", forMe] as const, ["other", forOther] as const]) {
          const expected = sent.filter(({ to }) => to === who || to === "_broadcast").map(({ id }) => id);
          expect(new Set(showings.map(({ id }) => id))).toEqual(new Set(expected));
          for (const id of expected) expectOnce(showings.filter((showing) => showing.id === id));
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** A showing may be repeated only by a reading that began before this one was recorded. */
function expectOnce(showings: readonly Showing[]): void {
  for (const [index, later] of showings.entries()) {
    for (const earlier of showings.slice(0, index)) {
      const overlap = later.from < earlier.until && earlier.from < later.until;
      expect({ earlier, later, overlap }).toMatchObject({ overlap: true });
    }
  }
}

async function sendAll(
  world: SlowWorld,
  agent: string,
  { skewMs, mail }: { skewMs: number; mail: readonly { to: string; message: string }[] },
  sent: { id: string; to: string }[],
): Promise<void> {
  const project = world.process(agent, skewMs);
  for (const draft of mail) {
    const { id } = await sendMessage(project, draft);
    sent.push({ id, to: draft.to });
  }
}

interface Round {
  /** `died`: after all was printed. `unheard`: before anything was. */
  readonly how: "shown" | "died" | "unheard" | "delete";
  readonly pauses: number;
}

/** One process after another of one agent: each reads, shows what it read, and records it, or dies before that. */
async function readRounds(
  world: SlowWorld,
  agent: string,
  rounds: readonly Round[],
  showings: Showing[],
): Promise<number> {
  let shown = 0;
  for (const { how, pauses } of rounds) {
    const project = world.process(agent);
    for (let pause = 0; pause < pauses; pause++) await project.world.sleep(0);
    const from = world.calls();
    const reply = await inbox.run(testContext(project), withDefaults(inbox, { delete: how === "delete" }));
    const ids = (reply.data["messages"] as { id: string }[]).map(({ id }) => id);
    if (how === "unheard") continue;
    shown += ids.length;
    if (how === "died") {
      showings.push(...ids.map((id) => ({ id, from, until: Number.POSITIVE_INFINITY })));
      continue;
    }
    await reply.shown?.();
    showings.push(...ids.map((id) => ({ id, from, until: world.calls() })));
    await project.settled();
    expect(project.warnings).toEqual([]);
  }
  return shown;
}

/** More readings than any mail here needs. */
const mostReadings = 40;

/** Reads until nothing is left, also an hour later. */
async function drain(
  world: SlowWorld,
  agent: string,
  rounds: readonly Round[],
  showings: Showing[],
): Promise<void> {
  let count = 0;
  while ((await readRounds(world, agent, rounds, showings)) > 0) expect(++count).toBeLessThan(mostReadings);
  world.clock.now += 3_600_000;
  await readRounds(world, agent, rounds, showings);
}

it("keeps one sender's messages in their order, also within a second and when its clock is set back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer({ min: -600_000, max: 600_000 }), { minLength: 2, maxLength: 12 }),
      async (scheduler, offs) => {
        const world = slowWorld(scheduler, [0, 0, 1, 0, 0, 0, 250]);
        const project = world.process("api-2", 0);
        let off = 0;
        const wrong = { ...project, world: { ...project.world, now: () => world.clock.now + off } };
        const sending = async (): Promise<void> => {
          for (const [index, next] of offs.entries()) {
            off = next;
            await sendMessage(wrong, { to: "me", message: String(index) });
          }
        };
        await scheduler.waitFor(sending());
        const reader = world.process("me");
        const reading = inbox.run(testContext(reader), withDefaults(inbox, { all: true }));
        const reply = await scheduler.waitFor(reading);
        const order = (reply.data["messages"] as { message: string }[]).map(({ message }) => Number(message));
        expect(order).toEqual(offs.map((_, index) => index));
      },
    ),
    { numRuns: 100 },
  );
});
