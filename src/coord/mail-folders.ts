import {
  inboxKey,
  isBroadcastKey,
  mailFrom,
  mailPrefix,
  parseMessageKey,
  parseRecordName,
} from "../format/keys.ts";
import type { RecordName } from "../format/keys.ts";
import { broadcast } from "../format/names.ts";
import { inboxRecord, readRecord, type InboxRecord } from "../format/records.ts";
import type { Listed, Store } from "../store/store.ts";
import { beginning, byArrival, dayMs, isUnseen, type Progress } from "./arrivals.ts";
import { correctedNow } from "./clock.ts";
import { readLocal } from "./local.ts";
import type { Project } from "./project.ts";
import { readFound, type Found } from "./update.ts";

/** A folder of more keys than one page is read from a day before the mark, and whole once an hour. */
const pageKeys = 1_000;
const sweepMs = 3_600_000;

/** A message that lies in one of the reader's two folders, not opened yet. */
export interface Letter extends Listed {
  readonly kind: "direct" | "broadcast";
  /** Undefined where the key is not one of a message. */
  readonly name: RecordName | undefined;
}

/** An agent's mail as one look found it: the two folders and how far they were read. */
export interface Mailbox {
  readonly letters: readonly Letter[];
  /** The part of `letters` that was never shown. */
  readonly unread: readonly Letter[];
  readonly inbox: Found<InboxRecord> | undefined;
  /** Whether both folders were listed whole. Only then may the mark move. */
  readonly whole: boolean;
  /** Whether one of them has more than a page. */
  readonly large: boolean;
  /** Whether the last whole listing of a large folder is an hour old, so that this one is to be recorded. */
  readonly sweeps: boolean;
  /** The store's clock when the first listing began, in ms. */
  readonly storeNow: number | undefined;
}

interface Known {
  readonly mark: number;
  readonly swept_at: number;
  readonly large: boolean;
}

/**
 * Looks into `messages/<me>/` and `messages/_broadcast/`, oldest first by arrival, without opening anything: one round
 * trip for folders of up to 1,000 messages. One's own broadcasts are left out. `whole` lists all there is, however
 * much; what nobody has read yet is always in it.
 */
export async function lookIntoMail(project: Project, { whole = false } = {}): Promise<Mailbox> {
  const { store, agent, local } = project;
  const known = readLocal<Known>(local, stateName(agent));
  const now = correctedNow(project);
  const sweeps = known?.large === true && now - (known.swept_at ?? 0) > sweepMs;
  const from = known?.large && !sweeps && !whole ? (known.mark ?? 0) - dayMs : undefined;

  const [inbox, direct, everyone] = await Promise.all([
    readFound(store, { key: inboxKey(agent), read: readInbox }),
    listFolder(store, agent, from),
    listFolder(store, broadcast, from),
  ]);
  const progress = progressOf(inbox?.record);
  // A mark that went back was put back, with a copy of the bucket: what this machine knows of it is worth nothing.
  if (from !== undefined && progress.mark < (known?.mark ?? 0))
    return await lookIntoMail(project, { whole: true });

  const letters = [...direct.objects, ...everyone.objects]
    .toSorted(byArrival)
    .map(asLetter)
    .filter((letter) => letter.kind === "direct" || letter.name?.by !== agent);
  const large = from !== undefined || Math.max(direct.objects.length, everyone.objects.length) > pageKeys;
  const sweptAt = sweptAtOf(inbox?.record);
  if (large || known?.large) rememberReading(project, inbox?.record, large);
  return {
    letters,
    unread: letters.filter((letter) => isUnseen(letter, progress)),
    inbox,
    whole: from === undefined,
    large,
    sweeps: large && from === undefined && now - sweptAt > sweepMs,
    storeNow: earlier(direct.storeNow, everyone.storeNow),
  };
}

/** What the next look needs to know before it has read the inbox: where to begin, and whether all is due. */
export function rememberReading(
  { local, agent }: Project,
  inbox: InboxRecord | undefined,
  large: boolean,
): void {
  const known: Known = { mark: progressOf(inbox).mark, swept_at: sweptAtOf(inbox), large };
  local.write(stateName(agent), known);
}

function sweptAtOf(inbox: InboxRecord | undefined): number {
  return Date.parse(inbox?.swept_at ?? "") || 0;
}

export function readInbox(key: string, body: Uint8Array): InboxRecord {
  return readRecord(inboxRecord, key, body);
}

export function progressOf(inbox: InboxRecord | undefined): Progress {
  return inbox ? { mark: Date.parse(inbox.mark), seen: new Set(inbox.seen) } : beginning;
}

async function listFolder(
  store: Store,
  to: string,
  from: number | undefined,
): Promise<{ objects: Listed[]; storeNow: number | undefined }> {
  const prefix = mailPrefix(to);
  const objects: Listed[] = [];
  let storeNow: number | undefined;
  let first = true;
  const after = from === undefined || from <= 0 ? undefined : mailFrom(to, from);
  for await (const page of store.list(prefix, after)) {
    if (first) ({ storeNow } = page);
    first = false;
    // What lies deeper belongs to an agent of format 1 that has a "/" in its name.
    objects.push(...page.objects.filter(({ key }) => !key.includes("/", prefix.length)));
  }
  return { objects, storeNow };
}

function asLetter(object: Listed): Letter {
  return {
    ...object,
    kind: isBroadcastKey(object.key) ? "broadcast" : "direct",
    name: parseMessageKey(object.key) && parseRecordName(object.key),
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}

function stateName(agent: string): string {
  return `mail/${agent}`;
}
