import { notSet } from "../../src/coord/memory.ts";
import { onlyLooked } from "./acts.ts";
import type { Applied } from "./bucket.ts";
import type { Call, Sim } from "./sim.ts";
import type { Interval } from "./wgl.ts";

/** What a key holds: a revision, which may say that it is deleted. Undefined: it was never set. */
export type KeyState = { readonly revision: string; readonly deleted: boolean } | undefined;

export function keyName(state: KeyState): string {
  return state ? `${state.revision}${state.deleted ? " deleted" : ""}` : "none";
}

/** The calls on one key as intervals; what nobody was told of counts by what the store took. */
export function memoryCalls(
  sim: Sim,
  key: string,
  taken: ReadonlyMap<number, Applied & { readonly revision: string }>,
): Interval<KeyState>[] {
  return sim.calls.flatMap((call) => {
    if (!("key" in call.act) || call.act.key !== key) return [];
    const { invoked } = call;
    const words = `#${call.id} ${call.act.kind}`;
    if (call.told && call.returned !== undefined)
      return [
        { invoked, returned: call.returned, next: toldAfter(call), looks: onlyLooked(call.told), words },
      ];
    const applied = taken.get(call.id);
    return applied ? [{ invoked, returned: applied.stamp, next: effect(call, applied.revision), words }] : [];
  });
}

type Next = (state: KeyState) => readonly KeyState[];

function effect({ act }: Call, revision: string): Next {
  return (now) => {
    if (act.kind === "unset") return now && !now.deleted ? [{ revision, deleted: true }] : [];
    if (act.kind !== "set" || !expects(act.ifRevision, now)) return [];
    return [{ revision, deleted: false }];
  };
}

function expects(ifRevision: string | undefined, now: KeyState): boolean {
  if (ifRevision === undefined) return true;
  return ifRevision === notSet ? now === undefined || now.deleted : now?.revision === ifRevision;
}

/** Looks, and changes nothing. */
function only(holds: (now: KeyState) => boolean): Next {
  return (now) => (holds(now) ? [now] : []);
}

function toldAfter(call: Call): Next {
  const { told, act } = call;
  if (told?.kind === "get") return only((now) => isSame(now, told.found));
  if (told?.kind !== "memory") return () => [];
  const { result } = told;
  if (result.kind === "absent") return only((now) => now === undefined);
  if (result.kind === "changed")
    return only((now) => act.kind === "set" && !expects(act.ifRevision, now) && isSame(now, result.now));
  if (result.already) return only((now) => now?.deleted === true && isSame(now, result.now));
  return effect(call, result.now.revision);
}

function isSame(
  now: KeyState,
  found: { revision: string; deleted?: boolean | undefined } | undefined,
): boolean {
  return now?.revision === found?.revision && (now?.deleted ?? false) === (found?.deleted ?? false);
}
