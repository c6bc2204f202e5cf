import { createHash } from "node:crypto";
import { readLocal } from "../coord/local.ts";
import type { LocalState, Session } from "../coord/project.ts";
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
  local.write(takerName(before), after);
}

/** Notes that a session goes on under the id that it had before another took over what it held: it is its own again. */
export function sessionBack(local: LocalState, session: string): void {
  const taker = local.read(takerName(session));
  if (typeof taker !== "string") return;
  const back = new Set([session, ...earlierIds(local, session)]);
  const earlier = earlierIds(local, taker).filter((id) => !back.has(id));
  local.write(sessionName(taker), { ...readLocal<SessionBinding>(local, sessionName(taker)), earlier });
  local.remove(takerName(session));
}

/** The session that a process of a harness has now. `several`: it has had others beside it, so it stands for none. */
export interface LifeSession {
  readonly id: string;
  readonly several: boolean;
}

export function sessionOfLife(local: LocalState, life: string): LifeSession | undefined {
  const { id, several } = readLocal<LifeSession>(local, lifeName(life)) ?? {};
  return typeof id === "string" ? { id, several: several === true } : undefined;
}

export function bindLife(local: LocalState, life: string, session: LifeSession): void {
  local.write(lifeName(life), session);
}

export function lifeName(life: string): string {
  return `harness/${life}`;
}

/** Of a session that only its process names (cli/harness-process.ts). */
export const ofProcess = /^[a-z-]+:p[0-9a-f]{16}$/;

/**
 * The session of a program that runs as long as its harness and was told its session once, or never: an MCP server. It
 * is the one that the harness goes on with.
 */
export function sessionNow(local: LocalState, session: Session, life: string | undefined): Session {
  const now = life === undefined ? undefined : sessionOfLife(local, life);
  if (!now) return session;
  const earlier = earlierIds(local, now.id);
  const same = now.id === session.id || earlier.includes(session.id);
  return same || (ofProcess.test(session.id) && !now.several) ? { ...session, id: now.id, earlier } : session;
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

function takerName(session: string): string {
  return `renamed/${session}`;
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
