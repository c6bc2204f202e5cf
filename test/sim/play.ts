import { perform, sideEffects, type Act } from "./acts.ts";
import { startProcess } from "./process.ts";
import type { Actor, Call, Sim } from "./sim.ts";
import { isCalm } from "./weather.ts";

/** Runs one command as a process of its own and calls `ended` when that has ended, however it did. */
export function play(sim: Sim, actor: Actor, act: Act, ended: (call: Call) => void): void {
  const call: Call = {
    id: sim.calls.length,
    actor,
    act,
    fair: isCalm(sim.weather),
    invoked: sim.time.stamp(),
    returned: undefined,
    told: undefined,
    error: undefined,
    learned: undefined,
    ended: undefined,
    died: false,
    warnings: [],
    shown: [],
    marked: undefined,
  };
  sim.calls.push(call);
  const who = `${actor.name}#${call.id}`;
  const { kind, ...about } = act;
  sim.time.note(who, kind, JSON.stringify(about), () => `(session ${actor.session.id})`);

  function end(died: boolean): void {
    call.died = died;
    call.ended = sim.time.stamp();
    sim.running.delete(process);
    ended(call);
  }
  const process = startProcess(sim, call, () => end(true));

  void (async () => {
    try {
      const told = await perform(sim, process);
      call.learned = told;
      if (!process.dead) call.told = told;
    } catch (error) {
      if (!process.dead) call.error = error instanceof Error ? error : new Error(String(error));
    }
    if (process.dead) return;
    call.returned = sim.time.stamp();
    sim.time.note(
      who,
      call.error ? "fails:" : "is told",
      call.error?.message ?? JSON.stringify(inShort(call)),
    );
    sideEffects(process);
    await process.settled();
    if (process.dead) return;
    process.dead = true; // It has exited: what it still had on the way lands without it.
    sim.time.note(who, "exits", call.warnings.join("; "));
    end(false);
  })();
}

/** What was told, for the trace: without the records. */
function inShort({ told }: Call): unknown {
  if (!told) return undefined;
  switch (told.kind) {
    case "claim": {
      const { result } = told;
      return result.claimed
        ? { claimed: true, already: result.already, term: result.lease.term }
        : {
            claimed: false,
            why: result.why,
            state: result.view.state,
            agent: result.view.agent,
            term: result.view.term,
          };
    }
    case "finish": {
      const { result } = told;
      return result.done
        ? { done: true, already: result.already, term: result.claim.term, n: result.claim.n }
        : {
            done: false,
            why: result.why,
            state: result.view.state,
            agent: result.view.agent,
            term: result.view.term,
          };
    }
    case "reopen":
      return told.result.done
        ? { done: true, already: told.result.already }
        : { done: false, why: told.result.why };
    case "renew":
      return { renewed: told.result?.renewed, term: told.term };
    case "read":
      return {
        state: told.view.state,
        agent: told.view.agent,
        term: told.view.term,
        lapsed: told.view.lapsed,
      };
    case "wait":
      return { kind: told.result.kind };
    case "memory":
      return {
        kind: told.result.kind,
        revision: told.result.kind === "absent" ? undefined : told.result.now?.revision,
      };
    case "get":
      return { revision: told.found?.revision, deleted: told.found?.deleted };
    case "send":
      return { key: told.sent.key };
    case "inbox":
      return { left: told.left };
    case "ack":
      return { key: told.key };
    case "reserve":
      return { done: told.done };
    case "looked":
      return {};
    case "format 1":
      return { done: told.done };
  }
}
