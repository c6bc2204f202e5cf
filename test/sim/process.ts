import { clockedStore } from "../../src/coord/clock.ts";
import { memoryLocalState } from "../../src/coord/local.ts";
import type { LocalState, Project, World } from "../../src/coord/project.ts";
import { requests } from "./requests.ts";
import { reboot, type Call, type Machine, type Sim } from "./sim.ts";

/** One run of the program. It dies at an effect (a request, a sleep, a write on its machine) or when a reply comes. */
export interface Process {
  readonly project: Project;
  readonly machine: Machine;
  readonly call: Call;
  dead: boolean;
  /** Whether it still lives; counts towards its death. A dead process never learns anything, nor has any effect. */
  effect(): boolean;
  /** Goes on after a wait, unless it is dead; later, where it was stopped. */
  resume(go: () => void): void;
  /** Until all its work in the background has ended. */
  settled(): Promise<void>;
  die(why: string): void;
}

/** How many effects a process that is to die may have before. */
const longestLife = 14;

export function startProcess(sim: Sim, call: Call, onDeath: () => void): Process {
  const { time, dice, weather } = sim;
  const { machine, agent, session } = call.actor;
  const who = `${call.actor.name}#${call.id}`;
  const work = new Set<Promise<void>>();
  let effectsLeft = dice.chance(weather.crashes) ? dice.below(longestLife) : Number.POSITIVE_INFINITY;
  let stoppedUntil = 0;

  const process: Process = {
    machine,
    call,
    dead: false,
    project: undefined as unknown as Project,
    effect() {
      if (!process.dead && effectsLeft-- <= 0) process.die("killed");
      return !process.dead;
    },
    resume(go) {
      if (process.dead) return;
      if (dice.chance(weather.pauses)) {
        stoppedUntil = time.now + dice.between(10_000, 200_000);
        time.note(who, "stops for", `${stoppedUntil - time.now} ms`);
      }
      if (stoppedUntil > time.now) time.in(stoppedUntil - time.now, () => process.dead || go());
      else if (process.effect()) go();
    },
    async settled() {
      while (work.size > 0) await Promise.all(work);
    },
    die(why) {
      if (process.dead) return;
      process.dead = true;
      sim.running.delete(process);
      time.note(who, "dies:", why);
      if (why === "killed" && dice.chance(0.25)) machine.local = memoryLocalState();
      if (why === "killed" && dice.chance(0.1)) reboot(sim, machine);
      time.in(0, onDeath);
    },
  };

  const local = localOf(process);
  const world = worldOf(sim, process);
  const project: Project = {
    store: clockedStore(requests(sim, process, who), world, local),
    name: "shop",
    agent,
    session,
    world,
    local,
    deadlineMs: sim.deadlineMs,
    background(what, promise) {
      const done = promise.then(
        () => undefined,
        (error: unknown) =>
          project.warn(`${what}: ${error instanceof Error ? error.message : String(error)}`),
      );
      work.add(done);
      void done.then(() => work.delete(done));
    },
    warn: (text) => void call.warnings.push(text),
  };
  (process as { project: Project }).project = project;
  sim.running.add(process);
  return process;
}

function worldOf({ time, dice }: Sim, process: Process): World {
  const { machine } = process;
  return {
    now: () => time.now + machine.skewMs,
    monotonic: () => time.now - machine.bootedAt,
    bootId: `boot-${machine.boots}`,
    sleep(ms) {
      return new Promise((done) => {
        if (process.effect()) time.in(ms, () => process.resume(done));
      });
    },
    randomHex: (bytes) => dice.hex(bytes),
    chance: () => dice.next(),
  };
}

/** The state of the machine as one process sees it: what a dead one writes is not written. */
function localOf(process: Process): LocalState {
  const { machine } = process;
  return {
    read: (name) => machine.local.read(name),
    write(name, value) {
      if (process.effect()) machine.local.write(name, value);
    },
    remove(name) {
      if (process.effect()) machine.local.remove(name);
    },
    names: (prefix) => machine.local.names(prefix),
  };
}
