import { readLocal } from "../coord/local.ts";
import type { LocalState } from "../coord/project.ts";

/** Ids that a session keeps from before its harness renamed it. */
const earlierLimit = 50;

interface SessionBinding {
  readonly agent: string;
  readonly earlier: readonly string[];
}

/** The agent that this session, or the life of it before a renaming, was bound to in this project. */
export function agentOfSession(local: LocalState, session: string): string | undefined {
  return text(readLocal<SessionBinding>(local, sessionName(session))?.agent);
}

export function bindSession(local: LocalState, session: string, agent: string): void {
  local.write(sessionName(session), { ...readLocal<SessionBinding>(local, sessionName(session)), agent });
}

/** The ids that this session had before, newest first. */
export function earlierIds(local: LocalState, session: string): readonly string[] {
  const { earlier } = readLocal<SessionBinding>(local, sessionName(session)) ?? {};
  return Array.isArray(earlier) ? earlier.filter((id) => typeof id === "string") : [];
}

/**
 * Notes that the harness goes on with a session under another id (clear, compact, resume): its claims and its agent
 * stay its own. A fork is another session and is not told here.
 */
export function sessionRenamed(local: LocalState, before: string, after: string): void {
  if (before === after) return;
  const earlier = [before, ...earlierIds(local, before)].filter((id) => id !== after).slice(0, earlierLimit);
  const agent = agentOfSession(local, after) ?? agentOfSession(local, before);
  local.write(sessionName(after), { ...(agent !== undefined && { agent }), earlier });
}

/** The agent of a checkout. `checkout` is any name that is its own. */
export function agentOfCheckout(local: LocalState, checkout: string): string | undefined {
  return text(readLocal<{ agent: string }>(local, checkoutName(checkout))?.agent);
}

export function bindCheckout(local: LocalState, checkout: string, agent: string): void {
  local.write(checkoutName(checkout), { agent });
}

function sessionName(session: string): string {
  return `sessions/${session}`;
}

function checkoutName(checkout: string): string {
  return `checkouts/${checkout}`;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/**
 * Notes that `init` was run with this store and project on this machine. What acts by itself does so only then: a
 * checkout that somebody else made must not send this machine's transcripts to its author's bucket.
 */
export function trustHere(local: LocalState): void {
  local.write("trusted", true);
}

export function isTrustedHere(local: LocalState): boolean {
  return local.read("trusted") === true;
}
