import type { Letter } from "../coord/mail-folders.ts";
import { openAtOnce, openLetters, type Message, type Opened, type Problem } from "../coord/mailbox.ts";
import type { Project } from "../coord/project.ts";

/** Lines of messages that one reading shows. */
const lineBudget = 20;
/** A longer text is only named, so that a list stays a list. */
const shownBytes = 4 * 1024;
/** An object this large has such a text, however its characters are escaped: it need not be fetched to be named. */
const fetchedBytes = 16 * 1024;
/** Malformed objects that one reading names and marks, unless all is asked for. */
const problemBudget = 20;

/** A message to be shown in full, or a letter that is only named and stays unread. */
export type Item = { readonly message: Message } | { readonly named: Letter };

export interface Choice {
  readonly items: readonly Item[];
  readonly problems: readonly Problem[];
  /** Fetched and not shown, for the next reading. */
  readonly left: readonly Opened[];
  /** Letters that turned out to be gone. */
  readonly gone: readonly string[];
}

/**
 * Which of these letters one reading shows: in their order, within twenty lines, or all. A text over 4 KiB is only
 * named, but for the first, which is always shown whole: so whatever is first is read, and nothing is stuck.
 */
export async function chooseMail(
  project: Project,
  letters: readonly Letter[],
  all: boolean,
): Promise<Choice> {
  const choice = { items: [] as Item[], problems: [] as Problem[] };
  const gone: string[] = [];
  let lines = 0;
  for (let start = 0; start < letters.length; start += openAtOnce) {
    const batch = letters.slice(start, start + openAtOnce);
    const fetched = await openLetters(
      project,
      batch.filter((letter, index) => start + index === 0 || letter.size <= fetchedBytes),
    );
    const opened = new Map(fetched.map((one) => [one.letter.key, one]));
    for (const [index, letter] of batch.entries()) {
      const isFirst = choice.items.length === 0;
      let one = opened.get(letter.key);
      if (!one && isFirst) [one] = await openLetters(project, [letter]);
      const message = one && "message" in one ? one.message : undefined;
      const only = one === undefined || (message !== undefined && message.bytes > shownBytes && !isFirst);
      const more = only ? 1 : message ? linesOf(message) : 0;
      const full =
        !all && ((!isFirst && lines + more > lineBudget) || choice.problems.length === problemBudget);
      if (full)
        return { ...choice, gone, left: batch.slice(index).flatMap(({ key }) => opened.get(key) ?? []) };
      lines += more;
      if (only) choice.items.push({ named: letter });
      else if (message) choice.items.push({ message });
      else if ("problem" in one!) choice.problems.push(one.problem);
      else gone.push(letter.key);
    }
  }
  return { ...choice, gone, left: [] };
}

/** Lines that a message takes: its text, and one for what there is to tell about it. */
export function linesOf({ record }: Message): number {
  const { thread, subject, in_reply_to: answers, ack_required: wanted } = record;
  const told = record.importance === "urgent" || wanted || thread || subject || answers;
  return record.message.replace(/\n+$/, "").split("\n").length + (told ? 1 : 0);
}

export function messagesOf(items: readonly Item[]): Message[] {
  return items.flatMap((item) => ("message" in item ? item.message : []));
}

export function namedOf(items: readonly Item[]): Letter[] {
  return items.flatMap((item) => ("named" in item ? item.named : []));
}
