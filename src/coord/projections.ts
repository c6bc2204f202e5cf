import { handoffKey, statusKey } from "../format/keys.ts";
import { handoffRecord, readRecord, schemaNumber, statusRecord } from "../format/records.ts";
import type { HandoffRecord, StatusRecord } from "../format/records.ts";
import { countOf, lastEntry, stateOf, termOf, type ClaimRecord } from "./claim-record.ts";
import type { Project } from "./project.ts";
import { transitionOfFormatOne, type StepReading } from "./steps.ts";
import { update, type Found } from "./update.ts";

/** What is known to be in a projection's place. A wrong "nothing" costs a read; undefined reads first. */
export interface KnownProjections {
  readonly status?: Found<StatusRecord> | "nothing" | undefined;
  readonly handoff?: "nothing" | undefined;
}

/**
 * Writes, for readers of format 1, what a claim says. In the background: it is in the bucket when the command has
 * returned, and if it cannot be written the next command on this step repairs it. Nothing is decided by it.
 */
export function writeProjections(
  project: Project,
  step: string,
  found: Pick<Found<ClaimRecord>, "record" | "writtenAt">,
  known: KnownProjections = {},
): void {
  const claim = found.record;
  const status = statusOf(claim);
  if (status === undefined) return;
  const seen = typeof known.status === "object" ? known.status.version : undefined; // Before the claim was written.
  const repairs = "the next command on this step repairs it";
  inBackground(project, statusKey(step), repairs, (key) =>
    put(project, key, status, {
      read: (_, body) => readRecord(statusRecord, key, body),
      assume: known.status,
      // A client of format 1 went on with the step since: what it says is for the next command to take in.
      spare: (now) => now.version !== seen && transitionOfFormatOne(found, now) !== undefined,
    }),
  );
  if (claim.handoff?.n === countOf(claim)) writeHandoff(project, step, claim, known.handoff);
}

function writeHandoff(
  project: Project,
  step: string,
  { handoff }: ClaimRecord,
  assume?: "nothing" | undefined,
): void {
  if (!handoff) return;
  const repairs = `tracecraft handoff ${step} repairs it`;
  inBackground(project, handoffKey(step), repairs, (key) =>
    put(project, key, handoff, { read: (_, body) => readRecord(handoffRecord, key, body), assume }),
  );
}

function inBackground(
  project: Project,
  key: string,
  repairs: string,
  write: (key: string) => Promise<void>,
): void {
  const written = write(key).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    project.warn(`${key} is behind (${why}); ${repairs}`);
  });
  project.background(key, written);
}

/**
 * Repairs a projection that a command before us could not write. Whether handoff.json is right is looked up only where
 * status.json is behind, or `handoffToo` says that it was seen to be, or may be: nobody else reads it.
 */
export function repairProjection(
  project: Project,
  reading: StepReading,
  { handoffToo = false }: { handoffToo?: boolean } = {},
): void {
  const { step, claim, status } = reading;
  if (!claim) return;
  const behind = stateOfProjection(reading) === "behind";
  if (behind) writeProjections(project, step, claim, { status: status ?? "nothing" });
  const written = behind && claim.record.handoff?.n === countOf(claim.record);
  if ((behind || handoffToo) && !written && claim.record.handoff?.n !== undefined)
    writeHandoff(project, step, claim.record);
}

/** Whether the projections of a step say what its claim says. What format 1 wrote by itself is left as it is. */
export function stateOfProjection(reading: StepReading): "right" | "behind" {
  const { claim, status, adopted, formatOneSays } = reading;
  if (adopted || formatOneSays || claim?.record.n === undefined || !statusOf(claim.record)) return "right";
  return (status?.record.n ?? -1) < countOf(claim.record) ? "behind" : "right";
}

/** What is in place of the projections of a claim that was `base`, where nobody has read them. */
export function guessProjections(base: ClaimRecord | undefined): KnownProjections {
  const bare = base === undefined || (stateOf(base) === "in_progress" && termOf(base) === 1);
  return { status: bare ? "nothing" : undefined, handoff: base?.handoff ? undefined : "nothing" };
}

/** What status.json should say, or undefined where format 1 reads the bare claim rightly as in progress. */
function statusOf(claim: ClaimRecord): StatusRecord | undefined {
  const state = stateOf(claim);
  if (state === "in_progress" && termOf(claim) === 1) return undefined;
  return {
    schema: schemaNumber,
    status: state === "released" ? "pending" : state,
    agent: claim.agent,
    started_at: claim.claimed_at,
    ...(state === "complete" && { completed_at: lastEntry(claim)?.at ?? claim.claimed_at }),
    term: termOf(claim),
    n: countOf(claim),
  };
}

interface Projection<T> {
  read(key: string, body: Uint8Array): T;
  readonly assume: Found<T> | "nothing" | undefined;
  /** What is there without an `n` and must stay. */
  spare?(now: Found<T>): boolean;
}

/** Puts a projection unless a later one is there. */
async function put<T extends StatusRecord | HandoffRecord>(
  project: Project,
  key: string,
  wanted: T,
  { read, assume, spare }: Projection<T>,
): Promise<void> {
  const nonce = project.world.randomHex(8);
  const outcome = await update<T, "later">(project, {
    key,
    nonce,
    read,
    landed: (now) => ((now as { nonce?: unknown }).nonce === nonce ? "yes" : "no"),
    ...(assume && { assume }),
    decide(now) {
      if (now && ((now.record.n ?? -1) >= (wanted.n ?? 0) || spare?.(now))) return { answer: "later" };
      return { put: { ...wanted, schema: schemaNumber, nonce } };
    },
  });
  if (outcome.kind === "unknown") throw outcome.cause;
}
