import { createHash } from "node:crypto";
import type { Store } from "../src/store/store.ts";
import { plant } from "./project.ts";
import type { Call } from "./hostile-run.ts";

export const at = "2026-11-22T14:00:00.000+00:00";
const ns = BigInt(Date.parse(at)) * 1_000_000n;

/** Names under which the hostile bucket has something. The agent "web-1" is the reader. */
export const stepNames = [
  "held",
  "lapsed",
  "done",
  "stuck",
  "review",
  "open",
  "mine",
  "again",
  "foreign",
  "loose",
  "old",
  "lost",
];

/**
 * A bucket in which every text field of every record is what `text` says next, also where our own records would have a
 * name, and keys are made of such texts. All of it passes for records.
 */
export async function hostileBucket(store: Store, text: () => string): Promise<void> {
  const put = (key: string, value: unknown) => plant(store, key, value);
  /** A parser of times also takes what stands in brackets behind them. */
  const time = () => `Nov 22 2026 14:00:00 GMT (${text().replaceAll(/[()]/g, "")})`;

  for (const name of ["api-2", keyed(text())]) {
    await put(`agents/${name}.json`, {
      id: text(),
      status: text(),
      step: text(),
      started_at: time(),
      heartbeat: time(),
      summary: text(),
      host: text(),
      harness: text(),
      session: text(),
    });
  }
  await hostileSteps(put, text, time);
  await hostileMail(put, text, time);

  const memory = () => ({
    value: text(),
    set_by: text(),
    set_at: time(),
    revision: text(),
    revisions: [
      { revision: text(), value: text(), set_by: text(), set_at: time() },
      { revision: text(), value: { [text()]: [text()] }, set_by: text(), set_at: at },
    ],
    [text()]: text(),
  });
  await put("memory/plain.json", memory());
  await put("memory/json.json", { ...memory(), value: { [text()]: [text(), { deep: text() }] } });
  await put("memory/gone.json", { ...memory(), deleted: true, value: "" });
  await put(`memory/${keyed(text())}.json`, memory());
  await put("artifacts/shared/file.txt", "bytes");
  await put(`artifacts/shared/${keyed(text())}`, text());
  await put(`artifacts/${keyed(text())}/${keyed(text())}`, text());
  await hostileEvents(put, text, time);
  await hostileSessions(put, text, time);
}

/** Manifests, transcripts and reservations. */
async function hostileSessions(
  put: (key: string, value: unknown) => Promise<void>,
  text: () => string,
  time: () => string,
): Promise<void> {
  for (const [harness, session] of [
    ["claude-code", "11111111-1111-4111-8111-111111111111"],
    ["codex", "22222222-2222-4222-8222-222222222222"],
    ["claude-code", keyed(text())],
  ]) {
    const folder = `sessions/${harness}/${session}`;
    const lines = [
      { type: "user", timestamp: time(), message: { role: "user", content: text() } },
      { [text()]: text() },
    ];
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("") + `${text()}\n`;
    const bytes = Buffer.byteLength(body);
    await put(`${folder}/part-00000-0000000a.jsonl`, body);
    await put(`${folder}/meta.json`, {
      harness,
      session_id: session,
      source_path: text(),
      cwd: text(),
      agent_id: text(),
      started_at: time(),
      last_uploaded_at: time(),
      ended_at: time(),
      total_source_bytes: bytes,
      total_uploaded_bytes: bytes,
      redaction_counts: { [text()]: 1 },
      parts: [
        {
          seq: 0,
          uuid: "0000000a",
          cursor_range: [0, bytes],
          source_bytes: bytes,
          uploaded_bytes: bytes,
          redactions: { [text()]: 2 },
          uploaded_at: time(),
        },
      ],
      parent: text(),
      title: text(),
      harness_version: text(),
      [text()]: text(),
    });
  }
  const reservation = {
    agent: text(),
    session: text(),
    pattern: "src/**",
    mode: "exclusive",
    step: text(),
    ttl_s: 86_400,
  };
  const odd = { ...reservation, agent: text(), pattern: text(), mode: "shared" };
  await put("reservations.json", {
    reservations: [reservation, odd].map((one) => ({
      ...one,
      since: time(),
      renewed_at: at,
      [text()]: text(),
    })),
  });
}

