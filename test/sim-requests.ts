import { keyShape } from "./request-shape.ts";
import type { Act } from "./sim/acts.ts";
import { bucket, type Bucket } from "./sim/bucket.ts";
import { play } from "./sim/play.ts";
import { newActor, newMachine, newSim, type Actor, type Sim } from "./sim/sim.ts";
import { calm } from "./sim/weather.ts";

/** The simulator in calm weather, with actors of one machine each, which tells what each act asks of its store. */
export interface SimStory {
  /** The requests of one act, in order, in the words of `requestShape`. */
  play(agent: string, act: Act): Promise<string[]>;
}

export function simStory(): SimStory {
  const made = newSim(1, false, { visibleLateMs: 0 });
  const seen: string[] = [];
  const traits = { hashes: true, tellsTime: true, pageSize: 1_000 };
  const sim: Sim = { ...made, weather: calm, bucket: recording(bucket(made.time, traits), seen) };
  const actors = new Map<string, Actor>();
  return {
    async play(agent, act) {
      seen.length = 0;
      const actor = actors.get(agent) ?? newActor(sim, agent, agent, { ...newMachine(sim), skewMs: 0 });
      actors.set(agent, actor);
      let ended = false;
      play(sim, actor, act, () => (ended = true));
      do await new Promise((turn) => setImmediate(turn));
      while (sim.time.step());
      if (!ended) throw new Error(`${act.kind} never ended`);
      const failed = sim.calls.at(-1)?.error;
      if (failed) throw failed;
      return [...seen];
    },
  };
}

function recording(inner: Bucket, seen: string[]): Bucket {
  return {
    ...inner,
    current(key) {
      seen.push(`GET ${keyShape(key)}`);
      return inner.current(key);
    },
    put(key, body, expect, call, writtenAt) {
      const condition =
        expect === "anything" ? "any" : expect === "nothing" || expect === "fresh" ? "new" : "same";
      seen.push(`PUT ${keyShape(key)} ${condition}`);
      return inner.put(key, body, expect, call, writtenAt);
    },
    remove(key, call) {
      seen.push(`DELETE ${keyShape(key)}`);
      inner.remove(key, call);
    },
    page(prefix, after) {
      seen.push(`LIST ${prefix}`);
      return inner.page(prefix, after);
    },
  };
}
