import { TracecraftError } from "../errors.ts";
import { messageKey } from "../format/keys.ts";
import { broadcast } from "../format/names.ts";
import { formatTime, schemaNumber, valueLimit, writeRecord } from "../format/records.ts";
import { isKnownAgent } from "./agents.ts";
import { correctedNow } from "./clock.ts";
import { putFresh } from "./fresh.ts";
import { readLocal } from "./local.ts";
import type { Project } from "./project.ts";

/** A subject, in bytes: it is one line of a list. */
export const subjectLimit = 1_024;
/**
 * How far the last key of a sender may be ahead of the clock and still be followed. More than this is a clock that was
 * set right, after a message whose key is of no use to follow.
 */
const followedMs = 60 * 60_000;

/** What one agent writes to another, or to everyone. Checked and redacted by the caller. */
export interface Draft {
  readonly to: string;
  readonly message: string;
  readonly subject?: string | undefined;
  readonly thread?: string | undefined;
  readonly inReplyTo?: string | undefined;
  readonly urgent?: boolean;
  readonly ackRequired?: boolean;
}

export interface Sent {
  readonly id: string;
  readonly key: string;
  readonly sentAt: string;
  /** Whether such an agent was ever seen here; undefined where that could not be learned. */
  readonly known: { readonly known: boolean; readonly agents: readonly string[] } | undefined;
}

/**
 * Sends one message: one put, and beside it, for a recipient that this machine has not heard of, one listing of the
 * agents. A text over 256 KiB is the error `usage`. An outcome that stays unknown is an error: the message may be in,
 * and sending it again would send it twice.
 */
export async function sendMessage(project: Project, draft: Draft): Promise<Sent> {
  const { agent, world } = project;
  const bytes = Buffer.byteLength(draft.message);
  refuseOver(draft.to, "the message", bytes, valueLimit, "tracecraft artifact upload FILE");
  refuseOver(draft.to, "the subject", Buffer.byteLength(draft.subject ?? ""), subjectLimit);

  const id = world.randomHex(4);
  const sentAt = formatTime(correctedNow(project));
  const key = messageKey(draft.to, nextNs(project), agent, id);
  const body = writeRecord(key, {
    schema: schemaNumber,
    id,
    from: agent,
    to: draft.to,
    message: draft.message,
    sent_at: sentAt,
    ...(draft.subject !== undefined && { subject: draft.subject }),
    ...(draft.thread !== undefined && { thread: draft.thread }),
    ...(draft.inReplyTo !== undefined && { in_reply_to: draft.inReplyTo }),
    ...(draft.urgent && { importance: "urgent" }),
    ...(draft.ackRequired && { ack_required: true }),
  });

  const knows = draft.to === broadcast ? Promise.resolve(undefined) : isKnownAgent(project, draft.to);
  const doubt = await putFresh(project, key, body);
  if (doubt) {
    throw new TracecraftError(
      "outcome_unknown",
      `Cannot send to "${draft.to}": outcome unknown after ${project.deadlineMs / 1000}s`,
      { cause: doubt, details: { id, key } },
    );
  }
  return { id, key, sentAt, known: await knows };
}

/**
 * The time that names the next message, in ns: this machine's, corrected, but always after the last one that this
 * sender used here, so that its messages keep their order within a millisecond and when the clock is set back.
 */
function nextNs(project: Project): bigint {
  const name = `sent/${project.agent}`;
  const now = BigInt(Math.trunc(correctedNow(project))) * 1_000_000n;
  const last = lastNs(readLocal<{ ns: string }>(project.local, name)?.ns);
  const ahead = last - now;
  const next = ahead >= 0n && ahead < BigInt(followedMs) * 1_000_000n ? last + 1n : now;
  project.local.write(name, { ns: next.toString() });
  return next;
}

function lastNs(text: unknown): bigint {
  return typeof text === "string" && /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

function refuseOver(to: string, what: string, bytes: number, limit: number, hint?: string): void {
  if (bytes <= limit) return;
  throw new TracecraftError("usage", `Cannot send to "${to}": ${what} has ${bytes} bytes, over ${limit}`, {
    hint,
  });
}