async function hostileSteps(
  put: (key: string, value: unknown) => Promise<void>,
  text: () => string,
  time: () => string,
): Promise<void> {
  const handoff = () => ({
    schema: 3,
    from_agent: text(),
    from_step: text(),
    next_agent: text(),
    state: text(),
    next_action: text(),
    note: text(),
    changed_files: [text(), text(), "a.ts"],
    created_at: time(),
    term: 2,
    n: 2,
  });
  const entry = (n: number, state: string, agent: string | null) => ({
    n,
    at: time(),
    agent,
    session: text(),
    term: 2,
    state,
    nonce: text(),
    taken_from: { agent: text(), session: text(), term: 1 },
  });
  const claim = (state: string, agent: string | null, more: object = {}) => ({
    schema: 3,
    agent,
    session: text(),
    claimed_at: time(),
    term: 2,
    state,
    ttl_s: 3600,
    nonce: text(),
    n: 2,
    log: [entry(1, "in_progress", text()), entry(2, state, agent)],
    handoff: handoff(),
    ...more,
  });
  const mine = { session: "session-of-web-1" };
  await put("steps/held/claim.json", claim("in_progress", text()));
  await put("steps/lapsed/claim.json", claim("in_progress", text(), { ttl_s: 1 }));
  await put("steps/done/claim.json", claim("complete", text()));
  await put("steps/stuck/claim.json", claim("blocked", text()));
  await put("steps/review/claim.json", claim("needs_review", text()));
  await put("steps/open/claim.json", claim("released", null));
  await put("steps/mine/claim.json", claim("complete", "web-1", mine));
  await put("steps/again/claim.json", claim("in_progress", "web-1"));
  const ours = { ...entry(1, "in_progress", "web-1"), ...mine, term: 1 };
  await put(
    "steps/lost/claim.json",
    claim("in_progress", text(), { log: [ours, entry(2, "in_progress", text())] }),
  );
  await put("steps/foreign/claim.json", claim("in_progress", text()));
  await put("steps/foreign/status.json", { status: "complete", agent: text() });
  await put("steps/loose/status.json", { status: "blocked", agent: text(), started_at: time() });
  await put("steps/old/claim.json", { agent: text(), claimed_at: time() });
  await put("steps/old/status.json", { status: text(), agent: text(), started_at: time() });
  await put("steps/old/handoff.json", { ...handoff(), n: undefined, term: undefined });
  await put(`steps/${keyed(text())}/claim.json`, claim("in_progress", text(), { ttl_s: 1 }));
  await put(`steps/${keyed(text())}/claim.json`, claim("released", null));
}

async function hostileMail(
  put: (key: string, value: unknown) => Promise<void>,
  text: () => string,
  time: () => string,
): Promise<void> {
  for (const [index, folder] of ["web-1", "web-1", "_broadcast", "api-2"].entries()) {
    const from = index === 0 ? "api-2" : keyed(text()).replaceAll(/[\n\r\u2028\u2029]/g, "~");
    const id = index.toString(16).padStart(8, "a");
    await put(`messages/${folder}/${ns + BigInt(index)}_${from}_${id}.json`, {
      id,
      from,
      to: text(),
      message: text(),
      sent_at: time(),
      subject: text(),
      thread: text(),
      in_reply_to: text(),
      importance: index === 0 ? "urgent" : text(),
      ack_required: index < 2,
    });
  }
}

