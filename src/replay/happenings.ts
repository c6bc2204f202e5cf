import type { ClaimRecord, MemoryRecord } from "../format/records.ts";
import type { Moment } from "./page.ts";
import type { JournalEntry, MailRecord, Records } from "./read.ts";

/** A moment before it has its lanes and its place: agents by name, times as they were written and as they are taken. */
export interface Happening extends Omit<Moment, "seq" | "lane" | "to" | "holder" | "at" | "said" | "ids"> {
  at: number;
  readonly said: number;
  readonly agent: string;
  /** "" for everybody. */
  readonly to?: string;
  readonly holder?: string;
  readonly ids?: readonly string[];
  /** Of an attempt that is in its claim's log: which entry it is. */
  readonly nonce?: string;
  /** Of a claim or a renewal: how long the lease is, in ms. */
  readonly ttlMs?: number;
  /** Ties are decided by it: the key's own time. */
  readonly tie: number;
}

/** A text of a moment is cut to so many characters. */
const textMost = 2_000;
/** Further from the store's own time than this a written time is not doubted: the bucket may have been copied. */
const copiedMs = 30 * 60_000;
/** So long a record may take from its time to the store, repetitions included. */
const onItsWayMs = 15_000;
const defaultTtlMs = 3_600_000;

/** What the records tell, one happening for each thing that happened, with each time held against the store's own. */
export function happeningsOf(records: Records): Happening[] {
  const handoffs = handoffIds(records.journal);
  return [
    ...records.journal.flatMap((entry, index) => fromEvent(entry, index, records)),
    ...records.mail.map((mail, index) => fromMail(mail, index, handoffs.get(mail.id))),
    ...fromFormatOne(records),
  ];
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

const finished: Readonly<Record<string, Happening["kind"]>> = {
  complete: "complete",
  blocked: "block",
  needs_review: "review",
  released: "release",
};

function fromEvent({ event, outcome, writtenAt }: JournalEntry, tie: number, records: Records): Happening[] {
  const said = Date.parse(event.at);
  const base = { at: heldAgainst(said, writtenAt), said, agent: event.agent, id: event.id, tie };
  const step = textOf(event["step"]);
  const [term, n] = [numberOf(event["term"]), numberOf(event["n"])];
  const nonce = textOf(event["nonce"]);
  const ttlS = numberOf(event["ttl_s"]);
  const ofStep = defined({
    ...base,
    step,
    term,
    n,
    nonce,
    ttlMs: ttlS === undefined ? defaultTtlMs : ttlS * 1000,
  });
  const claim = step === undefined ? undefined : records.claims.get(step);

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
      const kind = event["reopened"] === true ? "reopen" : finished[String(event["state"])];
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

/** What a finished step says to whoever comes next, while the claim still has it. */
function handedOn(claim: ClaimRecord | undefined, n: number | undefined): Partial<Happening> {
  const handoff = claim?.handoff;
  if (!handoff || handoff.n !== n) return {};
  const files = handoff.changed_files?.slice(0, 1_000).map((file) => cut(file));
  return defined({ text: handoff.note ? cut(handoff.note) : undefined, files });
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

/** What has no entry in the journal because format 1 wrote it, or because it is older than the journal. */
function fromFormatOne({ journal, claims, agents, memory }: Records): Happening[] {
  const told = new Set(journal.map(({ event }) => event["revision"]));
  const joined = new Set(journal.flatMap(({ event }) => (event.kind === "agent" ? event.agent : [])));
  const tie = -1;
  const found: Happening[] = [];
  for (const [step, claim] of claims) {
    if (claim.n !== undefined || claim.agent === null) continue;
    const at = Date.parse(claim.claimed_at);
    found.push({ kind: "claim", at, said: at, agent: claim.agent, step, term: 1, tie });
  }
  for (const [name, { started_at: started }] of agents) {
    const at = Date.parse(started);
    if (!joined.has(name)) found.push({ kind: "join", at, said: at, agent: name, tie });
  }
  for (const [key, record] of memory) {
    for (const one of revisionsOf(record)) {
      if (one.revision !== undefined && told.has(one.revision)) continue;
      const at = Date.parse(one.set_at);
      const text = one.value === undefined ? undefined : valueText(one.value);
      found.push(
        defined({
          kind: "memory",
          at,
          said: at,
          agent: one.set_by,
          key,
          revision: one.revision,
          ...(one.deleted && { deleted: true }),
          text,
          tie,
        }),
      );
    }
  }
  return found;
}

function revisionsOf(record: MemoryRecord) {
  return record.revisions && record.revisions.length > 0 ? record.revisions : [record];
}

function valueText(value: unknown): string {
  return cut(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}

function cut(text: string): string {
  return text.length > textMost ? `${text.slice(0, textMost)}…`.toWellFormed() : text.toWellFormed();
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

/** Without the members that are undefined. */
function defined<T extends object>(value: T): { [name in keyof T]: Exclude<T[name], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}
