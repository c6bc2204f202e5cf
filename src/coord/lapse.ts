import type { ClaimRecord } from "./claim-record.ts";
import { correctedNow } from "./clock.ts";
import { readLocal } from "./local.ts";
import type { Project } from "./project.ts";
import { stateOf } from "./claim-record.ts";
import type { Found } from "./update.ts";

/** Both times of a reply are whole seconds, so an age may be this much off. */
export const lapseMarginMs = 2_000;

/** What the age of a lease says. It decides only whether the step may be taken, never who may complete it. */
export interface LeaseTime {
  readonly lapsed: boolean;
  /** Undefined for a claim of format 1, which never lapses. */
  readonly remainingS: number | undefined;
  /** By the store's clock, in ms. */
  readonly expiresAt: number | undefined;
}

/**
 * How much is left of a lease. Its age is the store's own clock minus the store's own time of writing, out of one
 * reply; where a store does not tell both, it is how long this machine has seen the same version, by a clock that
 * never goes back.
 */
export function leaseTime(project: Project, step: string, found: Found<ClaimRecord>): LeaseTime {
  const { record } = found;
  if (stateOf(record) !== "in_progress" || record.ttl_s === undefined) {
    return { lapsed: false, remainingS: undefined, expiresAt: undefined };
  }
  const ageMs = ageByStore(found) ?? ageBySight(project, step, found);
  const ttlMs = record.ttl_s * 1000;
  const now = found.storeNow ?? correctedNow(project);
  return {
    lapsed: ageMs > ttlMs + lapseMarginMs,
    remainingS: Math.max(0, Math.floor((ttlMs - ageMs) / 1000)),
    expiresAt: now - ageMs + ttlMs,
  };
}

function ageByStore({ writtenAt, storeNow }: Found<unknown>): number | undefined {
  return writtenAt === undefined || storeNow === undefined || storeNow < writtenAt
    ? undefined
    : storeNow - writtenAt;
}

function ageBySight({ local, world }: Project, step: string, found: Found<unknown>): number {
  const name = `sightings/${step}`;
  const seen = readLocal<{ version: string; boot: string; at: number }>(local, name);
  if (seen?.version === found.version && seen.boot === world.bootId && seen.at !== undefined) {
    return Math.max(0, world.monotonic() - seen.at);
  }
  local.write(name, { version: found.version, boot: world.bootId, at: world.monotonic() });
  return 0;
}