async function hostileEvents(
  put: (key: string, value: unknown) => Promise<void>,
  text: () => string,
  time: () => string,
): Promise<void> {
  const fields =
    "session step why act op key revision previous message_id from harness mode path nonce state found_agent";
  const kinds = "claim transition renew refused fenced log memory artifact agent read ack reserve";
  for (const [index, kind] of [...kinds.split(" "), text()].entries()) {
    const agent = index % 2 === 0 ? "api-2" : keyed(text()).replaceAll(/[\n\r\u2028\u2029]/g, "~");
    const id = index.toString(16).padStart(8, "b");
    const spelt = Object.fromEntries(fields.split(" ").map((field) => [field, text()]));
    await put(`events/2026-11-22/${ns + BigInt(index)}_${agent}_${id}.json`, {
      id,
      at: time(),
      client_at: time(),
      clock_offset_ms: 0,
      agent,
      ...spelt,
      kind: kind === "fenced" ? "refused" : kind,
      ...(kind === "fenced" && { why: "fenced", term: text(), found_term: text() }),
      paths: [text(), text()],
      ids: [text()],
      entry: { n: 1, nonce: text(), agent: text(), at: time(), [text()]: text() },
      value: text(),
      sha256: text(),
      replaced: true,
      registered: true,
      [text()]: text(),
    });
  }
}

/** A text as one segment of a key: what no store takes there is left out. */
function keyed(text: string): string {
  const short = Array.from(text.replaceAll("/", ":").replaceAll("\0", "")).slice(0, 60).join("");
  return short === "" || /^\.+$/.test(short) ? createHash("md5").update(text).digest("hex") : short;
}

/** Every command that prints something of the bucket, in an order in which each still finds it. */
export const printingCalls: readonly Call[] = [
  ["status"],
  ["steps", { all: true }],
  ["agents", { all: true }],
  ["step-status", { steps: stepNames }],
  ...stepNames.map((step): Call => ["step-status", { steps: [step] }]),
  ...stepNames.map((step): Call => ["handoff", { step }]),
  ["wait-for", { steps: ["held", "review", "lapsed", "foreign", "open"], timeout: "0" }],
  ["wait-for", { steps: ["stuck"], timeout: "0" }],
  ["log", { all: true }],
  ["watch", { since: "AQAAAAAAAA", once: true }],
  ["inbox", { peek: true }],
  ["inbox", { all: true }],
  ["inbox", { show: "aaaaaaa1" }],
  ["ack", { ids: ["aaaaaaa0", "aaaaaaa1"] }],
  ["ack", { ids: ["aa"] }],
  ["inbox"],
  ["memory list", { values: true }],
  ["memory get", { key: "plain" }],
  ["memory get", { key: "json" }],
  ["memory history", { key: "plain" }],
  ["memory history", { key: "json" }],
  ["memory set", { key: "plain", value: "x", ifRevision: "00000000" }],
  ["memory delete", { key: "plain", ifRevision: "00000000" }],
  ["memory delete", { key: "gone" }],
  ["artifact list", { long: true }],
  ["artifact list"],
  ["session list"],
  ["session list", { sortBy: "size" }],
  ["session show", { id: "1111" }],
  ["session show", { id: "1111", tail: "9" }],
  ["session show", { id: "1111", events: true }],
  ["session show", { id: "2222", events: true }],
  ["session verify"],
  ["session search", { pattern: "e", all: true }],
  ["session search", { pattern: ".", regex: true }],
  ["session stop", { id: "2222" }],
  ["reservations"],
  ["reserve", { pattern: "src/a.ts" }],
  ["reserve", { pattern: "src/a.ts", advise: true }],
  ["artifact download", { name: "none.txt" }],
  ["send", { to: "nobody", text: "hello" }],
  ["claim", { step: "held" }],
  ["claim", { step: "done" }],
  ["claim", { step: "again" }],
  ["claim", { step: "old" }],
  ["complete", { step: "held" }],
  ["complete", { step: "mine" }],
  ["complete", { step: "mine", note: "another" }],
  ["complete", { step: "again" }],
  ["complete", { step: "open" }],
  ["release", { step: "held" }],
  ["release", { step: "stuck" }],
  ["renew", { step: "held" }],
  ["renew", { step: "done" }],
  ["complete", { step: "lost" }],
  ["release", { step: "lost" }],
  ["reopen", { step: "held" }],
  ["reopen", { step: "stuck" }],
  ["claim", { step: "lapsed" }],
  ["complete", { step: "review", force: true }],
  ["status"],
];
