import { leaseOf, type Lease } from "../coord/claims.ts";
import { knownLease, knownLeases, renewLease } from "../coord/leases.ts";
import type { Project } from "../coord/project.ts";
import { readStep, viewOf, type StepReading } from "../coord/steps.ts";
import { isHolder, lostTermOf, stateOf, takeoverAfter, termOf } from "../coord/claim-record.ts";
import { TracecraftError } from "../errors.ts";
import { stepId } from "../format/names.ts";
import { formatTime } from "../format/records.ts";
import { defineCommand } from "./command.ts";
import { fencedError, heldError, type Lost } from "./refusals.ts";
import { sinceWords, untilWords } from "./step-words.ts";

export const renew = defineCommand({
  name: "renew",
  summary: "Hold leases for longer; without a step, all that this session holds",
  positionals: { step: { help: "the step to hold on to", optional: true } },
  options: {},
  exits: { done: "renewed", fenced: "it was taken over: stop", claimed: "another has it" },
  examples: ["tracecraft renew", "tracecraft renew design"],
  needs: "project",

  async run({ project }, { step: name }) {
    const leases: Lease[] = [];
    if (name === undefined) {
      for (const { step } of knownLeases(project)) leases.push(await renewOne(project, step, step));
    } else {
      leases.push(await renewOne(project, stepId(name, "renew"), name));
    }
    return {
      data: {
        leases: leases.map(({ step, term, expiresAt, ttlS }) => {
          return { step, term, expires_at: formatTime(expiresAt), remaining_s: ttlS };
        }),
      },
      text:
        leases.map((lease) => `Renewed step ${lease.step} ${untilWords(lease)}`).join("\n") ||
        "No leases held.",
      told: { steps: leases.map(({ step }) => step) },
    };
  },
});

async function renewOne(project: Project, step: string, name: string): Promise<Lease> {
  const term = knownLease(project, step)?.term ?? (await termHeld(project, step, name));
  const result = await renewLease(project, step, term);
  if (result.renewed) return leaseOf(project, step, result.found);

  const view = viewOf(project, result.reading);
  if (view.agent !== null && view.term !== undefined && view.term > term)
    throw fencedError("renew", name, view, lostIn(result.reading, term), `tracecraft step-status ${name}`);
  throw new TracecraftError("finished", `Cannot renew "${name}": ${sinceWords(view)}`, {
    hint: `tracecraft step-status ${name}`,
  });
}

/** The term of a lease that this machine has forgotten, where the record says that it is this session's. */
async function termHeld(project: Project, step: string, name: string): Promise<number> {
  const reading = await readStep(project, step);
  const record = reading.claim?.record;
  const lost = record && lostTermOf(record, project.agent, project.session);
  if (record && stateOf(record) === "in_progress" && isHolder(record, project.agent, project.session))
    return termOf(record);
  const view = viewOf(project, reading);
  if (lost)
    throw fencedError("renew", name, view, lostIn(reading, lost.term), `tracecraft step-status ${name}`);
  if (view.state === "in_progress") throw heldError("renew", name, project, view);
  throw new TracecraftError("not_found", `Cannot renew "${name}": this session does not hold it`, {
    hint: `tracecraft claim ${name}`,
  });
}

function lostIn({ claim }: StepReading, term: number): Lost {
  return { term, takeover: claim && takeoverAfter(claim.record, term) };
}
