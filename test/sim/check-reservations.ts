import { overlaps, parsePattern } from "../../src/coord/path-pattern.ts";
import { reservationsKey } from "../../src/format/keys.ts";
import type { Reservation, ReservationsRecord } from "../../src/format/records.ts";
import { textOf, type Applied } from "./bucket.ts";
import type { Sim } from "./sim.ts";

/** No two agents hold a path where either is exclusive; who was told of a change has it in, and who was refused has not. */
export function checkReservations(sim: Sim): string[] {
  const states = sim.bucket.history.get(reservationsKey) ?? [];
  const wrong = states.flatMap((state) => conflictsIn(state));
  for (const { id, act, told, returned, actor } of sim.calls) {
    if ((act.kind !== "reserve" && act.kind !== "unreserve") || told?.kind !== "reserve") continue;
    const own = states.filter(({ call }) => call === id);
    const isIn = own.some(({ stamp }) => stamp < returned!);
    // A reservation that lapsed or was overtaken before its caller could be told is none any more.
    const last = states.findLast(({ stamp }) => stamp < returned!);
    const stands = last !== undefined && holds(last, actor.agent, act.pattern);
    const say = (what: string) => wrong.push(`#${id} ${act.kind} by ${actor.name}: ${what}`);
    if (told.done && act.kind === "reserve" && !isIn) say("told done of a change that is not in");
    if (told.done && act.kind === "unreserve" && stands && !isIn) say("told done of what is still there");
    if (!told.done && own.length > 0 && stands === (act.kind === "reserve"))
      say("told no of a change that is in");
  }
  return wrong;
}

function holds(state: Applied, agent: string, pattern: string): boolean {
  const { reservations } = JSON.parse(textOf(state)) as ReservationsRecord;
  return reservations.some((one) => one.agent === agent && one.pattern === pattern);
}

function conflictsIn(applied: Applied): string[] {
  const { reservations } = JSON.parse(textOf(applied)) as ReservationsRecord;
  const alive = (one: Reservation) => Date.parse(one.renewed_at) + one.ttl_s * 1000 > applied.at + 2_000;
  const held = reservations.filter(alive);
  return held.flatMap((one, at) =>
    held
      .slice(at + 1)
      .filter(
        (other) => other.agent !== one.agent && (one.mode === "exclusive" || other.mode === "exclusive"),
      )
      .filter((other) => overlaps(parsePattern(one.pattern), parsePattern(other.pattern)))
      .map(
        (other) => `${one.agent} and ${other.agent} both hold ${one.pattern} (version ${applied.version})`,
      ),
  );
}
