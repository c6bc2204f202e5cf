import type { Act } from "./acts.ts";
import { check } from "./check.ts";
import { play } from "./play.ts";
import { scenario, type Scenario } from "./scenario.ts";
import { auditor, newActor, newMachine, renameSession, type Actor, type Sim } from "./sim.ts";
import { calm } from "./weather.ts";

/** One history, from its seed to what is wrong with it. */
export interface History {
  readonly seed: number;
  /** Lets the next thing happen; false when all has happened, the audit too. */
  step(): boolean;
  /** To be asked when `step` has said false. */
  result(): Result;
}

export interface Result {
  readonly seed: number;
  readonly theme: string;
  readonly hash: string;
  readonly calls: number;
  readonly violations: readonly string[];
  readonly lines: readonly string[];
}

/** Longer than the longest ttl, and than anything that is still on its way. */
const quietMs = 300_000;

export function startHistory(seed: number, keepLines = false): History {
  const plan = scenario(seed, keepLines);
  const { sim } = plan;
  for (const actor of sim.actors) {
    const lanes = actor.name !== "old" && sim.dice.chance(0.15) ? 2 : 1;
    for (let lane = 0; lane < lanes; lane++) live(plan, actor, Math.ceil(plan.acts / lanes));
  }
  let audited = false;
  return {
    seed,
    step() {
      if (sim.time.step()) return true;
      if (audited) return false;
      // Everybody has ended or died, and what was on its way has landed.
      audited = true;
      sim.weather = calm;
      sim.time.in(quietMs, () => playAll(sim, auditOf(plan)));
      return true;
    },
    result: () => ({
      seed,
      theme: plan.theme,
      hash: sim.time.hash,
      calls: sim.calls.length,
      violations: check(plan),
      lines: sim.time.lines,
    }),
  };
}

/** One actor's life: it thinks, acts, and so on; sometimes its session is given another name. */
function live(plan: Scenario, actor: Actor, acts: number): void {
  if (acts === 0) return;
  const { sim } = plan;
  sim.time.in(sim.dice.below(plan.thinkMs), () => {
    const busy = sim.calls.some((call) => call.actor === actor && call.ended === undefined);
    if (!busy && sim.dice.chance(0.04)) renameSession(sim, actor);
    play(sim, actor, plan.choose(actor), () => live(plan, actor, acts - 1));
  });
}

interface Turn {
  readonly actor: Actor;
  readonly act: Act;
  readonly afterMs: number;
}

function playAll(sim: Sim, [turn, ...rest]: readonly Turn[]): void {
  if (!turn) return;
  sim.time.in(turn.afterMs, () => play(sim, turn.actor, turn.act, () => playAll(sim, rest)));
}

/**
 * What everybody finds when it is quiet: each agent reads its mail on a new machine, twice, and a stranger looks at
 * every step and key and takes what may be taken.
 */
function auditOf({ sim, steps }: Scenario): Turn[] {
  const agents = new Set(sim.actors.map(({ agent }) => agent));
  const keys = new Set(sim.calls.flatMap(({ act }) => ("key" in act ? [act.key] : [])));
  const machine = newMachine(sim);
  const readers = sim.bucket.page("messages/", "").length > 0 ? [...agents] : [];
  const inboxes = readers.flatMap((agent) => {
    const actor = newActor(sim, `${agent}-last`, agent, newMachine(sim));
    const turn = { actor, act: { kind: "inbox", most: 1_000, remove: false }, afterMs: 10 } as const;
    return [turn, turn];
  });
  const actor = newActor(sim, auditor, auditor, machine);
  const looks = steps.flatMap((step): Turn[] => {
    const claim = { kind: "claim", step, ttlS: 60, mine: false } as const;
    return [
      { actor, act: { kind: "read", step }, afterMs: 10 },
      // Where the store does not tell its time, a lease has lapsed when it was seen unchanged for so long.
      ...(sim.bucket.traits.tellsTime
        ? []
        : [{ actor, act: { kind: "read", step }, afterMs: quietMs } as const]),
      { actor, act: claim, afterMs: 10 },
    ];
  });
  const gets = [...keys].map((key): Turn => ({ actor, act: { kind: "get", key }, afterMs: 10 }));
  return [...inboxes, ...looks, ...gets];
}
