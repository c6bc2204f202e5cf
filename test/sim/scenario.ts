import type { FinishState } from "../../src/coord/finish.ts";
import { advance, type ClaimRecord } from "../../src/coord/claim-record.ts";
import { notSet } from "../../src/coord/memory.ts";
import { claimKey } from "../../src/format/keys.ts";
import { broadcast } from "../../src/format/names.ts";
import { formatTime, logLimit, writeRecord } from "../../src/format/records.ts";
import type { Act } from "./acts.ts";
import { formatOneActs } from "./format-one.ts";
import { newActor, newMachine, newSim, type Actor, type Sim } from "./sim.ts";

/** What a history is mostly about; the rest is in it too, but less. */
export type Theme = "claims" | "memory" | "mail" | "format1" | "long log";

export interface Scenario {
  readonly sim: Sim;
  readonly theme: Theme;
  readonly steps: readonly string[];
  /** The step that a client of format 1 works on, too. */
  readonly legacyStep: string | undefined;
  /** How many commands each actor runs, and the longest it thinks between them, in ms. */
  readonly acts: number;
  readonly thinkMs: number;
  /** What an actor does next. */
  choose(actor: Actor): Act;
}

const themes: Readonly<Record<Theme, number>> = {
  claims: 56,
  memory: 12,
  mail: 16,
  format1: 10,
  "long log": 6,
};
const weights: Readonly<Record<Theme, Readonly<Record<string, number>>>> = {
  claims: {
    claim: 36,
    finish: 30,
    release: 8,
    reopen: 5,
    renew: 6,
    read: 8,
    wait: 3,
    send: 1,
    set: 1,
    reserve: 5,
    unreserve: 3,
    look: 1,
    handoff: 1,
  },
  "long log": { claim: 40, finish: 25, release: 15, reopen: 12, read: 3 },
  memory: { set: 45, get: 25, unset: 12, claim: 4 },
  mail: { send: 36, inbox: 44, ack: 8, claim: 6, finish: 14 },
  format1: { claim: 24, finish: 22, release: 6, reopen: 4, renew: 8, read: 10, wait: 3 },
};
/** Some have a path in common. */
const paths = ["src/**", "src/api/*", "docs/a.md"];
/** Of our clients. Where a client of format 1 takes part, one more actor is of its kind. */
const mostActors = 4;
const mailThinkMs = 300_000;

export function scenario(seed: number, keepLines: boolean): Scenario {
  const theme = themeOf(seed);
  const sim = newSim(seed, keepLines, { visibleLateMs: theme === "mail" && seed % 3 === 0 ? 500_000 : 0 });
  const { dice } = sim;
  const machines = [newMachine(sim), newMachine(sim), newMachine(sim)];
  const count = dice.between(2, mostActors);
  for (let at = 0; at < count; at++) {
    // Some agents have two sessions, on one machine or on two, and some sessions run two commands at once.
    const again = at > 0 && dice.chance(0.3);
    const agent = again ? sim.actors.at(-1)!.agent : "abcd"[at]!;
    newActor(
      sim,
      `${agent}${at + 1}`,
      agent,
      again && dice.chance(0.4) ? sim.actors.at(-1)!.machine : dice.pick(machines),
    );
  }
  const legacyStep = theme === "format1" ? "old" : undefined;
  if (legacyStep) newActor(sim, "old", dice.chance(0.5) ? sim.actors[0]!.agent : "o", machines[0]!);
  const steps = legacyStep ? [legacyStep] : dice.chance(0.75) ? ["one"] : ["one", "two"];
  if (theme === "long log") plantLongLog(sim, steps[0]!);
  return {
    sim,
    theme,
    steps,
    legacyStep,
    acts: theme === "claims" ? dice.between(3, 6) : dice.between(3, 5),
    thinkMs: theme === "mail" ? mailThinkMs : dice.pick([100, 5_000, 30_000, 90_000]),
    choose: (actor) => (actor.name === "old" ? formatOneActs(sim, "old") : nextAct(sim, actor, theme, steps)),
  };
}

