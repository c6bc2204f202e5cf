import { computed, signal } from "@preact/signals";
import { agentOf, filters, laneOf, source } from "./model.ts";

/** One staff of the lanes. Its activity is its own lane's and that of the lanes which have no row of their own. */
export interface Row {
  readonly lane: number;
  readonly kind: "agent" | "session" | "subagent";
  readonly y: number;
  readonly height: number;
  readonly lanes: readonly number[];
  /** How many leases its agent held at once: each has its own track. */
  readonly tracks: number;
  /** Whether there is something to fold, and whether it is folded. */
  readonly folds: boolean;
  readonly folded: boolean;
  /** Below a session that has a row of its own. */
  readonly deep: boolean;
}

/** Measures of a row at one density: distances from its top. */
export interface Measures {
  readonly name: "roomy" | "wide" | "middle" | "narrow" | "low" | "many" | "dense";
  readonly agent: number;
  readonly child: number;
  readonly mail: number;
  readonly base: number;
  readonly column: number;
  readonly lease: number;
  readonly leaseHigh: number;
}

const measures: Readonly<Record<Measures["name"], Measures>> = {
  roomy: { name: "roomy", agent: 72, child: 26, mail: 10, base: 46, column: 24, lease: 51, leaseHigh: 15 },
  wide: { name: "wide", agent: 54, child: 22, mail: 8, base: 31, column: 14, lease: 35, leaseHigh: 14 },
  middle: { name: "middle", agent: 48, child: 20, mail: 8, base: 28, column: 12, lease: 31, leaseHigh: 13 },
  narrow: { name: "narrow", agent: 42, child: 24, mail: 7, base: 24, column: 10, lease: 26, leaseHigh: 13 },
  low: { name: "low", agent: 32, child: 24, mail: 5, base: 16, column: 8, lease: 18, leaseHigh: 11 },
  many: { name: "many", agent: 34, child: 20, mail: 5, base: 16, column: 8, lease: 18, leaseHigh: 12 },
  dense: { name: "dense", agent: 20, child: 18, mail: 4, base: 13, column: 8, lease: 14, leaseHigh: 4 },
};

/** The measures for a window of this size that shows this many agents. */
export function measuresFor(width: number, height: number, agents: number): Measures {
  if (agents > 40) return measures.dense;
  if (width < 700) return height < 720 ? measures.low : measures.narrow;
  if (agents > 12) return measures.many;
  if (width >= 1920) return measures.roomy;
  return width >= 1200 ? measures.wide : measures.middle;
}

/** What the reader did to the lanes. */
export const folds = signal<ReadonlyMap<number, boolean>>(new Map());
export const muted = signal<ReadonlySet<number>>(new Set());
export const pinned = signal<readonly number[]>([]);

export function toggleFold(lane: number, folded: boolean): void {
  folds.value = new Map(folds.value).set(lane, folded);
}

/** Only this agent, and back: the filter that the list has too. */
export function toggleSolo(lane: number): void {
  const name = laneOf(agentOf(lane))?.name;
  if (name === undefined) return;
  const { agents } = filters.value;
  const without = agents.filter((one) => one !== name);
  filters.value = { ...filters.value, agents: without.length < agents.length ? without : [...agents, name] };
}

/** Takes an agent out of the lanes. */
export function mute(lane: number): void {
  muted.value = new Set(muted.value).add(agentOf(lane));
}

/** Puts back every agent that was taken out. */
export function unmuteAll(): void {
  muted.value = new Set();
}

/** Keeps an agent above those that are not pinned, in the order of pinning. */
export function togglePin(lane: number): void {
  const agent = agentOf(lane);
  const without = pinned.value.filter((one) => one !== agent);
  pinned.value = without.length < pinned.value.length ? without : [...without, agent];
}

/** Of each lane its children; the agents, in the page's order. */
export const tree = computed(() => {
  const lanes = source.value?.header.lanes ?? [];
  const children: number[][] = lanes.map(() => []);
  const agents: number[] = [];
  for (const [lane, { parent }] of lanes.entries()) {
    if (parent === undefined || parent >= lane) agents.push(lane);
    else children[parent]?.push(lane);
  }
  return { children, agents };
});

/** The agents whose rows are shown, pinned ones first. */
export const shownAgents = computed(() => {
  const { agents } = tree.value;
  const lanes = source.value?.header.lanes ?? [];
  const only = new Set(filters.value.agents);
  const asked = only.size > 0 && agents.some((lane) => only.has(lanes[lane]?.name ?? ""));
  const wanted = agents.filter((lane) =>
    asked ? only.has(lanes[lane]?.name ?? "") : !muted.value.has(lane),
  );
  const pins = pinned.value.filter((lane) => wanted.includes(lane));
  if (pins.length === 0) return wanted;
  const first = new Set(pins);
  return [...pins, ...wanted.filter((lane) => !first.has(lane))];
});

function below(lane: number, children: readonly (readonly number[])[]): number[] {
  const all: number[] = [];
  const todo = [...(children[lane] ?? [])];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    all.push(next);
    todo.push(...(children[next] ?? []));
  }
  return all;
}

/**
 * The rows from top to bottom. An agent with one session is one row, its session's sub-agents below it; with more, each
 * session has a row. `tracks` says how many leases an agent held at once.
 */
export function layRows(size: Measures, tracks: (lane: number) => number): readonly Row[] {
  const { children } = tree.value;
  const lanes = source.value?.header.lanes ?? [];
  const rows: Row[] = [];
  let y = 0;
  const foldAll = size.name === "dense" || size.name === "many";
  const add = (lane: number, kind: Row["kind"], own: readonly number[], more: Partial<Row> = {}) => {
    const stacked = kind === "agent" ? Math.min(3, Math.max(1, tracks(lane))) : 1;
    const extra = size.name === "dense" ? 0 : (stacked - 1) * (size.leaseHigh + 4);
    const height = (kind === "agent" ? size.agent : size.child) + extra;
    rows.push({
      lane,
      kind,
      y,
      height,
      lanes: own,
      tracks: stacked,
      folds: false,
      folded: false,
      deep: false,
      ...more,
    });
    y += height;
  };
  for (const agent of shownAgents.value) {
    const sessions = children[agent] ?? [];
    const single = sessions.length === 1 ? sessions[0] : undefined;
    const inner = single === undefined ? sessions : (children[single] ?? []);
    const folded = inner.length > 0 && (folds.value.get(agent) ?? foldAll);
    if (folded || inner.length === 0) {
      add(agent, "agent", [agent, ...below(agent, children)], { folds: inner.length > 0, folded });
      continue;
    }
    add(agent, "agent", single === undefined ? [agent] : [agent, single], { folds: true });
    for (const lane of inner) {
      const subs = children[lane] ?? [];
      const shut = subs.length > 0 && (folds.value.get(lane) ?? subs.length > 8);
      const kind = lanes[lane]?.kind === "session" ? "session" : "subagent";
      add(lane, kind, shut ? [lane, ...below(lane, children)] : [lane], {
        folds: subs.length > 0,
        folded: shut,
      });
      if (!shut) for (const sub of subs) add(sub, "subagent", [sub, ...below(sub, children)], { deep: true });
    }
  }
  return rows;
}

/** The rows that touch [top, bottom), found without looking at the others. */
export function rowsBetween(rows: readonly Row[], top: number, bottom: number): readonly Row[] {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row && row.y + row.height <= top) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < rows.length && (rows[end]?.y ?? 0) < bottom) end++;
  return rows.slice(low, end);
}
