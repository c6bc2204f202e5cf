import { TracecraftError } from "../errors.ts";
import { inboxKey, parseRecordName } from "../format/keys.ts";
import { formatTime, messageRecord, readRecord, recordReadLimit, schemaNumber } from "../format/records.ts";
import type { InboxRecord, MessageRecord } from "../format/records.ts";
import { advance } from "./arrivals.ts";
import { correctedNow } from "./clock.ts";
import { journal } from "./journal.ts";
import { bodiesKept, keepBodies } from "./mail-cache.ts";
import {
  lookIntoMail,
  progressOf,
  readInbox,
  rememberReading,
  type Letter,
  type Mailbox,
} from "./mail-folders.ts";
import { rememberNews } from "./news.ts";
import { updateOwn } from "./own-record.ts";
import type { Project } from "./project.ts";
import type { Outcome } from "./update.ts";

/** Bodies that are fetched at a time. */
export const openAtOnce = 64;
/** Acknowledgements that an inbox keeps; older ones are in the journal. */
const ackedLimit = 1_000;
/** Ids that one entry of the journal names. */
const journalledIds = 1_000;

export interface Message {
  readonly key: string;
  readonly id: string;
  readonly from: string;
  readonly kind: Letter["kind"];
  readonly record: MessageRecord;
  /** Of the text, in UTF-8. */
  readonly bytes: number;
}

/** Something in the reader's folder that is not a message. It is named once, and counts as shown. */
export interface Problem {
  readonly key: string;
  readonly why: string;
}

export type Opened =
  | { readonly letter: Letter; readonly message: Message }
  | { readonly letter: Letter; readonly problem: Problem }
  /** Deleted between the look and the opening. */
  | { readonly letter: Letter; readonly gone: true };

/**
 * Opens letters, 64 at a time, in their order. A malformed one is an answer and never hides the others; trouble with
 * the store throws. What was opened before on this machine is not fetched again: messages are immutable.
 */
export async function openLetters(project: Project, letters: readonly Letter[]): Promise<Opened[]> {
  const opened: Opened[] = [];
  const kept = bodiesKept(project);
  for (let start = 0; start < letters.length; start += openAtOnce) {
    const some = letters.slice(start, start + openAtOnce);
    opened.push(...(await Promise.all(some.map((letter) => openLetter(project, letter, kept(letter))))));
  }
  return opened;
}

async function openLetter(project: Project, letter: Letter, kept: Uint8Array | undefined): Promise<Opened> {
  const { key, name, kind } = letter;
  const problem = (why: string): Opened => ({ letter, problem: { key, why } });
  if (!name) return problem("its name is not a message's");
  if (letter.size > recordReadLimit)
    return problem(`${letter.size} bytes, over the limit of ${recordReadLimit}`);
  try {
    const body = kept ?? (await project.store.get(key, { limit: recordReadLimit }))?.body;
    if (!body) return { letter, gone: true };
    const record = readRecord(messageRecord, key, body);
    if (record.from !== name.by) return problem(`says it is from ${JSON.stringify(record.from)}`);
    const bytes = Buffer.byteLength(record.message);
    return { letter, message: { key, id: name.id, from: name.by, kind, record, bytes } };
  } catch (error) {
    // Trouble on the way is thrown: only what was read and is no message may count as shown.
    if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
    return problem(String(error.details["why"] ?? error.message));
  }
}

/**
 * Records that `shown` was shown. Call it only then: a reader that dies before shows them again, and none is lost. Two
 * readers of one agent merge. An outcome that stays unknown is an error: they may be shown again.
 */
export async function markRead(project: Project, mailbox: Mailbox, shown: readonly string[]): Promise<void> {
  const named = shown.flatMap((key) => parseRecordName(key)?.id ?? []);
  if (named.length > 0)
    journal(project, { kind: "read", ids: named.slice(0, journalledIds), count: named.length });
  const recorded = await changeInbox(project, mailbox, (inbox) => {
    const before = progressOf(inbox);
    const after = mailbox.whole
      ? advance(before, mailbox.letters, shown, mailbox.storeNow)
      : { mark: before.mark, seen: new Set([...before.seen, ...shown]) };
    return {
      mark: formatTime(after.mark),
      seen: [...after.seen].toSorted(),
      ...(mailbox.sweeps && { swept_at: formatTime(mailbox.storeNow ?? correctedNow(project)) }),
    };
  });
  if (mailbox.large) rememberReading(project, recorded, true);
}