/** From the seed alone, by a share of every hundred. */
function themeOf(seed: number): Theme {
  let left = (seed * 37) % 100;
  for (const [theme, share] of Object.entries(themes) as [Theme, number][])
    if ((left -= share) < 0) return theme;
  return "claims";
}

function nextAct(sim: Sim, actor: Actor, theme: Theme, steps: readonly string[]): Act {
  const { dice } = sim;
  // Whoever was not told how it went asks again, with the same words.
  const last = sim.calls.findLast((call) => call.actor === actor && call.ended !== undefined);
  if (last && (last.error || last.died) && dice.chance(0.5)) return last.act;

  const step = dice.pick(steps);
  const key = dice.chance(0.7) ? "plan" : "api.port";
  const kind = dice.weighted(weights[theme]);
  switch (kind) {
    case "finish":
      return finish(sim, step);
    case "claim":
      return { kind, step, ttlS: dice.pick([20, 40, 60]), mine: dice.chance(0.12) };
    case "wait":
      return { kind, step, timeoutS: dice.pick([0, 10, 60]) };
    case "set":
      return { kind, key, value: `value ${sim.calls.length}`, ifRevision: expected(sim, actor, key) };
    case "unset":
    case "get":
      return { kind, key };
    case "send": {
      const to = dice.chance(0.3) ? broadcast : dice.pick(sim.actors).agent;
      return { kind, to, text: `text ${sim.calls.length}` };
    }
    case "inbox":
      return { kind, most: dice.chance(0.3) ? 1 : 20, remove: dice.chance(0.25) };
    case "ack":
      return { kind };
    case "reserve":
      return { kind, pattern: dice.pick(paths), shared: dice.chance(0.3), ttlS: dice.pick([20, 60, 600]) };
    case "unreserve":
      return { kind, pattern: dice.pick(paths) };
    case "look":
      return { kind, what: dice.pick(["board", "memory", "reservations"] as const) };
    default:
      return { kind: kind as "release" | "reopen" | "renew" | "read" | "handoff", step };
  }
}

function finish(sim: Sim, step: string): Act {
  const { dice } = sim;
  const state = dice.weighted<FinishState>({ complete: 70, blocked: 15, needs_review: 15 });
  const words = dice.chance(0.15)
    ? {}
    : { note: `note ${sim.calls.length}`, ...(dice.chance(0.4) && { to: dice.pick(sim.actors).agent }) };
  return { kind: "finish", step, state, words, force: dice.chance(0.15) };
}

/** A revision that this actor saw, or that the key is not set, or none. */
function expected(sim: Sim, actor: Actor, key: string): string | undefined {
  if (sim.dice.chance(0.5)) return undefined;
  const seen = sim.calls.findLast(
    (call) => call.actor === actor && call.told?.kind === "get" && "key" in call.act && call.act.key === key,
  )?.told;
  return seen?.kind === "get" && seen.found ? seen.found.revision : notSet;
}

/** A step with a log that is nearly, or quite, full. */
function plantLongLog(sim: Sim, step: string): void {
  const entries = logLimit - sim.dice.below(4);
  let claim: ClaimRecord | undefined;
  for (let n = 1; n <= entries; n++) {
    const released = n % 2 === 0 || n === entries;
    claim = advance(claim, {
      state: released ? "released" : "in_progress",
      agent: released ? null : "z",
      session: released ? null : "earlier",
      term: Math.ceil(n / 2),
      at: formatTime(sim.time.now - 3_600_000),
      nonce: sim.dice.hex(16),
      ttlS: 60,
    });
  }
  sim.bucket.put(
    claimKey(step),
    writeRecord(claimKey(step), claim!),
    "nothing",
    -1,
    sim.time.now - 3_600_000,
  );
}
