import { messagesPrefix, parseMessageKey } from "../../src/format/keys.ts";
import { broadcast } from "../../src/format/names.ts";
import { textOf } from "./bucket.ts";
import { auditor, type Call, type Sim } from "./sim.ts";

interface Showing {
  readonly call: Call;
  readonly stamp: number;
}

/**
 * Promise 4: every message that is in was shown to everybody it is for, and shown again only when the process that
 * showed it never knew its mark recorded, or two processes of one agent read at the same moment.
 */
export function checkMail(sim: Sim): string[] {
  const showings = new Map<string, Showing[]>();
  for (const call of sim.calls) {
    for (const { key, stamp } of call.shown) {
      const name = `${call.actor.agent} ${key}`;
      showings.set(name, [...(showings.get(name) ?? []), { call, stamp }]);
    }
  }
  return [...lost(sim, showings), ...repeated(showings), ...toldTwice(sim)];
}

function lost(sim: Sim, showings: ReadonlyMap<string, readonly Showing[]>): string[] {
  const agents = new Set(sim.actors.map(({ agent }) => agent).filter((agent) => agent !== auditor));
  const wrong: string[] = [];
  for (const [key] of sim.bucket.history) {
    const to = key.startsWith(messagesPrefix) ? parseMessageKey(key) : undefined;
    if (!to) continue;
    const readers = to.to === broadcast ? [...agents].filter((agent) => agent !== to.by) : [to.to];
    for (const reader of readers)
      if (agents.has(reader) && !showings.has(`${reader} ${key}`))
        wrong.push(`${key} was never shown to ${reader}`);
  }
  for (const { id, told, act } of sim.calls) {
    if (told?.kind === "send" && !sim.bucket.history.has(told.sent.key))
      wrong.push(`#${id}: sent and not there`);
    const result =
      told?.kind === "finish" && act.kind === "finish" && told.result.done ? told.result : undefined;
    const next = result?.claim.handoff?.next_agent;
    if (next && agents.has(next) && !hasHandoffMessage(sim, next, id))
      wrong.push(`#${id}: no message of the handoff`);
  }
  return wrong;
}

/** Whether the handoff of a finish, or of what it repeats, is in its receiver's mail, or its sender said that it may not be. */
function hasHandoffMessage(sim: Sim, to: string, id: number): boolean {
  const call = sim.calls[id]!;
  if (call.died || call.warnings.length > 0) return true;
  const { n, log, handoff } = (
    call.told as {
      result: { claim: { n: number; log: { n: number; nonce: string }[]; handoff: { n: number } } };
    }
  ).result.claim;
  if (handoff.n !== n) return true; // What it repeats is format 1's, which sends none.
  const nonce = log.find((entry) => entry.n === handoff.n)?.nonce.slice(0, 8);
  return (
    nonce === undefined ||
    [...sim.bucket.history.keys()].some((key) => key.startsWith(`messages/${to}/`) && key.includes(nonce))
  );
}

function repeated(showings: ReadonlyMap<string, readonly Showing[]>): string[] {
  const wrong: string[] = [];
  for (const [name, shown] of showings) {
    for (const [at, { call: first }] of shown.entries()) {
      for (const { call: second } of shown.slice(at + 1)) {
        const marked = first.marked !== undefined && first.marked < second.invoked;
        if (marked) wrong.push(`${name} was shown by #${first.id}, marked, and shown again by #${second.id}`);
        if (first === second) wrong.push(`${name} was shown twice by #${first.id}`);
      }
    }
  }
  return wrong;
}

/** One entry of a claim's log is one message, however often its command is repeated. */
function toldTwice(sim: Sim): string[] {
  const told = new Map<string, string>();
  const wrong: string[] = [];
  for (const [key, [applied]] of sim.bucket.history) {
    if (!key.startsWith(messagesPrefix) || !applied) continue;
    const { subject, sent_at, to } = JSON.parse(textOf(applied)) as Record<string, string | undefined>;
    if (!subject?.startsWith("handoff of")) continue;
    const name = `${to} ${subject} ${sent_at}`;
    const other = told.get(name);
    if (other !== undefined) wrong.push(`${to} is told twice of one handoff: ${other}, ${key}`);
    told.set(name, key);
  }
  return wrong;
}
