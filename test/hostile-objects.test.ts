import { expect, it } from "vitest";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { call, documented, type Call, type Outcome } from "./hostile-run.ts";
import { rawIn } from "./hostile-text.ts";
import { plant, storyTime, testProject, type TestProject } from "./project.ts";

const at = "2026-11-22T14:00:00.000+00:00";
const ns = BigInt(Date.parse(at)) * 1_000_000n;

/** One kind of record: a right one, where it lies under the n-th name, and what looks at it. */
interface Kind {
  readonly record: object;
  readonly key: (n: number) => string;
  /** What it takes for it to be looked at in a list. */
  readonly beside?: (n: number) => Readonly<Record<string, object>>;
  /** Commands that show all of that kind. The right one's name must be in what they print. */
  readonly lists: readonly Call[];
  readonly name: string;
  /** Commands about the n-th alone. */
  readonly about: (n: number) => readonly Call[];
}

const entry = { n: 1, at, agent: "api-2", session: "s", term: 1, state: "in_progress", nonce: "00" };
const handoff = {
  from_agent: "api-2",
  from_step: "s",
  next_agent: "web-1",
  state: "complete",
  next_action: "go on",
  note: "done",
  changed_files: ["a.ts"],
  changed_files_count: 1,
  created_at: at,
  term: 1,
  n: 2,
};
const taken = { ...entry, n: 2, state: "complete", taken_from: { agent: "x", session: "y", term: 1 } };
const claimed = {
  schema: 3,
  agent: "api-2",
  session: "s",
  claimed_at: at,
  term: 1,
  ttl_s: 60,
  nonce: "00",
  n: 2,
};
const stepCalls = (step: string): Call[] => [
  ["step-status", { steps: [step] }],
  ["handoff", { step }],
  ["wait-for", { steps: [step], timeout: "0" }],
  ["claim", { step }],
  ["renew", { step }],
  ["complete", { step, note: "n", to: "api-2" }],
  ["release", { step }],
  ["reopen", { step }],
  ["complete", { step, force: true }],
];
const stepKind = (file: string, record: object): Kind => ({
  record,
  key: (n) => `steps/s${n}/${file}.json`,
  lists: [["steps", { all: true }], ["status"]],
  name: "s0",
  about: (n) => stepCalls(`s${n}`),
});

const kinds: Readonly<Record<string, Kind>> = {
  agent: {
    record: {
      id: "a",
      status: "active",
      step: "s",
      started_at: at,
      heartbeat: at,
      summary: "x",
      host: "h",
      harness: "c",
      session: "s",
    },
    key: (n) => `agents/a${n}.json`,
    lists: [["agents", { all: true }], ["status"]],
    name: "a0",
    about: () => [],
  },
  "claim in progress": stepKind("claim", { ...claimed, state: "in_progress", log: [entry, taken], handoff }),
  "claim complete": stepKind("claim", { ...claimed, state: "complete", log: [entry, taken], handoff }),
  "claim of mine": stepKind("claim", {
    ...claimed,
    agent: "web-1",
    session: null,
    state: "blocked",
    log: [entry, taken],
    handoff,
  }),
  status: stepKind("status", { status: "blocked", agent: "api-2", started_at: at, completed_at: at }),
  handoff: {
    ...stepKind("handoff", handoff),
    beside: (n) => ({
      [`steps/s${n}/claim.json`]: { agent: "api-2", claimed_at: at },
      [`steps/s${n}/status.json`]: { status: "blocked", agent: "api-2" },
    }),
  },
  message: {
    record: {
      id: "00000000",
      from: "api-2",
      to: "web-1",
      message: "hi",
      sent_at: at,
      subject: "s",
      thread: "t",
      in_reply_to: "00000001",
      importance: "urgent",
      ack_required: true,
    },
    key: (n) => `messages/web-1/${ns + BigInt(n)}_api-2_${n.toString(16).padStart(8, "0")}.json`,
    lists: [
      ["inbox", { all: true, peek: true }],
      ["log", { all: true }],
      ["watch", { since: "AQAAAAAAAA", once: true }],
      ["status"],
    ],
    name: "api-2",
    about: (n) => [
      ["inbox", { show: n.toString(16).padStart(8, "0"), peek: true }],
      ["ack", { ids: [n.toString(16).padStart(8, "0")] }],
    ],
  },
  memory: {
    record: {
      value: "v",
      set_by: "a",
      set_at: at,
      revision: "00000001",
      revisions: [{ revision: "00000000", value: "u", set_by: "a", set_at: at, deleted: false }],
      deleted: false,
    },
    key: (n) => `memory/k/${n}.json`,
    lists: [["memory list", { values: true }], ["memory list"]],
    name: "k.0",
    about: (n) => [
      ["memory get", { key: `k.${n}` }],
      ["memory history", { key: `k.${n}` }],
      ["memory set", { key: `k.${n}`, value: "w", ifRevision: "00000009" }],
      ["memory set", { key: `k.${n}`, value: "w" }],
      ["memory delete", { key: `k.${n}` }],
    ],
  },
  event: {
    record: {
      id: "00000000",
      kind: "claim",
      at,
      client_at: at,
      clock_offset_ms: 0,
      agent: "api-2",
      session: "s",
      step: "s",
      term: 1,
      n: 1,
      nonce: "x",
    },
    key: (n) => `events/2026-11-22/${ns + BigInt(n)}_api-2_${n.toString(16).padStart(8, "0")}.json`,
    lists: [
      ["log", { all: true }],
      ["watch", { since: "AQAAAAAAAA", once: true }],
    ],
    name: "api-2",
    about: () => [],
  },
};

