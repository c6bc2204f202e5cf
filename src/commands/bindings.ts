import { createHash } from "node:crypto";
import { readLocal } from "../coord/local.ts";
import type { LocalState } from "../coord/project.ts";
import type { Configuration } from "./machine.ts";

/** Ids that a session keeps from before its harness renamed it. */
const earlierLimit = 50;
const trustName = "trusted";
/** Branches of one project may have different configurations, each of which `init` was run with. */
const trustedLimit = 20;

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
 * Notes that `init` was run with this configuration on this machine. What acts by itself does so only then: a checkout
 * that somebody else made must not send this machine's transcripts to its author's bucket, nor take our own rules of
 * redaction away.
 */
export function trustHere(local: LocalState, configuration: Trusted): void {
  const mark = markOf(configuration);
  const others = trustedMarks(local).filter((one) => one !== mark);
  local.write(trustName, [mark, ...others].slice(0, trustedLimit));
}

export function isTrustedHere(local: LocalState, configuration: Trusted): boolean {
  return trustedMarks(local).includes(markOf(configuration));
}

/** What a configuration decides of where things go and what is taken out of them. */
export type Trusted = Pick<Configuration, "project" | "redaction" | "defaults"> & {
  readonly place: Pick<Configuration["place"], "url" | "endpoint" | "region">;
};

function markOf({ project, redaction, defaults, place: { url, endpoint, region } }: Trusted): string {
  const words = [project, url, endpoint || null, region || null, redaction ?? null, Object.entries(defaults)];
  return createHash("sha256").update(JSON.stringify(words)).digest("hex");
}

function trustedMarks(local: LocalState): readonly unknown[] {
  const found = local.read(trustName);
  return Array.isArray(found) ? found : [];
}
