import { heartbeat } from "../coord/agents.ts";
import { claimStep, type ClaimResult } from "../coord/claims.ts";
import { forgetLease } from "../coord/leases.ts";
import type { Project } from "../coord/project.ts";
import { ensureVerdict, stillMatches } from "../coord/verdict.ts";
import { TracecraftError } from "../errors.ts";
import { stepId } from "../format/names.ts";
import { formatTime } from "../format/records.ts";
import { defineCommand } from "./command.ts";
import { formatOneWords, leaseWords, sessionWords, sinceWords, untilWords } from "./step-words.ts";
import { shownLine } from "./text.ts";
import { parseTtl, span } from "./values.ts";

const shortTtlS = 30;

export const claim = defineCommand({
  name: "claim",
  summary: "Take a step, so that no other agent works on it",
  positionals: { step: { help: "the step to take, such as design" } },
  options: {
    ttl: { placeholder: "60m", help: "give the step up unless renewed by then (default 60m)" },
    mine: { help: "take it over from another session of this agent" },
    bestEffort: { help: "go on in a bucket that cannot promise one winner" },
  },
  exits: {
    done: "yours, or already yours",
    claimed: "another has it, or it is finished",
    outcome_unknown: "try again, outcome unknown",
    unfit_store: "this bucket cannot promise it",
  },
  examples: ["tracecraft claim design", "tracecraft claim design --ttl 2h --json"],
  needs: "project",

  async run({ project }, { step: name, ttl, mine, bestEffort }) {
    const step = stepId(name);
    const ttlS = ttl === undefined ? undefined : parseTtl(ttl, "claim", name);
    const warnings =
      ttlS !== undefined && ttlS < shortTtlS
        ? [`a ttl under ${shortTtlS}s lapses while its holder thinks`]
        : [];

    const asked = { act: "claim", thing: name, bestEffort };
    const fitness = await ensureVerdict(project, asked);
    if (fitness.bestEffort) warnings.push("best effort (write, wait 2s, read back): two may hold it");
    const result = await claimStep(project, step, { ttlS, takeOver: mine });
    if (!stillMatches(project)) {
      // Another server answered than the one that was measured.
      await ensureVerdict(project, asked).catch((error: unknown) => {
        forgetLease(project, step); // Nobody was told that they hold it, so nobody may renew it.
        if (result.claimed) project.warn(`it was claimed before that was known: tracecraft release ${name}`);
        throw error;
      });
    }
    if (!result.claimed) throw refusal(name, result);

    const { lease, already, takenFrom } = result;
    heartbeat(project, { step });
    return {
      data: {
        step,
        agent: lease.agent,
        session: lease.session,
        state: "in_progress",
        term: lease.term,
        already,
        expires_at: formatTime(lease.expiresAt),
        remaining_s: lease.ttlS,
        best_effort: fitness.bestEffort,
      },
      text: `Claimed step ${name} as ${lease.agent}\n${already ? "already yours, " : ""}${untilWords(lease)}${fromWords(project, takenFrom)}`,
      ...(!already &&
        warnings.length === 0 && { next: `tracecraft complete ${name} --note "what was done"` }),
      warnings,
      told: { steps: [step] },
    };
  },
});

/** Whose it was: another agent's lease had lapsed, another session's of this agent was taken over. */
function fromWords({ agent }: Project, takenFrom: (ClaimResult & { claimed: true })["takenFrom"]): string {
  if (!takenFrom) return "";
  if (takenFrom.agent !== agent) return `; ${shownLine(takenFrom.agent ?? "somebody")} let it lapse`;
  return `; taken over from its session ${sessionWords(takenFrom.session ?? null)}`;
}

function refusal(name: string, { why, view }: ClaimResult & { claimed: false }): TracecraftError {
  const message = `Step ${name} already claimed by ${shownLine(view.agent ?? "nobody")}`;
  const details = {
    step: view.step,
    agent: view.agent,
    state: view.state,
    term: view.term,
    ...(view.remainingS !== undefined && { remaining_s: view.remainingS }),
  };
  switch (why) {
    case "held": {
      const says = view.formatOneSays;
      return new TracecraftError("claimed", message, {
        cause: says ? `${leaseWords(view)}; ${formatOneWords(says)}` : leaseWords(view),
        // What another than the holder has finished in format 1 never becomes complete by itself.
        hint: says ? `tracecraft complete ${name} --force` : `tracecraft wait-for ${name}`,
        details,
      });
    }
    case "other_session":
      return new TracecraftError("other_session", message, {
        cause: `by its session ${sessionWords(view.session)}, ${span(view.remainingS ?? 0)} left, term ${view.term}`,
        hint: `tracecraft claim ${name} --mine`,
        details: { ...details, session: view.session },
      });
    case "finished":
      return new TracecraftError("finished", message, {
        cause: sinceWords(view),
        hint: `tracecraft reopen ${name}`,
        details,
      });
  }
}
