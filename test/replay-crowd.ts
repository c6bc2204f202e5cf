import {
  blockEvents,
  flag,
  kinds,
  type Events,
  type Kind,
  type Lane,
  type Moment,
  type Source,
} from "../src/replay/page.ts";

const start = Date.UTC(2026, 8, 17, 13, 30);

/**
 * A page of any size that holds nothing: its blocks are made when they are asked for. Every agent has one session; event
 * `seq` is of agent `seq % agents`, one each `apart` milliseconds, and every 400th is a moment of a life of claims and mail.
 */
export function crowdSource(agents: number, total: number, apart = 200): Source {
  const at = (seq: number) => start + seq * apart;
  const every = 400 * Math.max(1, Math.floor(agents / 20));
  const isMoment = (seq: number) => seq % every < agents;
  const kindOf = (seq: number): Kind => {
    if (isMoment(seq)) return momentKinds[Math.floor(seq / every) % momentKinds.length] ?? "renew";
    return talk[seq % talk.length] ?? "call";
  };
  const laneOf = (seq: number) => (isMoment(seq) ? seq % agents : agents + (seq % agents));
  const lanes: Lane[] = [];
  const each = Math.floor(total / agents);
  for (const kind of ["agent", "session"] as const) {
    for (let agent = 0; agent < agents; agent++) {
      const own = kind === "session" ? { parent: agent, harness: "codex", session: `s-${agent}` } : {};
      lanes.push({ kind, name: `worker-${agent}`, count: each, from: start, to: at(total - 1), ...own });
    }
  }
  const moments: Moment[] = [];
  for (let seq = 0; seq < total; seq++) {
    if (!isMoment(seq)) continue;
    const lane = seq % agents;
    const life = Math.floor(seq / every / momentKinds.length);
    const step = `step-${lane}-${life}`;
    const kind = kindOf(seq);
    moments.push({
      seq,
      at: at(seq),
      kind,
      lane,
      id: `m${seq}`,
      step: kind === "send" || kind === "memory" ? undefined : step,
      term: 1,
      ...((kind === "send" || kind === "handoff") && { to: (lane + 1) % agents, text: "next" }),
      ...(kind === "memory" && { key: `k${lane}`, text: String(seq) }),
    } as Moment);
  }
  const blocks = Math.ceil(total / blockEvents);
  const index = Array.from({ length: blocks }, (_, block) => {
    const [first, last] = [block * blockEvents, Math.min(total, (block + 1) * blockEvents) - 1];
    const counts = new Map<number, number>();
    for (let seq = first; seq <= last; seq++) counts.set(laneOf(seq), (counts.get(laneOf(seq)) ?? 0) + 1);
    return { size: 0, from: at(first), to: at(last), lanes: [...counts].flat() };
  });
  const work = { events: 0, previews: 0, bodies: 0, moments: 0 };
  const levels = [4096, 1024, 256].map((buckets) => {
    const flat = (value: number) =>
      lanes.map((lane) => new Uint32Array(buckets).fill(lane.kind === "session" ? value : 0));
    return { buckets, counts: flat(Math.max(1, Math.round(each / buckets))), errors: flat(0) };
  });
  return {
    header: {
      schema: 1,
      project: "crowd",
      store: "s3://crowd/all",
      made: at(total),
      from: start,
      to: at(total - 1),
      events: total,
      lanes,
      tools: ["Read"],
      models: [],
      bodies: "none",
      index,
      bodyBlocks: [],
      spent: [],
      prices: "2026-09-01",
      redacted: {},
      notes: [],
    },
    moments: counted(moments, work),
    pyramid: { levels },
    work,
    async events(block) {
      work.events++;
      return made(block, total, { at, laneOf, kindOf, agents });
    },
    async previews(block) {
      work.previews++;
      return Array.from(
        { length: Math.min(blockEvents, total - block * blockEvents) },
        (_, place) => `event ${block * blockEvents + place}`,
      );
    },
    body: () => Promise.reject(new Error("this page has no bodies")),
  };
}

/** The same list, each look at a member counted: what passes over all of them is found out, whatever it says of itself. */
function counted<T extends object>(list: readonly T[], work: { moments: number }): readonly T[] {
  return new Proxy(list, {
    get(target, name, receiver) {
      if (typeof name === "string" && name !== "length") work.moments++;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

const momentKinds: readonly Kind[] = [
  "claim",
  "renew",
  "send",
  "memory",
  "renew",
  "artifact",
  "complete",
  "handoff",
];
const talk: readonly Kind[] = ["call", "result", "call", "result", "reply"];

interface Plan {
  at(seq: number): number;
  laneOf(seq: number): number;
  kindOf(seq: number): Kind;
  agents: number;
}

function made(block: number, total: number, { at, laneOf, kindOf, agents }: Plan): Events {
  const first = block * blockEvents;
  const count = Math.min(blockEvents, total - first);
  const seqs = Array.from({ length: count }, (_, place) => first + place);
  const zeros = () => new Uint32Array(count);
  return {
    first,
    at: Float64Array.from(seqs, at),
    said: Float64Array.from(seqs, at),
    lane: Uint32Array.from(seqs, laneOf),
    nth: Uint32Array.from(seqs, (seq) => Math.floor(seq / agents)),
    kind: Uint8Array.from(seqs, (seq) => kinds.indexOf(kindOf(seq))),
    flags: Uint8Array.from(seqs, (seq) => (seq % 997 === 0 ? flag.failed : 0)),
    tool: new Uint16Array(count).fill(1),
    model: new Uint16Array(count),
    pair: new Float64Array(count).fill(-1),
    tokens: { input: zeros(), output: zeros(), cacheRead: zeros(), cacheWrite: zeros() },
    body: new Int32Array(count).fill(-1),
    start: zeros(),
    length: zeros(),
  };
}
