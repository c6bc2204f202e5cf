import type { ClaimRecord, LogEntry, MemoryRecord } from "../format/records.ts";
import { cut, defined, finishedKind, handedOn, valueText, type Happening } from "./happening.ts";
import type { Records } from "./read.ts";

/** What nobody has signed: format 1 does not say who uploaded an artifact. */
const nobody = "?";
const tie = -1;

/**
 * What only the records themselves tell: what format 1 wrote, what is older than the journal, and what could not be
 * journalled. Whatever the journal tells is left to it.
 */
export function fromRecordsAlone(records: Records): Happening[] {
  return [
    ...claimsAlone(records),
    ...[...records.statuses.keys()].flatMap((step) => statusAlone(records, step)),
    ...agentsAlone(records),
    ...memoryAlone(records),
    ...artifactsAlone(records),
    ...readsAlone(records),
  ];
}

/** A claim of format 1, and entries of a log of which the journal has no attempt. */
function claimsAlone({ journal, claims }: Records): Happening[] {
  const told = new Set(journal.map(({ event }) => event["nonce"]));
  return [...claims].flatMap(([step, claim]): Happening[] => {
    if (claim.n === undefined) {
      if (claim.agent === null) return [];
      const at = Date.parse(claim.claimed_at);
      return [{ kind: "claim", at, said: at, agent: claim.agent, step, term: 1, tie }];
    }
    const log = claim.log ?? [];
    return log.flatMap((entry, index) =>
      told.has(entry.nonce) ? [] : (entryAlone(step, claim, entry, log[index - 1]) ?? []),
    );
  });
}

function entryAlone(
  step: string,
  claim: ClaimRecord,
  entry: LogEntry,
  before: LogEntry | undefined,
): Happening | undefined {
  const at = Date.parse(entry.at);
  const { n, term, nonce } = entry;
  const reopened = entry.state === "released" && before !== undefined && before.state !== "in_progress";
  const kind = reopened ? "reopen" : entry.state === "in_progress" ? "claim" : finishedKind(entry.state);
  if (kind === undefined) return undefined;
  const { ttl_s: ttlS } = claim;
  return {
    kind,
    at,
    said: at,
    // A release names nobody: it was its holder's. Anybody may reopen.
    agent: entry.agent ?? (reopened ? undefined : before?.agent) ?? nobody,
    step,
    term,
    n,
    nonce,
    ...(kind === "claim" && ttlS !== undefined && claim.term === term && { ttlMs: ttlS * 1000 }),
    ...handedOn(claim, n),
    tie,
  };
}

/** A transition of format 1, which writes status.json and handoff.json and never touches the claim. */
function statusAlone({ claims, statuses, handoffs }: Records, step: string): Happening[] {
  const { record, writtenAt } = statuses.get(step)!;
  const kind = record.status === "released" ? undefined : finishedKind(record.status);
  const agent = record.agent ?? claims.get(step)?.agent;
  if (record.term !== undefined || kind === undefined || !agent) return [];
  const handoff = handoffs.get(step);
  const own = handoff?.term === undefined && handoff?.from_agent === agent ? handoff : undefined;
  const written = Date.parse(record.completed_at ?? own?.created_at ?? "");
  const at = Number.isFinite(written) ? written : writtenAt;
  const words = [own?.note, own?.next_action && `next action: ${own.next_action}`].filter(Boolean).join("\n");
  const base = { at, said: at, agent, step, tie, ...(words !== "" && { text: cut(words) }) };
  const files = own?.changed_files?.slice(0, 1_000).map((file) => cut(file));
  const done: Happening = { ...base, kind, ...(files && { files }) };
  return own?.next_agent ? [done, { ...base, kind: "handoff", to: own.next_agent }] : [done];
}

function agentsAlone({ journal, agents }: Records): Happening[] {
  const joined = new Set(journal.flatMap(({ event }) => (event.kind === "agent" ? event.agent : [])));
  return [...agents].flatMap(([name, { started_at: started }]): Happening[] => {
    const at = Date.parse(started);
    return joined.has(name) ? [] : [{ kind: "join", at, said: at, agent: name, tie }];
  });
}

function memoryAlone({ journal, memory }: Records): Happening[] {
  const told = new Set(journal.map(({ event }) => event["revision"]));
  return [...memory].flatMap(([key, record]) =>
    revisionsOf(record)
      .filter(({ revision }) => revision === undefined || !told.has(revision))
      .map((one): Happening => {
        const at = Date.parse(one.set_at);
        return defined({
          kind: "memory" as const,
          at,
          said: at,
          agent: one.set_by,
          key,
          revision: one.revision,
          ...(one.deleted && { deleted: true }),
          text: one.value === undefined ? undefined : valueText(one.value),
          tie,
        });
      }),
  );
}

/** The last revision's value stands in the record itself. */
function revisionsOf(record: MemoryRecord) {
  const { revisions = [], value } = record;
  const last = revisions.at(-1);
  if (last === undefined) return [record];
  return [...revisions.slice(0, -1), { ...last, ...(last.revision === record.revision && { value }) }];
}

function artifactsAlone({ journal, artifacts }: Records): Happening[] {
  const told = new Set(journal.flatMap(({ event }) => (event.kind === "artifact" ? event["key"] : [])));
  return artifacts
    .filter(({ key }) => !told.has(key))
    .map(({ key, size, writtenAt: at }): Happening => {
      return { kind: "artifact", at, said: at, agent: nobody, key: cut(key), size, tie };
    });
}

/**
 * What an inbox says was read and no entry of the journal names: one reading of many names only the first of them. When
 * is not known; it was before the inbox was written.
 */
function readsAlone({ journal, mail, inboxes }: Records): Happening[] {
  const told = new Set<string>();
  for (const { event } of journal)
    if (event.kind === "read" && Array.isArray(event["ids"]))
      for (const id of event["ids"]) told.add(`${event.agent} ${String(id)}`);
  return [...inboxes].flatMap(([agent, { record, writtenAt: at }]): Happening[] => {
    const seen = new Set(record.seen);
    const mark = Date.parse(record.mark);
    const ids = mail
      .filter(({ to, from }) => to === agent || (to === "_broadcast" && from !== agent))
      .filter(({ key, writtenAt }) => writtenAt < mark || seen.has(key))
      .filter(({ id }) => !told.has(`${agent} ${id}`))
      .map(({ id }) => id);
    return ids.length === 0 ? [] : [{ kind: "read", at, said: at, agent, ids, tie }];
  });
}
