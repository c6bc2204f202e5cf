import { TracecraftError } from "../errors.ts";
import { messagesPrefix, parseMessageKey, parseRecordName } from "../format/keys.ts";
import {
  eventRecord,
  messageRecord,
  readRecord,
  recordReadLimit,
  type EventRecord,
} from "../format/records.ts";
import type { Listed } from "../store/store.ts";
import { isAttempt, resolveAttempts, type AttemptOutcome } from "./outcomes.ts";
import type { Project } from "./project.ts";

const parallelReads = 64;

/** One thing that happened. Never a body: no message, value or note, only how large it was. */
export interface HistoryEntry {
  /** `send` for a message, else the kind that its event has. */
  readonly kind: string;
  readonly id: string;
  readonly agent: string;
  /** By the writer's corrected clock, as in the record. */
  readonly at: string;
  /** What belongs to this kind, in snake_case, safe to be shown to anybody. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly outcome: AttemptOutcome | undefined;
}

export interface OpenedEvent {
  readonly entry?: HistoryEntry;
  readonly problem?: { readonly key: string; readonly why: string };
}

export async function openHistory(project: Project, objects: readonly Listed[]): Promise<OpenedEvent[]> {
  const opened: (OpenedEvent & { event?: EventRecord })[] = [];
  for (let start = 0; start < objects.length; start += parallelReads) {
    const some = objects.slice(start, start + parallelReads);
    opened.push(...(await Promise.all(some.map((object) => openOne(project, object)))));
  }
  const events = opened.flatMap(({ event }) => event ?? []);
  const attempts = events.filter(isAttempt);
  const outcomes = await resolveAttempts(
    project,
    attempts,
    events.filter(({ kind }) => kind === "log"),
  );
  return opened.flatMap(({ event, entry, problem }): OpenedEvent[] => {
    const outcome = event && outcomes[attempts.indexOf(event)];
    // What only repeats another entry is none.
    if (!entry || outcome?.outcome === "retried" || entry.kind === "log") return [problem ? { problem } : {}];
    return [{ entry: { ...entry, outcome } }];
  });
}

async function openOne(project: Project, { key }: Listed): Promise<OpenedEvent & { event?: EventRecord }> {
  try {
    const object = await project.store.get(key, { limit: recordReadLimit });
    if (!object) return {};
    if (key.startsWith(messagesPrefix)) return { entry: messageEntry(key, object.body) };
    const event = readRecord(eventRecord, key, object.body);
    if (parseRecordName(key)?.by !== event.agent)
      return { problem: { key, why: `says it is by ${JSON.stringify(event.agent)}` } };
    const { kind, id, agent, at } = event;
    return { event, entry: { kind, id, agent, at, details: detailsOf(event), outcome: undefined } };
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
    return { problem: { key, why: String(error.details["why"] ?? error.message) } };
  }
}

function messageEntry(key: string, body: Uint8Array): HistoryEntry {
  const name = parseMessageKey(key)!;
  const record = readRecord(messageRecord, key, body);
  if (record.from !== name.by) {
    const why = `says it is from ${JSON.stringify(record.from)}`;
    throw new TracecraftError("malformed", `Cannot read "${key}": ${why}`, { details: { key, why } });
  }
  const details = {
    to: name.to,
    size_bytes: Buffer.byteLength(record.message),
    ...(record.importance && { importance: record.importance }),
    ...(record.thread && { thread: record.thread }),
    ...(record.in_reply_to && { in_reply_to: record.in_reply_to }),
    ...(record.ack_required && { ack_required: true }),
  };
  return { kind: "send", id: name.id, agent: name.by, at: record.sent_at, details, outcome: undefined };
}

/** What of an event may be shown, by what it is: names, counts and states. A value becomes its size. */
const shownFields: Readonly<Record<string, (value: unknown) => boolean>> = {
  "session step state act why op key revision sha256 message_id from pattern mode": isText,
  "found_agent previous harness": (value) => value === null || isText(value),
  "n size count ttl_s": isCount,
  "term found_term": (value) => value === null || isCount(value),
  "reopened replaced registered given_back": (value) => typeof value === "boolean",
  ids: (value) => Array.isArray(value) && value.every(isText),
};

/** A field that is not what it should be is left out: whoever reads `--json` can rely on its types. */
function detailsOf(event: EventRecord): Record<string, unknown> {
  const details: Record<string, unknown> = {};
  for (const [fields, isRight] of Object.entries(shownFields))
    for (const field of fields.split(" ")) if (isRight(event[field])) details[field] = event[field];
  const value = event["value"];
  if (value !== undefined)
    details["size_bytes"] = Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));
  return details;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
