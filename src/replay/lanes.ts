import type { Lane } from "./page.ts";

/** A mirrored session, as far as its place among the lanes goes. */
export interface LaneSession {
  readonly harness: string;
  readonly session: string;
  readonly agent: string;
  readonly parent: string | undefined;
  readonly title: string | undefined;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  /** Also those who were written to and have no lane: below -1, as `Moment.to` has them. */
  readonly ofAgent: ReadonlyMap<string, number>;
  readonly strangers: readonly string[];
  /** By the session's place among those that were given. */
  readonly ofSession: readonly number[];
}

type Open = { -readonly [name in keyof Lane]: Lane[name] };

/**
 * A lane for each agent, in the order in which they first appear; below it those of its sessions; below a session those
 * of its sub-agents, however deep. A session whose parent is not there, or is below itself, is a session of its own.
 */
export function lanesOf(
  times: ReadonlyMap<string, { readonly count: number; readonly from: number; readonly to: number }>,
  sessions: readonly LaneSession[],
  offsets: ReadonlyMap<string, number>,
  addressed: ReadonlySet<string> = new Set(),
): Lanes {
  const lanes: Open[] = [];
  const ofSession: number[] = Array.from({ length: sessions.length }, () => -1);
  const known = new Map(sessions.map((session, index) => [nameOf(session), index]));
  const parentOf = (index: number): number | undefined => {
    const { harness, parent, session } = sessions[index]!;
    const found = parent === undefined ? undefined : known.get(nameOf({ harness, session: parent }));
    return found === undefined || sessions[found]!.session === session ? undefined : found;
  };
  const inCycle = (index: number): boolean => {
    let at = parentOf(index);
    for (let steps = 0; at !== undefined && steps <= sessions.length; steps++, at = parentOf(at))
      if (at === index) return true;
    return false;
  };
  const roots = new Map<string, number[]>();
  const children = new Map<number, number[]>();
  const byTime = sessions
    .map((_, index) => index)
    .toSorted((a, b) => sessions[a]!.from - sessions[b]!.from || a - b);
  for (const index of byTime) {
    const parent = inCycle(index) ? undefined : parentOf(index);
    const list = parent === undefined ? listIn(roots, sessions[index]!.agent) : listIn(children, parent);
    list.push(index);
  }
  const place = (index: number, parent: number, kind: Lane["kind"]): void => {
    const { harness, session, title, count, from, to } = sessions[index]!;
    const name = title ?? (kind === "subagent" ? session.slice(0, 12) : `${harness} ${session.slice(0, 8)}`);
    ofSession[index] = lanes.push({ kind, name, parent, harness, session, count, from, to }) - 1;
    for (const child of children.get(index) ?? []) place(child, ofSession[index]!, "subagent");
  };
  const ofAgent = new Map<string, number>();
  const all = [...new Set([...times.keys(), ...roots.keys()])];
  const firstOf = (agent: string): number =>
    Math.min(
      times.get(agent)?.from ?? Infinity,
      ...(roots.get(agent) ?? []).map((index) => sessions[index]!.from),
    );
  for (const agent of all.toSorted((a, b) => firstOf(a) - firstOf(b) || (a < b ? -1 : 1))) {
    const own = times.get(agent) ?? { count: 0, from: Infinity, to: -Infinity };
    const offset = offsets.get(agent);
    const lane: Open = { kind: "agent", name: agent, ...own, ...(offset !== undefined && { offset }) };
    const at = lanes.push(lane) - 1;
    ofAgent.set(agent, at);
    for (const index of roots.get(agent) ?? []) place(index, at, "session");
    for (const { count, from, to } of lanes.slice(at + 1)) {
      lane.count += count;
      lane.from = Math.min(lane.from, from);
      lane.to = Math.max(lane.to, to);
    }
  }
  const strangers = [...addressed].filter((name) => !ofAgent.has(name));
  for (const [nth, name] of strangers.entries()) ofAgent.set(name, -2 - nth);
  return { lanes, ofAgent, ofSession, strangers };
}

function listIn<K>(lists: Map<K, number[]>, key: K): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function nameOf({ harness, session }: { readonly harness: string; readonly session: string }): string {
  return `${harness}/${session}`;
}
