import * as v from "valibot";
import { TracecraftError } from "../errors.ts";

/** The format that we write. There is no format 2: the published tool's handoffs carry that number. */
export const schemaNumber = 3;

/** We write no record over this many bytes, … */
export const recordWriteLimit = 1024 * 1024;
/** … no message and no memory value over this, … */
export const valueLimit = 256 * 1024;
/** … and read no record over this. */
export const recordReadLimit = 4 * 1024 * 1024;
/** A note of a handoff, in bytes. */
export const noteLimit = 16 * 1024;
export const changedFilesLimit = 1000;
/** Transitions that a claim keeps in `log`; older ones are in the journal. */
export const logLimit = 100;
/** Revisions that a memory record keeps. */
export const revisionLimit = 20;
const nestingLimit = 100;
/** Clients take no lease longer than a year; one that is there all the same is a lease, and no reason to be unreadable. */
const ttlReadLimitS = 1e10;

const time = v.pipe(
  v.string(),
  v.check((text) => Number.isFinite(Date.parse(text)), "not a time"),
);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0)); // Beyond that, one more is no other number.
const text = v.string();
const nullable = v.nullish(v.string());

export const agentRecord = v.looseObject({
  id: text,
  status: text,
  step: nullable,
  started_at: time,
  heartbeat: time,
  summary: nullable,
  host: nullable,
  harness: nullable,
  session: nullable,
});

export const claimStates = ["in_progress", "complete", "blocked", "needs_review", "released"] as const;
const state = v.picklist(claimStates);

const logEntry = v.looseObject({
  n: count,
  at: time,
  agent: nullable,
  session: nullable,
  term: count,
  state,
  nonce: text,
  /** Who was put out by a take-over with --force or --mine. */
  taken_from: v.optional(v.looseObject({ agent: nullable, session: nullable, term: count })),
});

const handoff = v.looseObject({
  from_agent: text,
  from_step: text,
  next_agent: nullable,
  state: text,
  next_action: nullable,
  note: v.nullish(text, ""),
  changed_files: v.optional(v.array(text)),
  /** How many files were changed, where the list was cut. */
  changed_files_count: v.optional(count),
  created_at: time,
  term: v.optional(count),
  n: v.optional(count),
});

/** A claim of format 1 has `agent` and `claimed_at` alone. */
export const claimRecord = v.looseObject({
  agent: v.nullable(text),
  session: nullable,
  claimed_at: time,
  term: v.optional(count),
  state: v.optional(state),
  ttl_s: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(ttlReadLimitS))),
  nonce: v.optional(text),
  n: v.optional(count),
  log: v.optional(v.array(logEntry)),
  handoff: v.nullish(handoff),
});

export const statusRecord = v.looseObject({
  status: text,
  agent: nullable,
  started_at: v.nullish(time),
  completed_at: v.nullish(time),
  term: v.optional(count),
  n: v.optional(count),
});

export const handoffRecord = handoff;

export const messageRecord = v.looseObject({
  id: v.optional(v.pipe(text, v.regex(/^[0-9a-f]{8}$/))),
  from: text,
  to: text,
  message: text,
  sent_at: time,
  subject: nullable,
  thread: nullable,
  in_reply_to: nullable,
  importance: nullable,
  ack_required: v.nullish(v.boolean()),
});

export const inboxRecord = v.looseObject({
  /** Everything that arrived before it has been shown, but for what is still listed as unseen. */
  mark: time,
  swept_at: v.nullish(time),
  seen: v.array(text),
  acked: v.optional(v.array(text), []),
  nonce: v.optional(text),
});

const revision = v.looseObject({
  revision: text,
  /** Absent where it was too large to keep. */
  value: v.optional(v.unknown()),
  set_by: text,
  set_at: time,
  deleted: v.optional(v.boolean()),
});

export const memoryRecord = v.looseObject({
  /** Text; format 1 may hold any JSON value here. */
  value: v.unknown(),
  set_by: text,
  set_at: time,
  revision: v.optional(text),
  revisions: v.optional(v.array(revision)),
  deleted: v.optional(v.boolean()),
});

export const eventRecord = v.looseObject({
  id: v.pipe(text, v.regex(/^[0-9a-f]{8}$/)),
  kind: text,
  at: time,
  client_at: time,
  clock_offset_ms: v.number(),
  agent: text,
  session: nullable,
});

