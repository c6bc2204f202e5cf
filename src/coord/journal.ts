import { eventKey } from "../format/keys.ts";
import { formatTime, schemaNumber, writeRecord } from "../format/records.ts";
import { clockOffset, correctedNow } from "./clock.ts";
import { surelyPutFresh } from "./fresh.ts";
import type { LocalState, Project } from "./project.ts";

/** What happened, besides who and when: `kind` and whatever belongs to it, in snake_case. */
export interface Happening {
  readonly kind:
    | "claim"
    | "renew"
    | "transition"
    | "refused"
    | "log"
    | "memory"
    | "artifact"
    | "agent"
    | "read"
    | "ack"
    | "reserve";
  readonly [field: string]: unknown;
}

/**
 * Writes one immutable record of what happened. It ends before the process does, and a failure becomes a warning: the
 * command itself has succeeded or failed on other grounds. Answers when the record is in, or that was warned of.
 */
export function journal(
  project: Project,
  happening: Happening,
  id = project.world.randomHex(4),
): Promise<void> {
  const at = correctedNow(project);
  const record = {
    schema: schemaNumber,
    id,
    ...happening,
    at: formatTime(at),
    client_at: formatTime(project.world.now()),
    clock_offset_ms: clockOffset(project.local),
    agent: project.agent,
    session: project.session.id,
  };
  const key = eventKey(nextNs(project, at), project.agent, id);
  const written = surelyPutFresh(project, key, writeRecord(key, record));
  project.background("the journal", written);
  return written.catch(() => undefined);
}

/** The last key of this process, for each place that it writes to. */
const lastKeys = new WeakMap<LocalState, bigint>();

/** The time that names an event, in ns: what one process writes within a millisecond keeps its order. */
function nextNs({ local }: Project, at: number): bigint {
  const now = BigInt(Math.trunc(at)) * 1_000_000n;
  const last = lastKeys.get(local) ?? 0n;
  const next = last >= now && last < now + 1_000_000n ? last + 1n : now;
  lastKeys.set(local, next);
  return next;
}
