import type { LogEntry } from "../coord/claim-record.ts";
import type { Project } from "../coord/project.ts";
import type { StepView } from "../coord/steps.ts";
import { TracecraftError } from "../errors.ts";
import { leaseWords, sessionWords, sinceWords } from "./step-words.ts";
import { shownLine } from "./text.ts";
import { plainTime, span } from "./values.ts";

type Act = "complete" | "release" | "renew";

/** In which term this session lost a step, and with what the next one began. */
export interface Lost {
  readonly term: number | undefined;
  readonly takeover: LogEntry | undefined;
}

/** The step went to somebody else while we were away: whatever we still wanted to say of it is refused. */
export function fencedError(
  act: Act,
  name: string,
  view: StepView,
  lost: Lost,
  hint: string,
): TracecraftError {
  const { term } = view;
  const taken = lost.takeover ?? view.last;
  const by = shownLine(taken?.agent ?? view.agent ?? "somebody");
  const forced = taken?.taken_from && taken.state !== "in_progress";
  const mine = taken?.taken_from && taken.taken_from.agent === taken.agent;
  const lapsed = mine ? `another session of ${by} took it over` : `your lease lapsed and ${by} took it over`;
  const how = forced ? `${by} forced it` : lapsed;
  const at = taken ? ` at ${plainTime(Date.parse(taken.at))}` : "";
  return new TracecraftError("fenced", `Cannot ${act} "${name}": ${how}${at} (term ${taken?.term ?? term})`, {
    ...(act !== "renew" && lost.term !== undefined && { cause: `you held term ${lost.term}` }),
    hint,
    details: { step: view.step, agent: view.agent, term, our_term: lost.term ?? null },
  });
}

/** Somebody else's step, or this agent's by another session of it. */
export function heldError(act: Act, name: string, { agent }: Project, view: StepView): TracecraftError {
  const holder = shownLine(view.agent ?? "nobody");
  const details = { step: view.step, agent: view.agent, state: view.state, term: view.term };
  if (view.agent === agent) {
    return new TracecraftError(
      "other_session",
      `Cannot ${act} "${name}": another session of ${agent} has it`,
      {
        cause: `${sessionWords(view.session)}, ${span(view.remainingS ?? 0)} left, term ${view.term}`,
        hint: `tracecraft claim ${name} --mine`,
        details: { ...details, session: view.session },
      },
    );
  }
  const words = `Step ${name} is claimed by '${holder}', not '${agent}'.`;
  const force =
    act === "complete" ? " Pass --force to complete it anyway (e.g. if the claim-holder crashed)." : "";
  return new TracecraftError("claimed", `${words}${force}`, {
    cause: view.state === "in_progress" ? leaseWords(view) : sinceWords(view),
    // Nobody waits for what is finished.
    hint: view.state === "in_progress" ? `tracecraft wait-for ${name}` : `tracecraft step-status ${name}`,
    details,
  });
}