const reservation = v.looseObject({
  pattern: text,
  mode: v.picklist(["exclusive", "shared"]),
  agent: text,
  session: nullable,
  step: nullable,
  since: time,
  /** The store's clock in the reply that its writer's put was based on. It lapses `ttl_s` after that. */
  renewed_at: time,
  ttl_s: v.pipe(v.number(), v.minValue(1), v.maxValue(ttlReadLimitS)),
});

export const reservationsRecord = v.looseObject({
  reservations: v.array(reservation),
  nonce: v.optional(text),
});

export const storeVerdict = v.looseObject({
  endpoint: text,
  bucket: text,
  prefix: text,
  server: nullable,
  /** Of the program that measured. */
  version: text,
  measured_at: time,
  fit: v.boolean(),
  /** Why it is unfit, to follow the store's name, and what showed it. */
  fault: v.optional(v.pipe(text, v.regex(/^[ -~]{1,300}$/))),
  evidence: v.optional(v.pipe(text, v.regex(/^[ -~]{1,300}$/))),
  checks: v.array(v.looseObject({ name: text, result: v.picklist(["ok", "bad", "skipped"]), detail: text })),
  etag_quoting: v.optional(v.picklist(["quoted", "bare"])),
});

export type AgentRecord = v.InferOutput<typeof agentRecord>;
export type ClaimState = (typeof claimStates)[number];
export type ClaimRecord = v.InferOutput<typeof claimRecord>;
export type LogEntry = v.InferOutput<typeof logEntry>;
export type StatusRecord = v.InferOutput<typeof statusRecord>;
export type HandoffRecord = v.InferOutput<typeof handoffRecord>;
export type MessageRecord = v.InferOutput<typeof messageRecord>;
export type InboxRecord = v.InferOutput<typeof inboxRecord>;
export type MemoryRecord = v.InferOutput<typeof memoryRecord>;
export type EventRecord = v.InferOutput<typeof eventRecord>;
export type Reservation = v.InferOutput<typeof reservation>;
export type ReservationsRecord = v.InferOutput<typeof reservationsRecord>;
export type StoreVerdict = v.InferOutput<typeof storeVerdict>;

/**
 * The record at `key`, checked. Unknown fields are kept, so that a record which is read, changed and written loses
 * nothing. Anything that is not such a record is the error `malformed`, which names the key and why.
 */
export function readRecord<Schema extends v.GenericSchema>(
  schema: Schema,
  key: string,
  body: Uint8Array,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, parseJson(key, body));
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const path = v.getDotPath(issue);
  throw malformed(key, `${path ? `"${path}"` : "the whole"} ${issueWords(issue)}`.slice(0, 300));
}

/** "is missing", "is 5, not a string", or what the check says. */
function issueWords({ received, expected, message }: v.BaseIssue<unknown>): string {
  if (expected === null) return `is ${message}`;
  return received === "undefined" ? "is missing" : `is ${received}, not ${expected}`;
}

/** A record as the bytes that are put. Over the limit is the error `usage`: the caller's values are too large. */
export function writeRecord(key: string, record: object, limit = recordWriteLimit): Uint8Array {
  const body = Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`);
  if (body.length <= limit) return body;
  throw new TracecraftError(
    "usage",
    `Cannot write "${key}": ${body.length} bytes, over the limit of ${limit} for a record`,
  );
}

/** RFC 3339 in UTC with milliseconds; `+00:00`, because readers of format 1 refuse `Z`. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+00:00");
}

function parseJson(key: string, body: Uint8Array): unknown {
  const source = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  if (nestingOf(body) > nestingLimit) throw malformed(key, `nested deeper than ${nestingLimit}`);
  try {
    return JSON.parse(source);
  } catch (error) {
    const at =
      /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1] ??
      (source === "" ? "0" : undefined);
    throw malformed(key, at === undefined ? "not JSON" : `not JSON at byte ${at}`);
  }
}

/** How deep arrays and objects are nested, so that nothing that walks a record can run out of stack. */
function nestingOf(body: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (inString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}

function malformed(key: string, why: string): TracecraftError {
  return new TracecraftError("malformed", `Cannot read "${key}": ${why}`, { details: { key, why } });
}
