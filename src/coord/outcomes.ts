import { TracecraftError } from "../errors.ts";
import { claimKey } from "../format/keys.ts";
import { isSafePath } from "../format/names.ts";
import type { EventRecord } from "../format/records.ts";
import { readClaim, type ClaimRecord } from "./claim-record.ts";
import type { Project } from "./project.ts";
import { readFound } from "./update.ts";

/** What became of an attempt to change a claim. */
export type AttemptOutcome =
  | { readonly outcome: "won" }
  | { readonly outcome: "lost"; readonly to: string | undefined }
  /** The same change was tried again on another state of the claim: that attempt says what became of it. */
  | { readonly outcome: "retried" }
  /** The claim says nothing of it, yet or any more. */
  | { readonly outcome: "unresolved" };

/** Whether an event speaks of an attempt, whose outcome only the claim's log knows. */
export function isAttempt({ kind }: EventRecord): boolean {
  return kind === "claim" || kind === "transition";
}

/**
 * What became of each of these attempts, in their order: each step's claim is read once. Entries that have left a
 * claim's log are looked up among `logged`, events of the kind `log`.
 */
export async function resolveAttempts(
  project: Project,
  attempts: readonly EventRecord[],
  logged: readonly EventRecord[],
): Promise<AttemptOutcome[]> {
  const steps = [...new Set(attempts.map(stepOf))].filter((step) => step !== undefined);
  const claims = new Map(
    await Promise.all(steps.map(async (step) => [step, await claimOf(project, step)] as const)),
  );
  return attempts.map((attempt) => outcomeOf(attempt, claims.get(stepOf(attempt) ?? ""), logged));
}

interface Entry {
  readonly n: number;
  readonly nonce: string;
  readonly agent?: string | null | undefined;
  readonly at: string;
}

function outcomeOf(
  attempt: EventRecord,
  claim: ClaimRecord | undefined,
  logged: readonly EventRecord[],
): AttemptOutcome {
  const { nonce, n } = attempt;
  const older = logged.filter((event) => stepOf(event) === stepOf(attempt)).flatMap(entryOf);
  const log: Entry[] = [...older, ...(claim?.log ?? [])];
  const mine = log.find((entry) => entry.nonce === nonce);
  if (mine) return { outcome: mine.n === n ? "won" : "retried" };
  if (log.some((entry) => entry.n === n)) {
    // A first attempt is made blindly, as if nothing were there: what stood in its way is what was there then.
    const holder = log.findLast((entry) => entry.agent && Date.parse(entry.at) <= Date.parse(attempt.at));
    return { outcome: "lost", to: (holder ?? log.find((entry) => entry.n === n))?.agent ?? undefined };
  }
  // A claim of format 1 has no log. Had the attempt landed, it would be another record.
  if (claim && claim.n === undefined) return { outcome: "lost", to: claim.agent ?? undefined };
  return { outcome: "unresolved" };
}

function entryOf(event: EventRecord): Entry[] {
  const entry = event["entry"];
  if (typeof entry !== "object" || entry === null) return [];
  const { n, nonce, agent, at } = entry as Record<string, unknown>;
  if (typeof n !== "number" || typeof nonce !== "string" || typeof at !== "string") return [];
  return [{ n, nonce, agent: typeof agent === "string" ? agent : undefined, at }];
}

function stepOf(event: EventRecord): string | undefined {
  const step = event["step"];
  return typeof step === "string" && isSafePath(step) ? step : undefined;
}

async function claimOf({ store }: Project, step: string): Promise<ClaimRecord | undefined> {
  try {
    return (await readFound(store, { key: claimKey(step), read: readClaim }))?.record;
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
    return undefined;
  }
}
