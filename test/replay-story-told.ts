import type { Kind, Moment } from "../src/replay/page.ts";

/** Minutes after 13:30 UTC of the story's day. */
const start = Date.UTC(2026, 8, 17, 13, 30);
export const at = (minutes: number) => start + Math.round(minutes * 60_000);

export const names = ["designer", "backend", "frontend", "tests", "ops"] as const;
type Name = (typeof names)[number];
export const harnesses = ["claude-code", "codex", "claude-code", "openclaw", "hermes"];

export interface Event {
  at: number;
  lane: number;
  kind: Kind;
  text: string;
  tool?: string;
  failed?: boolean;
  moment?: Omit<Moment, "seq" | "at" | "lane" | "kind">;
}

const agentLane = (name: Name) => names.indexOf(name);
export const sessionLane = (name: Name) => names.length + names.indexOf(name);
export const subLanes = { explore: 2 * names.length, "read-api": 2 * names.length + 1 };

/** step, who, term, from, to (or the lapse), renewals, how it ended */
const leases = [
  ["schema", "designer", 1, 1.2, 16, [4.9, 8.6, 12.3], "complete", "backend"],
  ["api", "backend", 1, 17, 41.03, [20.5, 24, 27.5, 31], "lapse", ""],
  ["ui", "frontend", 1, 18.5, 49.2, [22, 25.6, 29.1, 32.7, 36.2, 39.8, 43.5, 47], "complete", "tests"],
  ["docs", "frontend", 1, 30.5, 38, [34], "review", ""],
  ["api", "designer", 2, 43.6, 51.4, [47.1, 50.6], "complete", "tests"],
  ["e2e", "tests", 1, 73, 84, [76.5, 80.1, 83.6], "complete", "ops"],
  ["audit", "tests", 1, 5.5, 11, [8], "block", ""],
  ["deploy", "ops", 1, 84.7, 89.2, [88.2], "complete", ""],
] as const;

/** from, to, sent, text, who read it when */
const letters: readonly (readonly [Name, Name | "*", number, string, Partial<Record<Name, number>>])[] = [
  [
    "designer",
    "*",
    2.5,
    "schema is mine; api and ui wait for it",
    { backend: 2.9, frontend: 3.3, tests: 5.5, ops: 11.8 },
  ],
  ["frontend", "designer", 12.2, "does the address stay one field?", { designer: 13.4 }],
  ["designer", "frontend", 14.1, "two: street and postal code", { frontend: 14.7 }],
  [
    "tests",
    "*",
    24,
    "carts for all tests are in shared/carts.json",
    { designer: 25.2, backend: 24.7, frontend: 28.3, ops: 33.1 },
  ],
  ["backend", "frontend", 28.4, "the base path is in memory, api.base", { frontend: 30.2 }],
  ["frontend", "backend", 34.2, "422 on POST /address: intended?", {}],
  ["frontend", "designer", 38.1, "no answer from backend for four minutes", { designer: 42.3 }],
  ["designer", "frontend", 43.9, "api is mine now, term 2; keep your mocks", { frontend: 44.9 }],
  ["designer", "ops", 72.5, "approved; deploy follows e2e", { ops: 74.1 }],
  ["tests", "frontend", 78.3, "the total is 10.01, expected 10.00", { frontend: 79.4 }],
  ["frontend", "tests", 81, "rounded once, at the end", { tests: 81.8 }],
  ["ops", "designer", 89.3, "live at 1 %, no errors in five minutes", { designer: 89.8 }],
];

const marks: readonly (readonly [number, Name, Kind, Event["moment"]])[] = [
  [0.6, "designer", "memory", { key: "goal", text: "one page, three fields fewer" }],
  [15.1, "designer", "memory", { key: "schema.version", text: "3" }],
  [15.5, "designer", "artifact", { key: "schema/checkout.sql", size: 6349 }],
  [17.08, "frontend", "lost", { step: "api", holder: agentLane("backend"), holderTerm: 1 }],
  [23.6, "tests", "artifact", { key: "shared/carts.json", size: 18_432 }],
  [28.1, "backend", "memory", { key: "api.base", text: "/v2/checkout" }],
  [30.4, "designer", "memory", { key: "design.tokens", text: "spacing 4, radius 6" }],
  [37.3, "backend", "silent", { step: "api" }],
  [75.6, "backend", "fenced", { step: "api", term: 1, holder: agentLane("designer"), holderTerm: 2 }],
  [83.4, "tests", "artifact", { key: "e2e/report.html", size: 217_088 }],
  [88.5, "ops", "memory", { key: "deploy.stage", text: "canary 1 %" }],
];

