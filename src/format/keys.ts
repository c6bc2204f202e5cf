// Every key is built and parsed here, relative to the project. What each holds: docs/format.md.
import { broadcast } from "./names.ts";

export const agentsPrefix = "agents/";
export const stepsPrefix = "steps/";
export const memoryPrefix = "memory/";
export const artifactsPrefix = "artifacts/";
export const sessionsPrefix = "sessions/";
export const messagesPrefix = "messages/";
export const inboxesPrefix = "inboxes/";
export const eventsPrefix = "events/";
export const reservationsKey = "reservations.json";
export const storeVerdictKey = "_meta/store.json";
export const probePrefix = "_meta/probe/";

export function agentKey(agent: string): string {
  return `agents/${agent}.json`;
}

export function claimKey(step: string): string {
  return `steps/${step}/claim.json`;
}

export function statusKey(step: string): string {
  return `steps/${step}/status.json`;
}

export function handoffKey(step: string): string {
  return `steps/${step}/handoff.json`;
}

export function inboxKey(agent: string): string {
  return `inboxes/${agent}.json`;
}

/** Where an agent's mail lies; `broadcast` for everyone's. */
export function mailPrefix(to: string): string {
  return `messages/${to}/`;
}

/** `sentAtNs`: nanoseconds since the epoch by the sender's corrected clock. It only names the key: readers go by arrival. */
export function messageKey(to: string, sentAtNs: bigint, from: string, id: string): string {
  return `${mailPrefix(to)}${digits(sentAtNs)}_${from}_${id}.json`;
}

/** What comes before every message of that folder which was sent at or after `at`, in ms: to list from. */
export function mailFrom(to: string, at: number): string {
  return mailPrefix(to) + digits(BigInt(Math.max(0, Math.trunc(at))) * 1_000_000n);
}

/** `key` in its dotted form. */
export function memoryRecordKey(key: string): string {
  return `memory/${key.replaceAll(".", "/")}.json`;
}

/** `place` is a step, or "shared". */
export function artifactKey(place: string, name: string): string {
  return `artifacts/${place}/${name}`;
}

/** `dayOf` is any moment of the day (UTC) whose folder is meant, in ms. */
export function eventsDayPrefix(dayOf: number): string {
  return `events/${new Date(dayOf).toISOString().slice(0, 10)}/`;
}

export function eventKey(atNs: bigint, agent: string, id: string): string {
  return `${eventsDayPrefix(Number(atNs / 1_000_000n))}${digits(atNs)}_${agent}_${id}.json`;
}

/** What comes before every event of that moment (in ms) or later, in its day's folder and in all after it: to list from. */
export function eventsFrom(at: number): string {
  const ms = Math.max(0, Math.trunc(at));
  return eventsDayPrefix(ms) + digits(BigInt(ms) * 1_000_000n);
}

function digits(ns: bigint): string {
  return ns.toString().padStart(19, "0");
}

export function sessionPrefix(harness: string, session: string): string {
  return `sessions/${harness}/${session}/`;
}

export function manifestKey(harness: string, session: string): string {
  return `${sessionPrefix(harness, session)}meta.json`;
}

export function partKey(harness: string, session: string, number: number, id: string): string {
  return `${sessionPrefix(harness, session)}part-${String(number).padStart(5, "0")}-${id}.jsonl`;
}

export function attachmentKey(harness: string, session: string, sha256: string): string {
  return `${sessionPrefix(harness, session)}att-${sha256}`;
}

export interface RecordName {
  /** Nanoseconds since the epoch, as the writer's clock had it. */
  readonly ns: bigint;
  readonly by: string;
  readonly id: string;
}

/** The name of a message or an event; undefined where it is not of that form. */
export function parseRecordName(key: string): RecordName | undefined {
  const found = /^(\d{1,20})_(.+)_([0-9a-f]{8})\.json$/.exec(key.slice(key.lastIndexOf("/") + 1));
  return found ? { ns: BigInt(found[1]!), by: found[2]!, id: found[3]! } : undefined;
}

/** To whom a message's key says that it went. */
export function parseMessageKey(key: string): (RecordName & { readonly to: string }) | undefined {
  const found = /^messages\/([^/]+)\/[^/]+$/.exec(key);
  const name = parseRecordName(key);
  return found && name ? { ...name, to: found[1]! } : undefined;
}

export function isBroadcastKey(key: string): boolean {
  return key.startsWith(mailPrefix(broadcast));
}

/** The step that a key below `steps/` belongs to, and which of its three records it is. */
export function parseStepKey(
  key: string,
): { readonly step: string; readonly record: "claim" | "status" | "handoff" } | undefined {
  const found = /^steps\/(.+)\/(claim|status|handoff)\.json$/.exec(key);
  return found ? { step: found[1]!, record: found[2] as "claim" | "status" | "handoff" } : undefined;
}

/** The dotted memory key of a key below `memory/`. */
export function parseMemoryKey(key: string): string | undefined {
  return /^memory\/(.+)\.json$/.exec(key)?.[1]?.replaceAll("/", ".");
}

export function parseAgentKey(key: string): string | undefined {
  return /^agents\/(.+)\.json$/.exec(key)?.[1];
}

/** Whose inbox a key below `inboxes/` is. */
export function parseInboxKey(key: string): string | undefined {
  return /^inboxes\/([^/]+)\.json$/.exec(key)?.[1];
}

export function parseArtifactKey(key: string): { readonly place: string; readonly name: string } | undefined {
  const found = /^artifacts\/([^/]+)\/(.+)$/.exec(key);
  return found ? { place: found[1]!, name: found[2]! } : undefined;
}

export function parseManifestKey(
  key: string,
): { readonly harness: string; readonly session: string } | undefined {
  const found = /^sessions\/([^/]+)\/([^/]+)\/meta\.json$/.exec(key);
  return found ? { harness: found[1]!, session: found[2]! } : undefined;
}
