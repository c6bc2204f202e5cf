import { eventKey } from "../format/keys.ts";
import { formatTime, schemaNumber, writeRecord } from "../format/records.ts";
import { clockOffset, correctedNow } from "./clock.ts";
import type { Project } from "./project.ts";

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
 * command itself has succeeded or failed on other grounds.
 */
export function journal(project: Project, happening: Happening, id = project.world.randomHex(4)): void {
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
  const key = eventKey(BigInt(Math.trunc(at)) * 1_000_000n, project.agent, id);
  project.background("the journal", project.store.put(key, writeRecord(key, record), "fresh"));
}
