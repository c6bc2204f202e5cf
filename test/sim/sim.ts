import { memoryLocalState } from "../../src/coord/local.ts";
import type { LocalState, Session } from "../../src/coord/project.ts";
import type { Act, Told } from "./acts.ts";
import { bucket, type Bucket } from "./bucket.ts";
import { dice, type Dice } from "./dice.ts";
import { timeline, type Timeline } from "./timeline.ts";
import type { Weather } from "./weather.ts";

/** A computer: one wall clock, which is wrong, one boot, and the state that the program keeps there. */
export interface Machine {
  skewMs: number;
  bootedAt: number;
  boots: number;
  local: LocalState;
}

/** One session of one agent, for the whole history. Its harness may rename it. */
export interface Actor {
  readonly name: string;
  readonly agent: string;
  readonly machine: Machine;
  session: Session;
}

/** One command that an actor ran: what was asked, when, and what it was told. */
export interface Call {
  readonly id: number;
  readonly actor: Actor;
  readonly act: Act;
  /** Whether nothing could go wrong when it began: then nothing may. */
  readonly fair: boolean;
  readonly invoked: number;
  /** Undefined where nobody was told anything: the process died. */
  returned: number | undefined;
  told: Told | undefined;
  error: Error | undefined;
  /** What the program knew in the end, even if it died before it could say so. */
  learned: Told | undefined;
  /** When its process ended, by itself or not. */
  ended: number | undefined;
  died: boolean;
  readonly warnings: string[];
  readonly shown: Shown[];
  /** When the mark over what it showed was known to be recorded. */
  marked: number | undefined;
}

export interface Shown {
  readonly key: string;
  readonly stamp: number;
}

/** One history while it runs, and all that is to be checked of it afterwards. */
export interface Sim {
  readonly seed: number;
  readonly time: Timeline;
  readonly dice: Dice;
  readonly bucket: Bucket;
  weather: Weather;
  /** How much later than its time a message may be listed, in ms. */
  readonly visibleLateMs: number;
  readonly deadlineMs: number;
  readonly actors: Actor[];
  readonly calls: Call[];
  /** Every session id that there was, and whose. */
  readonly sessions: Map<string, string>;
  /** Processes that run, so that a machine that stops takes them along. */
  readonly running: Set<{ readonly machine: Machine; die(why: string): void }>;
}

/** The agent that looks at everything when all is quiet. Nobody writes to it. */
export const auditor = "z";
const storyTime = Date.parse("2026-11-22T14:05:00.000Z");
const skewMs = 10 * 60_000;

export function newSim(seed: number, keepLines: boolean, options: { visibleLateMs: number }): Sim {
  const random = dice(seed);
  const time = timeline(storyTime + random.below(86_400_000), keepLines);
  const rate = random.pick([0, 0.05, 0.15, 0.3]);
  return {
    seed,
    time,
    dice: random,
    bucket: bucket(time, {
      hashes: random.chance(0.6),
      tellsTime: random.chance(0.8),
      pageSize: random.chance(0.7) ? 1_000 : 2,
    }),
    weather: {
      faults: rate,
      pauses: random.pick([0, 0, 0.01, 0.04]),
      crashes: random.pick([0, 0.1, 0.3]),
    },
    visibleLateMs: options.visibleLateMs,
    deadlineMs: random.pick([10_000, 10_000, 3_000]),
    actors: [],
    calls: [],
    sessions: new Map(),
    running: new Set(),
  };
}

export function newMachine({ dice: random, time }: Sim): Machine {
  return {
    skewMs: random.chance(0.3) ? 0 : random.between(-skewMs, skewMs),
    bootedAt: time.now - random.below(10_000_000),
    boots: 0,
    local: memoryLocalState(),
  };
}

export function newActor(sim: Sim, name: string, agent: string, machine: Machine): Actor {
  const actor: Actor = {
    name,
    agent,
    machine,
    session: { id: "", earlier: [], harness: undefined, host: "host" },
  };
  renameSession(sim, actor);
  sim.actors.push(actor);
  return actor;
}

/** Gives the session another id, as a harness does after clearing or compacting it; it stays the same session. */
export function renameSession(sim: Sim, actor: Actor): void {
  const { session } = actor;
  const id = `${actor.name}.${sim.sessions.size}`;
  sim.sessions.set(id, actor.name);
  actor.session = { ...session, id, earlier: session.id === "" ? [] : [...session.earlier, session.id] };
}

/** A machine stops at once and comes up again, perhaps with its clock set anew. */
export function reboot(sim: Sim, machine: Machine): void {
  sim.time.note("machine", "reboots");
  for (const process of sim.running) if (process.machine === machine) process.die("reboot");
  machine.boots++;
  machine.bootedAt = sim.time.now;
  if (sim.dice.chance(0.5)) machine.skewMs = sim.dice.between(-skewMs, skewMs);
}
