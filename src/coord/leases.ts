import { claimKey } from "../format/keys.ts";
import { schemaNumber } from "../format/records.ts";
import {
  isHolder,
  landedInClaim,
  readClaim,
  renewed,
  stateOf,
  termOf,
  type ClaimRecord,
} from "./claim-record.ts";
import { journal } from "./journal.ts";
import { leaseName } from "./lease-names.ts";
import { readLocal } from "./local.ts";
import type { Project } from "./project.ts";
import { repairProjection } from "./projections.ts";
import { outcomeUnknown, readStep, type StepReading, type StepView } from "./steps.ts";
import { update, type Found } from "./update.ts";

/** A lease that this agent in this session was told it holds. What this machine knows of it, not what is so. */
export interface KnownLease {
  readonly step: string;
  readonly term: number;
  readonly ttlS: number;
  /** By this machine's clocks; the last renewal counts. */
  readonly remainingS: number;
  /** The claim as it was last seen, to begin a compare-and-set without a read. */
  readonly found: Found<ClaimRecord> | undefined;
}

interface Stored {
  term: number;
  ttl_s: number;
  boot: string;
  at_monotonic: number;
  at: number;
  version: string;
  record: ClaimRecord;
}

/** Notes that this session was told that it holds this lease, from now on. */
export function rememberLease(project: Project, step: string, { record, version }: Found<ClaimRecord>): void {
  const { world } = project;
  forgetLease(project, step); // Under an earlier id of this session, there would be two.
  project.local.write(leaseName(project, project.session.id, step), {
    term: termOf(record),
    ttl_s: record.ttl_s ?? 0,
    boot: world.bootId,
    at_monotonic: world.monotonic(),
    at: world.now(),
    version,
    record,
  } satisfies Stored);
}

export function forgetLease(project: Project, step: string): void {
  for (const id of sessionIds(project)) project.local.remove(leaseName(project, id, step));
}

export function knownLease(project: Project, step: string): KnownLease | undefined {
  for (const id of sessionIds(project)) {
    const stored = readLocal<Stored>(project.local, leaseName(project, id, step));
    if (typeof stored?.term !== "number" || typeof stored.ttl_s !== "number") continue;
    const { term, ttl_s: ttlS } = stored;
    const elapsedMs =
      stored.boot === project.world.bootId
        ? project.world.monotonic() - (stored.at_monotonic ?? 0)
        : project.world.now() - (stored.at ?? 0);
    return {
      step,
      term,
      ttlS,
      remainingS: Math.max(0, Math.floor(ttlS - elapsedMs / 1000)),
      found:
        typeof stored.version === "string" && stored.record
          ? { record: stored.record, version: stored.version, writtenAt: undefined, storeNow: undefined }
          : undefined,
    };
  }
  return undefined;
}

/**
 * Forgets those of the leases that were known here of which these readings say that they are this session's no more.
 * Answers those that are in a later term: they were taken.
 */
export function forgetLost<Reading extends Pick<StepView, "step" | "term" | "state">>(
  project: Project,
  steps: readonly Reading[],
): readonly Reading[] {
  const found = new Map(steps.map((step) => [step.step, step]));
  const taken: Reading[] = [];
  for (const { step, term } of knownLeases(project)) {
    const now = found.get(step);
    if (now?.term === undefined || now.term < term) continue;
    if (now.term === term && now.state === "in_progress") continue;
    forgetLease(project, step);
    if (now.term > term) taken.push(now);
  }
  return taken;
}

/** Every lease that this session was told of, the one with the least time left first. */
export function knownLeases(project: Project): readonly KnownLease[] {
  const steps = sessionIds(project).flatMap((id) => {
    const prefix = leaseName(project, id, "");
    return project.local.names(prefix).map((name) => name.slice(prefix.length));
  });
  return [...new Set(steps)]
    .flatMap((step) => knownLease(project, step) ?? [])
    .toSorted((a, b) => a.remainingS - b.remainingS);
}

/**
 * Renews, as work in the background, what this session holds and has not renewed for a third of its ttl. Only leases
 * that we were told of: renewing one whose outcome nobody learned would keep a step from everybody for ever.
 */
export function renewDue(project: Project, but: readonly string[] = []): void {
  for (const lease of knownLeases(project)) {
    const elapsedS = lease.ttlS - lease.remainingS;
    if (lease.ttlS === 0 || elapsedS * 3 < lease.ttlS || but.includes(lease.step)) continue;
    project.background(`the lease of ${lease.step}`, renewQuietly(project, lease));
  }
}

async function renewQuietly(project: Project, { step, term }: KnownLease): Promise<void> {
  const result = await renewLease(project, step, term);
  if (!result.renewed) project.warn(`the lease of ${step} is lost: see tracecraft step-status ${step}`);
}

export type RenewResult =
  | { readonly renewed: true; readonly found: Found<ClaimRecord> }
  /** The step is no longer this session's in that term, or is finished. */
  | { readonly renewed: false; readonly reading: StepReading };

/**
 * Renews a lease of a known term. It reads first, always: a client of format 1 may have finished the step without
 * touching the claim, and a claim that is newer than that would hide it. Such a transition is taken into the claim here.
 */
export async function renewLease(project: Project, step: string, term: number): Promise<RenewResult> {
  const nonce = project.world.randomHex(16);
  let reading!: StepReading;
  const outcome = await update<ClaimRecord, "lost">(project, {
    key: claimKey(step),
    nonce,
    read: readClaim,
    landed: landedInClaim,
    async load() {
      reading = await readStep(project, step);
      return reading.claim;
    },
    decide(now) {
      if (!now || termOf(now.record) !== term || !isHolder(now.record, project.agent, project.session))
        return { answer: "lost" };
      if (reading.adopted) return { put: { ...now.record, schema: schemaNumber, nonce } };
      if (stateOf(now.record) !== "in_progress") return { answer: "lost" };
      return { put: renewed(now.record, project.session.id, nonce, undefined) };
    },
  });
  if (outcome.kind === "unknown") throw outcomeUnknown("renew", step, project.deadlineMs, outcome.cause);
  if (outcome.kind === "answered" || stateOf(outcome.now.record) !== "in_progress") {
    forgetLease(project, step);
    repairProjection(project, reading);
    return { renewed: false, reading };
  }
  rememberLease(project, step, outcome.now);
  journal(project, { kind: "renew", step, term, nonce, ttl_s: outcome.now.record.ttl_s });
  repairProjection(project, { ...reading, claim: outcome.now });
  return { renewed: true, found: outcome.now };
}

function sessionIds({ session }: Project): readonly string[] {
  return [session.id, ...session.earlier];
}