/** lane, from, to, calls a minute */
const busy: readonly (readonly [number, number, number, number])[] = [
  [sessionLane("designer"), 0, 11.6, 5],
  [sessionLane("designer"), 15.2, 17, 6],
  [sessionLane("designer"), 20, 32, 2],
  [sessionLane("designer"), 42, 52, 6],
  [sessionLane("designer"), 72, 73, 4],
  [sessionLane("designer"), 80, 90, 2],
  [subLanes.explore, 11.6, 15.2, 11],
  [subLanes["read-api"], 44.1, 48.2, 9],
  [sessionLane("backend"), 0.4, 4, 2],
  [sessionLane("backend"), 16.6, 32.3, 8],
  [sessionLane("backend"), 75.1, 76.9, 5],
  [sessionLane("frontend"), 0.8, 5, 3],
  [sessionLane("frontend"), 9, 49.3, 7],
  [sessionLane("frontend"), 73.2, 82, 5],
  [sessionLane("tests"), 1.2, 24, 3],
  [sessionLane("tests"), 33, 52, 2],
  [sessionLane("tests"), 72.4, 84, 8],
  [sessionLane("ops"), 1.9, 3, 2],
  [sessionLane("ops"), 12, 14, 3],
  [sessionLane("ops"), 84.5, 90, 5],
];

export const tools = ["Read", "Edit", "Bash", "Grep"];
export const models = ["large-4", "local-70b"];

export function* told(): Generator<Event> {
  for (const name of names)
    yield { at: at(0.1 * agentLane(name)), lane: agentLane(name), kind: "join", text: "joined", moment: {} };
  for (const [step, who, term, from, to, renewals, end, next] of leases) {
    const lane = agentLane(who);
    const base = { step, term };
    const claim = { ...base, until: at(from + 10), ...(term > 1 && { takenFrom: term - 1 }) };
    yield { at: at(from), lane, kind: "claim", text: `claimed ${step}`, moment: claim };
    for (const each of renewals) {
      yield {
        at: at(each),
        lane,
        kind: "renew",
        text: `renewed ${step}`,
        moment: { ...base, until: at(each + 10) },
      };
    }
    yield { at: at(to), lane, kind: end, text: `${end} ${step}`, moment: base };
    if (next) {
      yield {
        at: at(to),
        lane,
        kind: "handoff",
        text: `handed ${step} to ${next}`,
        moment: {
          step,
          to: agentLane(next),
          id: `h-${step}-${term}`,
          text: "run the guest path",
          files: ["a.ts", "b.ts"],
        },
      };
      yield {
        at: at(to + 1),
        lane: agentLane(next),
        kind: "read",
        text: "read",
        moment: { ids: [`h-${step}-${term}`] },
      };
    }
  }
  for (const [place, [from, to, sent, text, reads]] of letters.entries()) {
    const id = `m${place}`;
    yield {
      at: at(sent),
      lane: agentLane(from),
      kind: "send",
      text,
      moment: { id, to: to === "*" ? -1 : agentLane(to), text },
    };
    for (const [reader, when] of Object.entries(reads)) {
      yield {
        at: at(when),
        lane: agentLane(reader as Name),
        kind: "read",
        text: "read 1 message",
        moment: { ids: [id] },
      };
    }
  }
  for (const [when, who, kind, moment] of marks)
    yield { at: at(when), lane: agentLane(who), kind, text: kind, moment: moment ?? {} };
  yield* worked();
}

function* worked(): Generator<Event> {
  let seed = 7;
  const random = () => (seed = (seed * 1_664_525 + 1_013_904_223) >>> 0) / 2 ** 32;
  for (const [lane, from, to, rate] of busy) {
    yield { at: at(from), lane, kind: "prompt", text: "Go on with your step, and say what you find." };
    for (let minute = from; minute < to; minute += (0.4 + random()) / rate) {
      const tool = tools[Math.floor(random() * tools.length)] ?? "Read";
      const failed = tool === "Bash" && random() < 0.05;
      yield { at: at(minute), lane, kind: "call", tool, text: `${tool} src/checkout/Address.tsx` };
      yield { at: at(minute + 0.02), lane, kind: "result", failed, text: failed ? "exit 1" : "ok" };
      if (random() < 0.12)
        yield { at: at(minute + 0.03), lane, kind: "reply", text: "The total came without a unit." };
    }
  }
}
