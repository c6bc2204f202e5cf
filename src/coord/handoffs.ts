import { messageKey } from "../format/keys.ts";
import { isName } from "../format/names.ts";
import { schemaNumber, valueLimit, writeRecord, type HandoffRecord } from "../format/records.ts";
import type { ClaimRecord, ClaimState } from "./claim-record.ts";
import { surelyPutFresh } from "./fresh.ts";
import type { Project } from "./project.ts";
import { repairProjection } from "./projections.ts";
import { readHandoffRecord, readStep, viewOf, type StepView } from "./steps.ts";

/** What is told to whoever comes next. All absent: nothing was said about it. */
export interface HandoffWords {
  readonly note?: string | undefined;
  readonly to?: string | undefined;
  readonly nextAction?: string | undefined;
  readonly changedFiles?: readonly string[] | undefined;
  readonly changedFilesCount?: number | undefined;
}

/** A handoff always has next_agent, next_action (null when absent) and note (""), as the published one has. */
export function handoffOf(
  project: Project,
  step: string,
  state: ClaimState,
  words: HandoffWords,
  at: string,
): HandoffRecord {
  const count = words.changedFilesCount ?? words.changedFiles?.length;
  return {
    schema: schemaNumber,
    from_agent: project.agent,
    from_step: step,
    next_agent: words.to ?? null,
    state,
    next_action: words.nextAction ?? null,
    note: words.note ?? "",
    created_at: at,
    ...(words.changedFiles && { changed_files: [...words.changedFiles], changed_files_count: count ?? 0 }),
  };
}

/** Whether a repeated command says what the handoff says already. What it leaves out is the same. */
export function sameWords(
  found: HandoffRecord | undefined,
  { note, to, nextAction, changedFiles }: HandoffWords,
): boolean {
  return (
    (note === undefined || note === (found?.note ?? "")) &&
    (to === undefined || to === found?.next_agent) &&
    (nextAction === undefined || nextAction === found?.next_action) &&
    (changedFiles === undefined || JSON.stringify(changedFiles) === JSON.stringify(found?.changed_files))
  );
}

/**
 * A handoff to somebody is also a message to them. Its key comes from the entry in the log, so that a repeated
 * complete makes good a message that was not sent, and never sends it twice.
 */
export function tellNext(project: Project, step: string, claim: ClaimRecord): void {
  const { handoff } = claim;
  const entry = claim.log?.find(({ n }) => n === handoff?.n);
  if (!handoff?.next_agent || !entry?.agent || handoff.n === undefined) return;
  const id = entry.nonce.slice(0, 8);
  // Format 1 tells nobody of its handoffs; and a name or a nonce that we would not write makes no key of ours.
  if (!isName(handoff.next_agent) || !isName(entry.agent) || !/^[0-9a-f]{8}$/.test(id)) return;
  const key = messageKey(handoff.next_agent, BigInt(Date.parse(entry.at)) * 1_000_000n, entry.agent, id);
  const next = handoff.next_action ? `\nnext action: ${handoff.next_action}` : "";
  const message = {
    schema: schemaNumber,
    id,
    from: entry.agent,
    to: handoff.next_agent,
    message: `Step ${step} is ${handoff.state} and handed off to you${handoff.note ? `: ${handoff.note}` : ""}${next}`,
    sent_at: entry.at,
    subject: `handoff of ${step}`,
  };
  project.background(
    `the message to ${handoff.next_agent}`,
    surelyPutFresh(project, key, writeRecord(key, message, valueLimit)),
  );
}

/** A handoff with the step that it is of. */
export interface HandoffReading {
  readonly view: StepView;
  /** Undefined where nobody has finished the step. */
  readonly handoff: HandoffRecord | undefined;
}

/**
 * The handoff of a step: the claim's own, which is the one of its last complete; else what format 1 left. One round
 * trip. It reads the projection anyway, so it is the one reader that finds that one behind, and repairs it.
 */
export async function readHandoff(project: Project, step: string): Promise<HandoffReading> {
  const [reading, projected] = await Promise.all([readStep(project, step), readHandoffRecord(project, step)]);
  const own = reading.claim?.record.handoff;
  const behind = !reading.adopted && own?.n !== undefined && (projected?.n ?? -1) < own.n;
  repairProjection(project, reading, { handoffToo: behind });
  const handoff = own ?? (projected?.n === undefined ? projected : undefined);
  return { view: viewOf(project, reading), handoff };
}
