import { computed } from "@preact/signals";
import type { Lease } from "../leases.ts";
import type { StepState, Unread } from "../state.ts";
import { checkpointsOf, heldSteps, stateAt, unreadOf } from "../state.ts";
import { laneOf, now, source } from "./model.ts";
import { firstFrom } from "./intervals.ts";
import { mostRows } from "./state-section.tsx";
import { silentAfter, story } from "./story.ts";
import { summary } from "./summary.ts";

const checkpoints = computed(() => checkpointsOf(source.value?.moments ?? []));

/** What was true at T. */
export const stateNow = computed(() => stateAt(source.value?.moments ?? [], now.value, checkpoints.value));

/** The steps that each agent's lane holds at T. */
export const heldByLane = computed(() => {
  const held = new Map<number, StepState[]>();
  for (const step of heldSteps(stateNow.value)) {
    const list = held.get(step.lane);
    if (list) list.push(step);
    else held.set(step.lane, [step]);
  }
  return held;
});

/** How many messages to one agent are unread at T, and the oldest of them. */
export const unreadNow = computed(() => {
  const oldest: { readonly reader: number; readonly letter: Unread }[] = [];
  let count = 0;
  for (const [reader, letters] of stateNow.value.direct) {
    count += letters.size;
    let taken = 0;
    for (const letter of letters.values()) {
      if (taken++ >= mostRows) break; // They stand in the order of sending.
      oldest.push({ reader, letter });
    }
  }
  return { count, oldest: oldest.toSorted((a, b) => a.letter.seq - b.letter.seq).slice(0, mostRows) };
});

/** How many messages to everybody some agent has not read at T: they are counted, as each is one for all. */
export const unreadForAll = computed(() => {
  const state = stateNow.value;
  const agents = summary.value?.agentLanes ?? [];
  const ids = new Set<string>();
  if (state.broadcasts.size === 0 || agents.length > 200) return ids;
  for (const lane of agents) {
    if (!state.agents.has(lane)) continue;
    for (const letter of unreadOf(state, lane)) if (letter.to === -1) ids.add(letter.id);
  }
  return ids;
});

export type Life = "working" | "waiting" | "silent" | "absent";

const minute = 60_000;

/** How an agent or one of its lanes is at T: silent since when, at work within the last two minutes, or there and waiting. */
export function lifeOf(lane: number, t: number): { readonly life: Life; readonly heard: number } {
  const state = stateNow.value;
  const known = laneOf(lane);
  const presence = state.agents.get(lane);
  if (known?.kind === "agent" && presence?.silent !== undefined) {
    return { life: "silent", heard: presence.silent - silentAfter };
  }
  if (!known || known.count === 0 || t < known.from) return { life: "absent", heard: Number.NaN };
  const before = known.kind === "agent" ? lastBefore(lane, t) : Math.min(t, known.to);
  const heard = Math.max(presence?.heard ?? Number.NEGATIVE_INFINITY, before);
  if (t > known.to + 2 * minute) return { life: "absent", heard: known.to };
  return { life: t - heard <= 2 * minute ? "working" : "waiting", heard };
}

/** The end of the last column of the finest level, at or before T, in which an agent or a lane of it has an event. */
function lastBefore(lane: number, t: number): number {
  const from = source.value;
  const level = from?.pyramid.levels.toSorted((a, b) => b.buckets - a.buckets)[0];
  if (!from || !level) return Number.NEGATIVE_INFINITY;
  const each = Math.max(1, from.header.to - from.header.from) / level.buckets;
  const start = Math.min(level.buckets - 1, Math.max(0, Math.floor((t - from.header.from) / each)));
  const lanes = lanesOf.value.get(lane) ?? [lane];
  // Two minutes decide between working and waiting: nothing further back is looked at.
  const end = Math.max(0, start - Math.ceil((3 * minute) / each) - 1);
  for (let bucket = start; bucket >= end; bucket--) {
    if (lanes.some((one) => (level.counts[one]?.[bucket] ?? 0) > 0)) {
      return Math.min(t, from.header.from + (bucket + 1) * each);
    }
  }
  return Number.NEGATIVE_INFINITY;
}

const lanesOf = computed(() => {
  const lists = new Map<number, number[]>();
  const lanes = source.value?.header.lanes ?? [];
  const agents: number[] = [];
  for (const [lane, { parent }] of lanes.entries()) {
    const agent = parent !== undefined && parent < lane ? (agents[parent] ?? parent) : lane;
    agents[lane] = agent;
    const list = lists.get(agent);
    if (list) list.push(lane);
    else lists.set(agent, [lane]);
  }
  return lists;
});

/** The lease that a held step is in at T, for how much of it is left. */
export function leaseAt(step: string, lane: number, t: number): Lease | undefined {
  return story.value
    ?.leasesOf(lane)
    .touching(t, t, 64)
    .find((lease) => lease.step === step);
}

/** When the lease that holds at T was last claimed or renewed: how long it is altogether. */
export function leaseStart(lease: Lease, t: number): number {
  const next = firstFrom(lease.renewals, t + 1e-6, (at) => at);
  return lease.renewals[next - 1] ?? lease.from;
}
