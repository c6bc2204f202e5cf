import { computed } from "@preact/signals";
import type { Header, Moment, Spent } from "../page.ts";
import { grouped } from "./grouped.ts";
import { agentOf, source } from "./model.ts";

/** Sums of what was spent. What has no price is counted apart, never as nothing. */
export interface Sum {
  readonly tokens: number;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly usd: number;
  /** Whether anything has a price at all. */
  readonly priced: boolean;
  readonly unpricedTokens: number;
}

export function sumOf(spent: Iterable<Spent>): Sum {
  const sum = {
    tokens: 0,
    input: 0,
    output: 0,
    cacheRead: 0,
    cacheWrite: 0,
    usd: 0,
    priced: false,
    unpricedTokens: 0,
  };
  for (const one of spent) {
    const tokens = one.input + one.output + one.cacheRead + one.cacheWrite;
    sum.tokens += tokens;
    sum.input += one.input;
    sum.output += one.output;
    sum.cacheRead += one.cacheRead;
    sum.cacheWrite += one.cacheWrite;
    if (one.usd === undefined) sum.unpricedTokens += tokens;
    else sum.usd += one.usd;
    sum.priced ||= one.usd !== undefined;
  }
  return sum;
}

export interface Summary {
  readonly agents: number;
  readonly sessions: number;
  readonly subagents: number;
  readonly steps: readonly string[];
  readonly messages: number;
  readonly redactions: number;
  readonly all: Sum;
  /** One agent at most, and nothing that two would do: the page is a viewer of its sessions. */
  readonly solo: boolean;
  /** The agents' lanes, in the page's order. */
  readonly agentLanes: readonly number[];
}

function summarise(header: Header, moments: readonly Moment[]): Summary {
  const steps = new Set<string>();
  let messages = 0;
  for (const { kind, step } of moments) {
    if (step !== undefined && kind !== "lapse") steps.add(step);
    if (kind === "send") messages++;
  }
  const agentLanes = header.lanes.flatMap((lane, index) => (lane.kind === "agent" ? [index] : []));
  const agents = agentLanes.length;
  const of = (kind: string) => header.lanes.filter((lane) => lane.kind === kind).length;
  return {
    agents,
    sessions: of("session"),
    subagents: of("subagent"),
    steps: [...steps],
    messages,
    redactions: Object.values(header.redacted).reduce((sum, one) => sum + one, 0),
    all: sumOf(header.spent),
    solo: agents <= 1 && steps.size === 0 && messages === 0,
    agentLanes,
  };
}

export const summary = computed<Summary | undefined>(() => {
  const from = source.value;
  return from && summarise(from.header, from.moments);
});

/** What each agent spent, with its sessions and sub-agents. By the agent's lane. */
export const spentByAgent = computed(() => {
  const lists = grouped(source.value?.header.spent ?? [], ({ lane }) => agentOf(lane));
  return new Map([...lists].map(([lane, list]) => [lane, sumOf(list)]));
});

/** What each lane spent by itself. */
export const spentByLane = computed(() => {
  const lists = grouped(source.value?.header.spent ?? [], ({ lane }) => lane);
  return new Map([...lists].map(([lane, list]) => [lane, sumOf(list)]));
});
