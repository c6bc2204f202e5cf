import type { Lease } from "../coord/claims.ts";
import { stateWords, type StepView } from "../coord/steps.ts";
import { formatTime } from "../format/records.ts";
import { shownLine } from "./text.ts";
import { plainTime, span } from "./values.ts";

/** How a lease is told when it is taken: `until 2026-11-22T15:05:00Z (60m), term 1`. */
export function untilWords({ expiresAt, ttlS, term }: Lease): string {
  return `until ${plainTime(expiresAt)} (${span(ttlS)}), term ${term}`;
}

/** How somebody else's lease is told, for `Cause:`. */
export function leaseWords({ expiresAt, remainingS, term, lapsed }: StepView): string {
  if (expiresAt === undefined || remainingS === undefined)
    return `by a client of format 1, whose claims never lapse`;
  if (lapsed) return `lapsed at ${plainTime(expiresAt)}, term ${term}, free to claim`;
  return `lease until ${plainTime(expiresAt)} (${span(remainingS)} left), term ${term}`;
}

/** `it is blocked since 2026-11-22T13:40:12Z (term 2)`. */
export function sinceWords({ state, last, term }: StepView): string {
  return `it ${state === "needs_review" ? "needs review" : `is ${stateWords(state)}`}${last ? ` since ${plainTime(Date.parse(last.at))}` : ""} (term ${term})`;
}

/** A session in a sentence: its harness, if any, and the first eight characters of its id. */
export function sessionWords(session: string | null): string {
  if (session === null) return "unknown";
  const at = session.indexOf(":");
  return at < 0 ? session.slice(0, 8) : `${session.slice(0, at)} ${session.slice(at + 1, at + 9)}`;
}

/** A step for `--json`: absent means absent. */
export function stepJson(view: StepView): Record<string, unknown> {
  return {
    step: view.step,
    state: view.state,
    ...(view.agent !== null && { agent: view.agent }),
    ...(view.term !== undefined && { term: view.term }),
    ...(view.state === "in_progress" && { lapsed: view.lapsed }),
    ...(view.remainingS !== undefined && { remaining_s: view.remainingS }),
    ...(view.expiresAt !== undefined && { expires_at: formatTime(view.expiresAt) }),
    ...(view.last && view.state !== "in_progress" && { since: view.last.at }),
    ...(view.handoff?.next_agent && {
      handed_to: view.handoff.next_agent,
      handed_by: view.handoff.from_agent,
    }),
    ...(view.formatOneSays && { format_1_says: view.formatOneSays }),
  };
}

/** A transition of format 1 that names another agent than the claim does: told, never believed. */
export function formatOneWords({ status, agent }: NonNullable<StepView["formatOneSays"]>): string {
  return `format 1 says ${shownLine(status)} (by ${shownLine(agent ?? "nobody")})`;
}
