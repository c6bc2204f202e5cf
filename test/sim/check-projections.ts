import { parseRecordName, eventsPrefix, handoffKey, statusKey } from "../../src/format/keys.ts";
import type { HandoffRecord, StatusRecord } from "../../src/format/records.ts";
import { textOf, type Applied } from "./bucket.ts";
import type { Call, Sim } from "./sim.ts";
import type { StepHistory } from "./step-history.ts";

/** What readers of format 1 see never goes back, is what the claim said at its n, and is there when a command has ended. */
export function checkProjections(sim: Sim, { step, moments, legacy }: StepHistory): string[] {
  if (legacy) return [];
  const wrong: string[] = [];
  const statuses = read<StatusRecord>(sim, statusKey(step));
  const handoffs = read<HandoffRecord>(sim, handoffKey(step));
  for (const [name, states] of [
    ["status", statuses],
    ["handoff", handoffs],
  ] as const) {
    for (const [at, { record }] of states.entries())
      if (at > 0 && (record.n ?? -1) < (states[at - 1]!.record.n ?? -1))
        wrong.push(`${step}: ${name}.json went back to n ${record.n}`);
  }
  for (const { record } of statuses) {
    const claim = moments.findLast((moment) => moment.record.n === record.n)?.record;
    const state = claim?.state === "released" ? "pending" : claim?.state;
    if (record.status !== state || record.agent !== claim?.agent)
      wrong.push(`${step}: status.json says ${record.status} at n ${record.n}`);
  }
  for (const { record } of handoffs) {
    const claim = moments.find((moment) => moment.record.n === record.n)?.record;
    if (record.note !== claim?.handoff?.note)
      wrong.push(`${step}: handoff.json is not that of n ${record.n}`);
  }

  const last = moments.at(-1)?.record;
  if (
    last &&
    !(last.state === "in_progress" && last.term === 1) &&
    (statuses.at(-1)?.record.n ?? -1) !== last.n
  )
    wrong.push(`${step}: status.json stays at n ${statuses.at(-1)?.record.n} of ${last.n}`);

  return [...wrong, ...checkEnds(sim, step, moments, statuses, handoffs)];
}

type States = readonly { readonly applied: Applied; readonly record: { readonly n?: number | undefined } }[];

/** Whoever changed a step, or found its projection behind, has made it good when it ends; or it warned of that. */
function checkEnds(
  sim: Sim,
  step: string,
  moments: StepHistory["moments"],
  statuses: States,
  handoffs: States,
): string[] {
  const wrong: string[] = [];
  for (const call of sim.calls) {
    const { act, id, ended, died, warnings } = call;
    const n = died || warnings.length > 0 || !("step" in act) || act.step !== step ? undefined : seenBy(call);
    const seen = n === undefined ? undefined : moments.findLast(({ record }) => record.n === n)?.record;
    if (!seen || n === undefined || (seen.state === "in_progress" && seen.term === 1)) continue;
    const behind = (states: States): boolean =>
      !states.some(({ applied, record }) => applied.stamp < ended! && (record.n ?? 0) >= n);
    if (behind(statuses)) wrong.push(`${step}: #${id} ${act.kind} ended before status.json was at n ${n}`);
    const finished = call.told?.kind === "finish" && call.told.result.done && seen.handoff?.n === n;
    if (finished && act.kind === "finish" && behind(handoffs))
      wrong.push(`${step}: #${id} ended before handoff.json was at n ${n}`);
  }
  return wrong;
}

/** The n of the claim that a call was told of. */
function seenBy({ told }: Call): number | undefined {
  switch (told?.kind) {
    case "claim":
      return told.result.claimed ? undefined : told.result.view.last?.n;
    case "finish":
      return told.result.done ? told.result.claim.n : told.result.view.last?.n;
    case "renew":
      return told.result?.renewed ? told.result.found.record.n : told.result?.reading.claim?.record.n;
    case "read":
      return told.view.last?.n;
    default:
      return undefined;
  }
}

function read<T>(sim: Sim, key: string): { readonly applied: Applied; readonly record: T }[] {
  return (sim.bucket.history.get(key) ?? []).map((applied) => ({
    applied,
    record: JSON.parse(textOf(applied)) as T,
  }));
}

/** Every change is in the journal as an attempt, and what a log forgot was there before. */
export function checkJournal(sim: Sim, histories: readonly StepHistory[]): string[] {
  const wrong: string[] = [];
  const attempts = new Set<string>();
  const kept = new Map<string, number>();
  for (const [key, [applied]] of sim.bucket.history) {
    if (!key.startsWith(eventsPrefix) || !parseRecordName(key) || !applied) continue;
    const event = JSON.parse(textOf(applied)) as {
      kind: string;
      step?: string;
      nonce?: string;
      entry?: { n: number };
    };
    if (event.nonce !== undefined) attempts.add(event.nonce);
    const name = `${event.step} ${event.entry?.n}`;
    if (event.kind === "log" && (kept.get(name) ?? Number.POSITIVE_INFINITY) > applied.stamp)
      kept.set(name, applied.stamp);
  }
  for (const { step, moments } of histories) {
    for (const [at, { record, applied, call }] of moments.entries()) {
      const warned = call?.warnings.some((text) => text.includes("journal")) ?? true;
      const last = record.log?.at(-1);
      if (!warned && !call!.died && last && last.nonce === record.nonce && !attempts.has(last.nonce))
        wrong.push(`${step}: entry ${last.n} of #${call!.id} is not in the journal`);
      const oldest = record.log?.[0]?.n ?? 0;
      for (const { n } of moments[at - 1]?.record.log ?? []) {
        if (n < oldest && !warned && (kept.get(`${step} ${n}`) ?? Number.POSITIVE_INFINITY) > applied.stamp)
          wrong.push(`${step}: entry ${n} left the log before it was in the journal`);
      }
    }
  }
  return wrong;
}
