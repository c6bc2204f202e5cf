import { computed } from "@preact/signals";
import { agentOf, focused, laneOf, now, source } from "./model.ts";

const sessionsOf = computed(() => {
  const lists = new Map<number, number[]>();
  for (const [lane, { kind, parent }] of (source.value?.header.lanes ?? []).entries()) {
    if (kind !== "session" || parent === undefined) continue;
    const list = lists.get(parent);
    if (list) list.push(lane);
    else lists.set(parent, [lane]);
  }
  return lists;
});

/** Shows a lane's transcript: of an agent, that of the session that runs at T, else of the last before it. */
export function focusLane(lane: number): void {
  if (laneOf(lane)?.kind !== "agent") {
    focused.value = lane;
    return;
  }
  const sessions = sessionsOf.value.get(lane) ?? [];
  const t = now.value;
  const begun = sessions.filter((one) => (laneOf(one)?.from ?? 0) <= t);
  const running = begun.findLast((one) => (laneOf(one)?.to ?? 0) >= t);
  focused.value = running ?? begun.at(-1) ?? sessions[0] ?? lane;
}

/** The agent before or after the one whose transcript is shown. */
export function focusNext(direction: 1 | -1): void {
  const agents = (source.value?.header.lanes ?? []).flatMap(({ kind }, lane) =>
    kind === "agent" ? [lane] : [],
  );
  if (agents.length === 0) return;
  const place = agents.indexOf(agentOf(focused.value));
  focusLane(agents[(place + direction + agents.length) % agents.length] ?? 0);
}