/** JSON texts of what a field, or a whole record, should not be. */
const wrong: readonly string[] = [
  ...'null|true|0|-1|1.5|1e308|1e999|9007199254740993|-0|[]|[1]|[[null]]|{}|""|"x"|"\\u0000"|"\\ud800"'.split(
    "|",
  ),
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"length":-1,"then":"x","toJSON":1}',
  `${"[".repeat(90)}${"]".repeat(90)}`,
  `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  `"${"9".repeat(400)}"`,
  ...[
    "2026-99-99T99:99:99Z",
    "+275760-09-13T00:00:00.000Z",
    "-271821-04-20T00:00:00.000Z",
    "0000-01-01T00:00:00Z",
  ].map((time) => `"${time}"`),
  ...[
    "2038-01-19T03:14:08Z",
    "2999-12-31T23:59:59.999+14:00",
    "1 (",
    "../../x",
    "_broadcast",
    "in_progress",
    "released",
  ].map((text) => `"${text}"`),
];

/** Bodies that are no record at all. */
const bodies: readonly (string | Uint8Array)[] = [
  ...wrong,
  "",
  " ",
  "{",
  '{"a":1}}',
  "{'agent':'x'}",
  "not JSON",
  "<html>403</html>",
  "\ufeff{}",
  "NaN",
  `{"a":${"1".repeat(100_000)}}`,
  `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
  `[${"[],".repeat(50_000)}[]]`,
  " ".repeat(5 * 1024 * 1024),
  new Uint8Array([0xff, 0xfe, 0x00, 0xc3, 0x28]),
  new Uint8Array([...Buffer.from('{"agent":"'), 0xc3, 0x28, 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
  new Uint8Array(1000),
];

/** A record with each of its fields, however deep, replaced by each wrong value, left out, and under its own prototype. */
function* mutations(record: object): Generator<string> {
  for (const path of pathsOf(record)) {
    for (const value of wrong) yield replaced(record, path, value);
    yield replaced(record, path, undefined);
  }
  const whole = JSON.stringify(record);
  yield `${whole.slice(0, -1)},"__proto__":{"state":"complete","agent":"mallory"}}`;
  yield `${whole.slice(0, -1)},"unknown":${"[".repeat(95)}${"]".repeat(95)}}`;
}

function* pathsOf(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* pathsOf(inner, [...path, name]);
}

const hole = "a hole in the record";

function replaced(record: object, path: readonly string[], json: string | undefined): string {
  const copy = structuredClone(record) as Record<string, any>;
  const last = path.at(-1)!;
  const holder = path.slice(0, -1).reduce((inner, name) => inner[name], copy);
  holder[last] = json === undefined ? undefined : hole;
  return JSON.stringify(copy).replace(`"${hole}"`, () => json ?? "");
}

function check(one: Call, outcome: Outcome, body: unknown): void {
  const about = `${JSON.stringify(one)} on ${String(body).slice(0, 300)}: ${outcome.stderr}`;
  expect(documented, about).toContain(outcome.status);
  expect(rawIn(outcome.plain + outcome.stderr), about).toEqual([]);
  expect(({} as { polluted?: boolean }).polluted, about).toBeUndefined();
}

async function put(store: Store, key: string, body: string | Uint8Array): Promise<void> {
  await store.put(key, typeof body === "string" ? Buffer.from(body) : body, "anything");
}

async function putKind(
  store: Store,
  { key, beside }: Kind,
  n: number,
  body: string | Uint8Array,
): Promise<void> {
  for (const [other, record] of Object.entries(beside?.(n) ?? {})) await plant(store, other, record);
  await put(store, key(n), body);
}

function fresh(): TestProject {
  return testProject({ store: memoryStore(() => storyTime) });
}

it.each(Object.entries(kinds))(
  "%s: one whose field is wrong hides no other, and no command breaks on it",
  async (_, kind) => {
    const project = fresh();
    await putKind(project.store, kind, 0, JSON.stringify(kind.record));
    const all = [...mutations(kind.record), ...bodies];
    for (const [index, body] of all.entries()) await putKind(project.store, kind, index + 1, body);
    for (const one of kind.lists) {
      const outcome = await call(project, one);
      check(one, outcome, "all of them");
      expect(outcome.status, outcome.stderr).toBe(0);
      // A screen that only counts mail opens too little of it to say.
      if (one[0] !== "status" || kind.name !== "api-2") expect(outcome.stderr).toContain("malformed: ");
      expect(JSON.stringify(outcome.data) + outcome.plain).toContain(kind.name);
      expect(outcome.stderr.split("\n").length).toBeLessThan(45);
    }
  },
);

it.each(Object.entries(kinds))(
  "%s: commands about a wrong one alone end with a documented status",
  async (_, kind) => {
    // Each field and each wrong value, not each pair of them; the deep ones cost the most.
    const all = [...mutations(kind.record)].filter((body, index) => index % 5 === 0 && body.length < 50_000);
    all.push(...bodies.slice(wrong.length).map(String));
    for (const body of all) {
      const project = fresh();
      await putKind(project.store, kind, 1, body);
      for (const one of kind.about(1)) check(one, await call(project, one), body);
    }
  },
);

it("mail behind fifty malformed letters is read all the same: at once with --all, else by reading on", async () => {
  const project = fresh();
  const { key, record } = kinds["message"]!;
  for (let n = 0; n < 50; n++) await put(project.store, key(n), "not JSON");
  await plant(project.store, key(50), { ...record, id: undefined, message: "behind" });
  expect((await call(project, ["inbox", { all: true, peek: true }])).plain).toContain("behind");
  const read = [];
  for (let times = 0; times < 3; times++) read.push(await call(project, ["inbox"]));
  expect(read.map(({ plain }) => plain.includes("behind"))).toEqual([false, false, true]);
  expect(read[0]!.plain).toContain("more: tracecraft inbox");
});

it("what is no JSON is status 10 for the command about it, and names the key", async () => {
  for (const body of bodies.slice(wrong.length)) {
    const project = fresh();
    await put(project.store, "steps/s1/claim.json", body);
    await put(project.store, "memory/k.json", body);
    for (const [one, key] of [
      [["step-status", { steps: ["s1"] }], "steps/s1/claim.json"],
      [["claim", { step: "s1" }], "steps/s1/claim.json"],
      [["complete", { step: "s1" }], "steps/s1/claim.json"],
      [["memory get", { key: "k" }], "memory/k.json"],
      [["memory set", { key: "k", value: "v" }], "memory/k.json"],
    ] as [Call, string][]) {
      const { status, stderr } = await call(project, one);
      expect([status, stderr.split("\n")[0]], String(body).slice(0, 50)).toEqual([
        10,
        expect.stringContaining(`"${key}"`),
      ]);
    }
  }
});

it("an inbox that is none is status 10 for the mail, and hides neither steps nor agents", async () => {
  for (const body of [
    ...wrong.filter((text) => text.length < 1000),
    "not JSON",
    '{"mark":"+275760-09-13T00:00:00.000Z","seen":[]}',
    '{"mark":1,"seen":[]}',
  ]) {
    const project = fresh();
    await put(project.store, "inboxes/web-1.json", body);
    await plant(project.store, "steps/there/claim.json", { ...claimed, state: "in_progress" });
    await plant(project.store, kinds["message"]!.key(1), kinds["message"]!.record);
    for (const one of [["inbox"], ["inbox", { wait: "1s" }], ["ack", { ids: ["0"] }]] as Call[]) {
      const outcome = await call(project, one);
      check(one, outcome, body);
      if (!body.includes("275760")) expect(outcome.status).toBe(10);
    }
    const status = await call(project, ["status"]);
    check(["status"], status, body);
    expect([status.status, status.plain.includes("there")], `${body}: ${status.stderr}`).toEqual([0, true]);
  }
});

it("a term or a count that one more would not change is malformed, and nothing is claimed on top of it", async () => {
  for (const number of ["9007199254740992", "1e16", "1e308"]) {
    const project = fresh();
    const body = replaced({ ...claimed, state: "released", log: [] }, ["term"], number);
    await put(project.store, "steps/s1/claim.json", body);
    const { status, stderr } = await call(project, ["claim", { step: "s1" }]);
    expect([status, stderr], number).toEqual([10, expect.stringContaining('"term"')]);
  }
});
