import { isLetter } from "./letters.ts";
import type { Moment } from "./page.ts";

/** After so many moments the state is kept, so that any other state is at most as many steps away. */
const checkpointEvery = 1_024;

/** How a step stands. `lane` is who holds it, or who put it into the state that it has. */
export interface StepState {
  readonly step: string;
  readonly state: "held" | "lapsed" | "complete" | "blocked" | "needs_review" | "released";
  readonly lane: number;
  readonly term: number;
  /** Since when it is in this state with this holder: renewals do not move it. */
  readonly since: number;
  readonly until?: number;
  /** It was put into its state by force. */
  readonly forced?: true;
  readonly seq: number;
}

/** The value of a memory key. A deleted one is there, and says so. */
export interface Remembered {
  readonly key: string;
  readonly text: string;
  readonly lane: number;
  readonly at: number;
  readonly seq: number;
  readonly revision?: string;
  readonly deleted: boolean;
}

/** A message that somebody has not read. */
export interface Unread {
  readonly id: string;
  readonly seq: number;
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly urgent: boolean;
}

interface Broadcast extends Unread {
  readonly readers: readonly number[];
}

/** Of an agent: when the bucket last had something of it, and since when nothing was heard although it held a step. */
export interface Presence {
  readonly heard: number;
  readonly silent?: number;
}

/** What was true after `count` moments. */
export interface State {
  readonly count: number;
  readonly steps: ReadonlyMap<string, StepState>;
  readonly memory: ReadonlyMap<string, Remembered>;
  readonly agents: ReadonlyMap<number, Presence>;
  /** By lane, then by id. What is for everybody is apart: `unreadOf` puts both together. */
  readonly direct: ReadonlyMap<number, ReadonlyMap<string, Unread>>;
  readonly broadcasts: ReadonlyMap<string, Broadcast>;
}

/** States along the moments, one each 1,024. */
export type Checkpoints = readonly State[];

type Open = {
  count: number;
  steps: Map<string, StepState>;
  memory: Map<string, Remembered>;
  agents: Map<number, Presence>;
  direct: Map<number, Map<string, Unread>>;
  broadcasts: Map<string, Broadcast>;
};

/** The states to start from, for `stateAt`. Moments are in the order of `seq`. */
export function checkpointsOf(moments: readonly Moment[]): Checkpoints {
  const kept: State[] = [];
  const state = copyOf(undefined);
  for (const moment of moments) {
    if (state.count > 0 && state.count % checkpointEvery === 0) kept.push(copyOf(state));
    apply(state, moment);
  }
  return kept;
}

/** What was true at the time `t`: after every moment whose `at` is not later. */
export function stateAt(moments: readonly Moment[], t: number, checkpoints: Checkpoints = []): State {
  return stateAfter(
    moments,
    countWhere(moments, ({ at }) => at <= t),
    checkpoints,
  );
}

/** What was true once the event `seq` had happened. */
export function stateAtSeq(moments: readonly Moment[], seq: number, checkpoints: Checkpoints = []): State {
  return stateAfter(
    moments,
    countWhere(moments, (moment) => moment.seq <= seq),
    checkpoints,
  );
}

/** The steps that somebody holds, lapsed leases included, the least time left first. */
export function heldSteps(state: State): StepState[] {
  const held = [...state.steps.values()].filter((step) => step.state === "held" || step.state === "lapsed");
  return held.toSorted((a, b) => (a.until ?? Infinity) - (b.until ?? Infinity) || (a.step < b.step ? -1 : 1));
}

/** What the agent of this lane has not read, oldest first. */
export function unreadOf(state: State, lane: number): Unread[] {
  const everybody = [...state.broadcasts.values()].filter(
    ({ from, readers }) => from !== lane && !readers.includes(lane),
  );
  return [...(state.direct.get(lane)?.values() ?? []), ...everybody].toSorted((a, b) => a.seq - b.seq);
}

function stateAfter(moments: readonly Moment[], count: number, checkpoints: Checkpoints): State {
  const near = checkpoints[Math.min(checkpoints.length, Math.floor(count / checkpointEvery)) - 1];
  const state = copyOf(near);
  while (state.count < count) apply(state, moments[state.count]!);
  return state;
}

function countWhere(moments: readonly Moment[], before: (moment: Moment) => boolean): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(moments[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function copyOf(state: State | undefined): Open {
  return {
    count: state?.count ?? 0,
    steps: new Map(state?.steps),
    memory: new Map(state?.memory),
    agents: new Map(state?.agents),
    direct: new Map([...(state?.direct ?? [])].map(([lane, letters]) => [lane, new Map(letters)])),
    broadcasts: new Map(state?.broadcasts),
  };
}

/** The values of the maps are replaced, never changed: checkpoints share them. */
function apply(state: Open, moment: Moment): void {
  state.count++;
  const { lane, at } = moment;
  if (moment.kind === "silent") {
    state.agents.set(lane, { ...(state.agents.get(lane) ?? { heard: at }), silent: at });
    return;
  }
  if (moment.kind !== "lapse") state.agents.set(lane, { heard: at });
  if (moment.step !== undefined) applyStep(state, moment, moment.step);
  if (isLetter(moment)) send(state, moment);
  else if (moment.kind === "read") for (const id of moment.ids ?? []) read(state, id, lane);
  else if (moment.kind === "memory" && moment.key !== undefined) remember(state, moment, moment.key);
}

const finished: Readonly<Record<string, StepState["state"]>> = {
  complete: "complete",
  block: "blocked",
  review: "needs_review",
  release: "released",
  reopen: "released",
};

function applyStep({ steps }: Open, moment: Moment, step: string): void {
  const { kind, lane, at, seq, until } = moment;
  const before = steps.get(step);
  const term = moment.term ?? before?.term ?? 1;
  if (before && term < before.term) return;
  if (kind === "lapse") {
    if (before?.state === "held") steps.set(step, { ...before, state: "lapsed", since: at, seq });
    return;
  }
  const state = kind === "claim" || kind === "renew" ? "held" : finished[kind];
  if (state === undefined) return;
  const same = before?.term === term && before.state === state && before.lane === lane;
  const last = until ?? (same ? before.until : undefined);
  steps.set(step, {
    step,
    state,
    lane,
    term,
    since: same ? before.since : at,
    ...(state === "held" && last !== undefined && { until: last }),
    ...((moment.forcedFrom !== undefined || (same && before.forced)) && { forced: true }),
    seq,
  });
}

function send({ direct, broadcasts }: Open, moment: Moment): void {
  const { id = `seq-${moment.seq}`, seq, lane: from, at, urgent } = moment;
  const letter = { id, seq, from, to: moment.to!, at, urgent: urgent === true };
  if (letter.to === -1) broadcasts.set(id, { ...letter, readers: [] });
  else direct.set(letter.to, (direct.get(letter.to) ?? new Map<string, Unread>()).set(id, letter));
}

function read({ direct, broadcasts }: Open, id: string, lane: number): void {
  if (direct.get(lane)?.delete(id)) return;
  const letter = broadcasts.get(id);
  if (letter && letter.from !== lane && !letter.readers.includes(lane))
    broadcasts.set(id, { ...letter, readers: [...letter.readers, lane] });
}

function remember({ memory }: Open, moment: Moment, key: string): void {
  const { text = "", lane, at, seq, revision, deleted } = moment;
  memory.set(key, {
    key,
    text,
    lane,
    at,
    seq,
    ...(revision !== undefined && { revision }),
    deleted: deleted === true,
  });
}
