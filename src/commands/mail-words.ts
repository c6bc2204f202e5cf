import type { Letter } from "../coord/mail-folders.ts";
import { isUrgent, type Message } from "../coord/mailbox.ts";
import { isName } from "../format/names.ts";
import { formatTime } from "../format/records.ts";
import type { View } from "./command.ts";
import { displayWidth } from "./display-width.ts";
import { frame, type FramedLine } from "./frame.ts";
import type { Item } from "./mail-choice.ts";
import { shownLine } from "./text.ts";
import { size, timeFor } from "./values.ts";

/** What one reading shows, as that view tells it. `nonce` is new for each reading. */
export function mailText(
  view: View,
  { nonce, items, nowMs }: { nonce: string; items: readonly Item[]; nowMs: number },
): string {
  const senders = items.map((item) => ("message" in item ? item.message.from : senderOf(item.named)));
  const width = Math.max(...senders.map((from) => displayWidth(shownLine(from))));
  const lines = items.flatMap((item) => {
    if ("named" in item) return [namedLine(item.named)];
    return view.layout === "plain"
      ? plainLines(item.message)
      : [terminalLine(view, item.message, width, nowMs)];
  });
  return frame({ kind: "mail", nonce, from: [...new Set(senders)], lines }, view);
}

/** A message for `--json`: exact, and absent means absent. */
export function messageJson({ id, from, kind, record }: Message): Record<string, unknown> {
  const { message, sent_at, subject, thread, in_reply_to, importance, ack_required } = record;
  return {
    id,
    from,
    kind,
    message,
    sent_at,
    ...(subject != null && { subject }),
    ...(thread != null && { thread }),
    ...(in_reply_to != null && { in_reply_to }),
    ...(importance != null && { importance }),
    ...(ack_required != null && { ack_required }),
    untrusted: true,
  };
}

function plainLines(message: Message): FramedLine[] {
  const { record, kind, from } = message;
  const first = { label: `[${sentAt(message)}] (${kind}) ${from}: `, body: record.message };
  const told = marksOf(message);
  if (record.subject) told.push("subject: ");
  if (told.length === 0) return [first];
  return [
    first,
    { label: `^ ${message.id} ${told.join(", ")}`, body: record.subject?.replaceAll("\n", " ") ?? "" },
  ];
}

function terminalLine(view: View, message: Message, width: number, nowMs: number): FramedLine {
  const { record, kind, from, id } = message;
  const told = [
    ...(kind === "broadcast" ? ["broadcast"] : []),
    ...(isUrgent(message) ? [view.paint("waiting", "urgent")] : []),
    ...(record.ack_required ? [`wants ack: ${view.paint("command", `tracecraft ack ${id}`)}`] : []),
    ...(record.subject ? [shownLine(record.subject)] : []),
  ];
  const name = shownLine(from);
  const padding = " ".repeat(Math.max(0, width - displayWidth(name)));
  const when = view.paint("dim", timeFor(view, Date.parse(record.sent_at), nowMs));
  const head = `${view.paint("bold", name)}${padding}  ${when}${told.length > 0 ? `  ${told.join(" · ")}` : ""}`;
  return { label: name, terminal: head, body: record.message };
}

/** Ours at column 0, so only what is of the form that we write: no words of the sender's. */
function marksOf(message: Message): string[] {
  const { thread, in_reply_to: answers, ack_required: wanted } = message.record;
  return [
    ...(isUrgent(message) ? ["urgent"] : []),
    ...(wanted ? ["wants ack"] : []),
    ...(thread && isName(thread) ? [`thread ${thread}`] : []),
    ...(answers && /^[0-9a-f]{8}$/.test(answers) ? [`re ${answers}`] : []),
  ];
}

function namedLine(letter: Letter): FramedLine {
  const id = letter.name?.id ?? "";
  const label = `^ ${id} ${size(letter.size)} from ${senderOf(letter)}, not shown: tracecraft inbox --show ${id}`;
  return { label };
}

function senderOf({ name }: Letter): string {
  return name?.by ?? "";
}

/** As in the record, where that is a time and nothing else: a parser also takes times that end in words. */
function sentAt({ record }: Message): string {
  const text = record.sent_at;
  const exact = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/.test(text);
  return exact ? text : formatTime(Date.parse(text));
}
