import { findLetter } from "../coord/mailbox.ts";
import type { Project } from "../coord/project.ts";
import { sendMessage, type Sent } from "../coord/send.ts";
import { TracecraftError } from "../errors.ts";
import { broadcast, isName, recipientName, soundsLikeEveryone } from "../format/names.ts";
import { valueLimit } from "../format/records.ts";
import { defineCommand } from "./command.ts";
import { givenText } from "./given-text.ts";
import { mustBeNoSecret, redactTexts, redactionWarning } from "./redacted.ts";
import { echoed, shownLine } from "./text.ts";

/** Agents that a warning names, so that a slip is seen. */
const namedAgents = 8;

export const send = defineCommand({
  name: "send",
  summary: "Write to an agent, or to everyone",
  positionals: {
    to: { help: "the agent, or _broadcast for everyone" },
    text: { help: 'the message; "-" reads it from standard input', optional: true },
  },
  options: {
    file: { placeholder: "PATH", help: "take the message from a file" },
    subject: { placeholder: "TEXT", help: "one line that says what it is about" },
    thread: { placeholder: "NAME", help: "which conversation it belongs to" },
    replyTo: { placeholder: "ID", help: "the message that it answers" },
    urgent: { help: "say so in the reader's status line" },
    ack: { help: "ask for an acknowledgement" },
    noRedact: { help: "keep what looks like a secret" },
  },
  exits: { outcome_unknown: "it may have been sent" },
  examples: [
    'tracecraft send api-2 "contract is in memory key design.contract"',
    'tracecraft send _broadcast "v1 cut at 3pm" --urgent',
    "tracecraft send api-2 --file review.md",
  ],
  needs: "project",

  async run(context, { to: address, text: words, file, subject, thread, replyTo, urgent, ack, noRedact }) {
    const { project } = context;
    const to = recipientName(address);
    if (thread !== undefined && !isName(thread)) {
      throw new TracecraftError(
        "usage",
        `Cannot send in thread "${thread.slice(0, 200)}": a thread is 1 to 128 of letters, digits, ".", "_", "-"`,
      );
    }
    const given = await givenText(context, {
      cannot: `Cannot send to "${to}"`,
      what: "message",
      text: words,
      file,
      limitBytes: valueLimit,
      hint: `tracecraft send ${to} "…"`,
    });
    const text = given === words ? given : given.replace(/\r?\n$/, "");
    const { texts, counts } = await redactTexts(context, { text, subject, to, thread }, noRedact);
    mustBeNoSecret("Cannot send to", to, texts.to);
    mustBeNoSecret("Cannot send in thread", thread ?? "", texts.thread);
    const message = texts.text ?? "";
    const inReplyTo = replyTo === undefined ? undefined : await wholeId(project, replyTo);
    const sent = await sendMessage(project, {
      to,
      message,
      subject: texts.subject,
      thread,
      inReplyTo,
      urgent,
      ackRequired: ack,
    });
    return {
      data: {
        id: sent.id,
        to,
        sent_at: sent.sentAt,
        redactions: counts,
        ...(sent.known && { known: sent.known.known }),
      },
      text: `Sent to ${to}: ${echoed(message)}`,
      warnings: [
        ...redactionWarning(counts),
        ...unknownWarning(to, sent),
        ...(to === project.agent ? [`"${to}" is you`] : []),
      ],
    };
  },
});

/** A whole id is taken as it is, so that an answer costs nothing; a part of one is looked up. */
async function wholeId(project: Project, id: string): Promise<string> {
  if (/^[0-9a-f]{8}$/.test(id)) return id;
  const { letter } = await findLetter(project, id, "reply to");
  return letter.name?.id ?? id;
}

function unknownWarning(to: string, { known }: Sent): string[] {
  if (!known || known.known) return [];
  const named = known.agents.slice(0, namedAgents).map(shownLine).join(", ");
  const more = known.agents.length > namedAgents ? ", …" : "";
  const agents = named === "" ? "none yet" : `${named}${more}`;
  const everyone = soundsLikeEveryone(to) ? `; everyone is ${broadcast}` : "";
  return [`nobody has seen an agent "${to}" here; the message waits (agents: ${agents})${everyone}`];
}