/**
 * Removes the direct ones of `removed` from the bucket and records all of `shown` as read. Nothing of anybody
 * else's goes: a broadcast is merely marked.
 */
export async function deleteRead(
  project: Project,
  mailbox: Mailbox,
  removed: readonly Letter[],
  shown: readonly string[],
): Promise<void> {
  const gone = new Set(removed.filter(({ kind }) => kind === "direct").map(({ key }) => key));
  const keys = [...gone];
  for (let start = 0; start < keys.length; start += openAtOnce) {
    await Promise.all(keys.slice(start, start + openAtOnce).map((key) => project.store.delete(key)));
  }
  // What is gone stays among what was seen: a late repetition of its put may bring it back.
  await markRead(
    project,
    { ...mailbox, letters: mailbox.letters.filter(({ key }) => !gone.has(key)) },
    shown,
  );
}

/** Records that these messages were acknowledged. Whether they were read is another matter. */
export async function acknowledge(
  project: Project,
  mailbox: Mailbox,
  letters: readonly Letter[],
): Promise<void> {
  const ids = letters.flatMap(({ name }) => name?.id ?? []);
  await changeInbox(project, mailbox, (inbox) => ({
    acked: [...new Set([...(inbox?.acked ?? []), ...ids])].slice(-ackedLimit),
  }));
  for (const { name } of letters) journal(project, { kind: "ack", message_id: name?.id, from: name?.by });
}

/** The one letter of this mailbox whose id starts so. */
export async function findLetter(
  project: Project,
  id: string,
  act: string,
): Promise<{ letter: Letter; mailbox: Mailbox }> {
  const mailbox = await lookIntoMail(project, { whole: true });
  const found = mailbox.letters.filter(({ name }) => id !== "" && name?.id.startsWith(id));
  if (found.length === 1) return { letter: found[0]!, mailbox };
  if (found.length === 0) {
    throw new TracecraftError("not_found", `Cannot ${act} "${id}": no such message in your inbox`, {
      hint: "tracecraft inbox --all",
    });
  }
  const ids = found.slice(0, 10).map(({ name }) => `${name?.id} from ${name?.by}`);
  throw new TracecraftError("usage", `Cannot ${act} "${id}": ${found.length} messages have such an id`, {
    cause: ids.join(", "),
  });
}

/** What is unread, for a screen that says so without showing any: from whom, and how many are urgent. */
export async function unreadMail(
  project: Project,
): Promise<{ count: number; urgent: number; from: readonly string[] }> {
  const { unread } = await lookIntoMail(project);
  const opened = await openLetters(project, unread.slice(0, openAtOnce)); // Beyond that, urgent means "at least".
  const urgent = opened.filter((one) => "message" in one && isUrgent(one.message)).length;
  const from = new Set(unread.flatMap(({ name }) => name?.by ?? []));
  rememberNews(project, { count: unread.length, urgent });
  keepBodies(project, opened);
  return { count: unread.length, urgent, from: [...from].toSorted() };
}

export function isUrgent({ record }: Message): boolean {
  return record.importance === "urgent";
}

async function changeInbox(
  project: Project,
  { inbox }: Mailbox,
  change: (inbox: InboxRecord | undefined) => Partial<InboxRecord>,
): Promise<InboxRecord> {
  const nonce = project.world.randomHex(16);
  const outcome: Outcome<InboxRecord, never> = await updateOwn(project, {
    key: inboxKey(project.agent),
    nonce,
    read: readInbox,
    assume: inbox ?? "nothing",
    decide: (found) => ({
      put: {
        mark: formatTime(0),
        seen: [],
        acked: [],
        ...found?.record,
        ...change(found?.record),
        schema: schemaNumber,
        nonce,
      },
    }),
    // To merge the same change in twice does no harm, so there is nothing to be unsure of.
    landed: (now) => (now.nonce === nonce ? "yes" : "no"),
  });
  if (outcome.kind === "written") return outcome.now.record;
  throw new TracecraftError(
    "outcome_unknown",
    `Cannot mark messages of "${project.agent}" as read: outcome unknown after ${project.deadlineMs / 1000}s`,
    { cause: outcome.kind === "unknown" ? outcome.cause : undefined },
  );
}
