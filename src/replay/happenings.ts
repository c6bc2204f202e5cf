import { cut, defined, finishedKind, handedOn, valueText, type Happening } from "./happening.ts";
import type { JournalEntry, MailRecord, Records } from "./read.ts";
import { fromRecordsAlone } from "./records-alone.ts";

/** Further from the store's own time than this a written time is not doubted: the bucket may have been copied. */
const copiedMs = 30 * 60_000;
/** So long a record may take from its time to the store, repetitions included. */
const onItsWayMs = 15_000;

/** An attempt is given up after its deadline; what it was told is journalled then. */
const refusedWithinMs = 60_000;

export type { Happening };

/** What the records tell, one happening for each thing that happened, with each time held against the store's own. */
export function happeningsOf(records: Records): Happening[] {
  const handoffs = handoffIds(records.journal);
  return [
    ...withoutEchoes(records.journal.flatMap((entry, index) => fromEvent(entry, index, records))),
    ...records.mail.map((mail, index) => fromMail(mail, index, handoffs.get(mail.id))),
    ...fromRecordsAlone(records),
  ];
}

/** A change that was tried and lost is journalled twice: as the attempt, and as what its writer was told. The latter stays. */
function withoutEchoes(all: readonly Happening[]): Happening[] {
  const told = new Map<string, Happening[]>();
  for (const one of all) {
    if (one.kind !== "fenced" || one.nonce !== undefined) continue;
    const key = `${one.agent} ${one.step}`;
    told.set(key, [...(told.get(key) ?? []), one]);
  }
  return all.filter((one) => {
    if (one.kind !== "fenced" || one.nonce === undefined) return true;
    const refusals = told.get(`${one.agent} ${one.step}`) ?? [];
    const echo = refusals.findIndex(({ said }) => said >= one.said && said - one.said <= refusedWithinMs);
    if (echo < 0) return true;
    refusals.splice(echo, 1); // Each refusal answers one attempt.
    return false;
  });
}

/** The transitions by the id of the message that tells of their handoff: the first eight digits of their nonce. */
function handoffIds(journal: readonly JournalEntry[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { event, outcome } of journal) {
    if (event.kind !== "transition" || outcome?.outcome !== "won") continue;
    const { nonce, step } = event;
    if (typeof nonce === "string" && typeof step === "string") found.set(nonce.slice(0, 8), step);
  }
  return found;
}

/**
 * The time of a record as the store saw it: not after it arrived, and not long before. A writer whose clock was wrong
 * and who had not yet measured it is put right by this; times of a bucket that was copied stay as they are.
 */
function heldAgainst(at: number, writtenAt: number): number {
  if (!Number.isFinite(at)) return writtenAt;
  if (Math.abs(writtenAt - at) > copiedMs) return at;
  return Math.max(writtenAt - onItsWayMs, Math.min(writtenAt + 999, at)); // Some stores tell whole seconds.
}

function fromEvent({ event, outcome, writtenAt }: JournalEntry, tie: number, records: Records): Happening[] {
  const said = Date.parse(event.at);
  const own = Date.parse(event.client_at);
  const base = { at: heldAgainst(said, writtenAt), said, own, agent: event.agent, id: event.id, tie };
  const step = textOf(event["step"]);
  const [term, n] = [numberOf(event["term"]), numberOf(event["n"])];
  const nonce = textOf(event["nonce"]);
  const ttlS = numberOf(event["ttl_s"]);
  const claim = step === undefined ? undefined : records.claims.get(step);
  // A journal from before it told the ttl: the claim knows the one of its last term.
  const lasts = ttlS ?? (claim?.term === term ? claim?.ttl_s : undefined);
  const ofStep = defined({
    ...base,
    step,
    term,
    n,
    nonce,
    ttlMs: lasts === undefined ? undefined : lasts * 1000,
  });

  switch (event.kind) {
    case "claim":
    case "transition": {
      if (outcome?.outcome === "retried") return [];
      if (outcome?.outcome === "lost") {
        const holderTerm = claim?.log?.find((entry) => entry.n === n)?.term;
        return [
          defined({
            ...ofStep,
            kind: event.kind === "claim" ? "lost" : "fenced",
            holder: outcome.to,
            holderTerm,
          }),
        ];
      }
      if (outcome?.outcome !== "won") return [{ ...ofStep, kind: "unresolved" }];
      if (event.kind === "claim") return [{ ...ofStep, kind: "claim" }];
      const kind = event["reopened"] === true ? "reopen" : finishedKind(String(event["state"]));
      return kind ? [{ ...ofStep, kind, ...handedOn(claim, n) }] : [];
    }
    case "renew":
      return [{ ...ofStep, kind: "renew" }];
    case "refused": {
      const kind = event["act"] === "claim" ? "lost" : "fenced";
      const [holder, holderTerm] = [textOf(event["found_agent"]), numberOf(event["found_term"])];
      const text = [textOf(event["act"]), textOf(event["why"])].filter(Boolean).join(" refused: ");
      return [defined({ ...ofStep, kind, holder, holderTerm, text })];
    }
    case "memory": {
      const { key, revision, op, value } = event;
      const text = value === undefined ? undefined : valueText(value);
      return [
        defined({
          ...base,
          kind: "memory",
          key: textOf(key),
          revision: textOf(revision),
          ...(op === "delete" && { deleted: true }),
          text,
        }),
      ];
    }
    case "artifact":
      return [
        defined({ ...base, kind: "artifact", key: textOf(event["key"]), size: numberOf(event["size"]) }),
      ];
    case "agent":
      return [{ ...base, kind: "join" }];
    case "read":
      return [{ ...base, kind: "read", ids: textsOf(event["ids"]) }];
    case "ack":
      return [{ ...base, kind: "ack", ids: textsOf([event["message_id"]]) }];
    case "reserve": {
      const kind = event["given_back"] === true ? "unreserve" : "reserve";
      return [defined({ ...base, kind, key: textOf(event["pattern"]), text: textOf(event["mode"]) })];
    }
    default:
      return [];
  }
}

function fromMail({ id, from, to, record, writtenAt }: MailRecord, tie: number, step?: string): Happening {
  const said = Date.parse(record.sent_at);
  return {
    at: heldAgainst(said, writtenAt),
    said,
    tie,
    kind: step === undefined ? "send" : "handoff",
    agent: from,
    to: to === "_broadcast" ? "" : to,
    id,
    ...(step !== undefined && { step }),
    ...(record.importance === "urgent" && { urgent: true }),
    text: cut([record.subject, record.message].filter(Boolean).join("\n")),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? cut(value) : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string").slice(0, 1_000) : [];
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}
