import { isAttempt, resolveAttempts, type AttemptOutcome } from "../coord/outcomes.ts";
import { listHistory } from "../coord/history-list.ts";
import { readClaim, type ClaimRecord } from "../coord/claim-record.ts";
import type { Project } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import {
  agentsPrefix,
  artifactsPrefix,
  inboxesPrefix,
  memoryPrefix,
  messagesPrefix,
  parseAgentKey,
  parseArtifactKey,
  parseInboxKey,
  parseMemoryKey,
  parseMessageKey,
  parseRecordName,
  parseStepKey,
  stepsPrefix,
} from "../format/keys.ts";
import {
  agentRecord,
  eventRecord,
  handoffRecord,
  inboxRecord,
  memoryRecord,
  messageRecord,
  readRecord,
  recordReadLimit,
  statusRecord,
  type AgentRecord,
  type EventRecord,
  type HandoffRecord,
  type InboxRecord,
  type MemoryRecord,
  type MessageRecord,
  type StatusRecord,
} from "../format/records.ts";
import type { Listed, Store } from "../store/store.ts";

const parallelReads = 64;

/** One entry of the journal, what became of it where it was an attempt, and when the store got it. */
export interface JournalEntry {
  readonly event: EventRecord;
  readonly outcome: AttemptOutcome | undefined;
  readonly writtenAt: number;
}

/** A record, and when the store got it. */
export interface Arrived<T> {
  readonly record: T;
  readonly writtenAt: number;
}

export interface MailRecord {
  readonly key: string;
  readonly id: string;
  readonly from: string;
  /** `_broadcast` for everybody. */
  readonly to: string;
  readonly record: MessageRecord;
  readonly writtenAt: number;
}

/** What the coordination records of a bucket hold, by no order. */
export interface Records {
  readonly journal: readonly JournalEntry[];
  readonly mail: readonly MailRecord[];
  /** Of each step its claim as it is now. */
  readonly claims: ReadonlyMap<string, ClaimRecord>;
  readonly agents: ReadonlyMap<string, AgentRecord>;
  readonly memory: ReadonlyMap<string, MemoryRecord>;
  /** By step: what readers of format 1 see, or what it wrote. */
  readonly statuses: ReadonlyMap<string, Arrived<StatusRecord>>;
  readonly handoffs: ReadonlyMap<string, HandoffRecord>;
  /** By agent: what it has read. */
  readonly inboxes: ReadonlyMap<string, Arrived<InboxRecord>>;
  readonly artifacts: readonly Listed[];
  /** What could not be read, by key. */
  readonly problems: readonly string[];
}

/** Records by key, each with its version: what has the same one is not read again. */
export type KeptRecords = Map<string, { readonly version: string; readonly record: unknown }>;

/**
 * Reads all coordination records of a project. What is malformed is named and hides nothing else. What `kept` has of
 * before is taken from there, and then it has what is there now.
 */
export async function readRecords(project: Project, kept: KeptRecords = new Map()): Promise<Records> {
  const { store } = project;
  const problems: string[] = [];
  const [history, ...others] = await Promise.all([
    listHistory(store, 0),
    listed(store, agentsPrefix),
    listed(store, memoryPrefix),
    listed(store, stepsPrefix),
    listed(store, inboxesPrefix),
    listed(store, artifactsPrefix),
  ]);
  const [agents, memory, steps, inboxes, artifacts] = others;
  const { read, settle } = reading(store, kept, problems);

  const events: { event: EventRecord; writtenAt: number }[] = [];
  const mail: MailRecord[] = [];
  await each(history.objects, async (object) => {
    const { key, writtenAt } = object;
    if (key.startsWith(messagesPrefix)) {
      const record = await read(object, (at, body) => readRecord(messageRecord, at, body));
      const name = parseMessageKey(key);
      if (record && name) mail.push({ key, id: name.id, from: name.by, to: name.to, record, writtenAt });
      return;
    }
    const event = await read(object, (at, body) => readRecord(eventRecord, at, body));
    if (event && parseRecordName(key)?.by === event.agent) events.push({ event, writtenAt });
    else if (event) problems.push(key); // It says that it is somebody else's.
  });
  const attempts = events.filter(({ event }) => isAttempt(event));
  const outcomes = await resolveAttempts(
    project,
    attempts.map(({ event }) => event),
    events.map(({ event }) => event).filter(({ kind }) => kind === "log"),
  );
  const outcomeOf = new Map(attempts.map(({ event }, index) => [event, outcomes[index]]));

  const found: Records = {
    journal: events.map(({ event, writtenAt }) => ({ event, writtenAt, outcome: outcomeOf.get(event) })),
    mail,
    claims: await byName(steps, stepOf("claim"), (object) => read(object, readClaim)),
    statuses: await byName(steps, stepOf("status"), (object) =>
      read(object, (key, body) => ({
        record: readRecord(statusRecord, key, body),
        writtenAt: object.writtenAt,
      })),
    ),
    handoffs: await byName(steps, stepOf("handoff"), (object) =>
      read(object, (key, body) => readRecord(handoffRecord, key, body)),
    ),
    inboxes: await byName(inboxes, parseInboxKey, (object) =>
      read(object, (key, body) => ({
        record: readRecord(inboxRecord, key, body),
        writtenAt: object.writtenAt,
      })),
    ),
    artifacts: artifacts.filter(({ key }) => parseArtifactKey(key) !== undefined),
    agents: await byName(agents, parseAgentKey, (object) =>
      read(object, (key, body) => readRecord(agentRecord, key, body)),
    ),
    memory: await byName(memory, parseMemoryKey, (object) =>
      read(object, (key, body) => readRecord(memoryRecord, key, body)),
    ),
    problems,
  };
  settle();
  return found;
}

/** Reads records that are not kept from before; `settle` forgets those that were not asked for. */
function reading(store: Store, kept: KeptRecords, problems: string[]) {
  const there = new Set<string>();
  return {
    async read<T>({ key, version }: Listed, parse: (key: string, body: Uint8Array) => T) {
      there.add(key);
      const known = kept.get(key);
      if (known?.version === version) return known.record as T; // A key is always read in the same way.
      try {
        const object = await store.get(key, { limit: recordReadLimit });
        if (object === undefined) return undefined;
        const record = parse(key, object.body);
        kept.set(key, { version: object.version, record });
        return record;
      } catch (error) {
        if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
        problems.push(key);
        return undefined;
      }
    },
    settle(): void {
      for (const key of kept.keys()) if (!there.has(key)) kept.delete(key);
    },
  };
}

/** The step whose claim, status or handoff a key is. */
function stepOf(wanted: "claim" | "status" | "handoff") {
  return (key: string): string | undefined => {
    const parsed = parseStepKey(key);
    return parsed?.record === wanted ? parsed.step : undefined;
  };
}

async function listed(store: Store, prefix: string): Promise<Listed[]> {
  const all: Listed[] = [];
  for await (const { objects } of store.list(prefix)) all.push(...objects);
  return all;
}

async function byName<T>(
  objects: readonly Listed[],
  nameOf: (key: string) => string | undefined,
  read: (object: Listed) => Promise<T | undefined>,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  await each(objects, async (object) => {
    const name = nameOf(object.key);
    const record = name === undefined ? undefined : await read(object);
    if (name !== undefined && record !== undefined) found.set(name, record);
  });
  return found;
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(parallelReads, items.length) }, worker));
}
