import { heartbeat } from "../coord/agents.ts";
import { releaseStep } from "../coord/finish.ts";
import { knownLeases } from "../coord/leases.ts";
import { stateWords } from "../coord/steps.ts";
import { TracecraftError } from "../errors.ts";
import { stepId } from "../format/names.ts";
import { defineCommand } from "./command.ts";
import { fencedError, heldError } from "./refusals.ts";

export const release = defineCommand({
  name: "release",
  summary: "Give a step back unfinished, for anybody to claim",
  positionals: { step: { help: "the step to give back" } },
  options: {},
  exits: {
    done: "released",
    fenced: "it was taken over already",
    claimed: "another has it",
    not_found: "nobody has claimed it",
  },
  examples: ["tracecraft release design"],
  needs: "project",

  async run({ project }, { step: name }) {
    const step = stepId(name, "release");
    const result = await releaseStep(project, step);
    if (result.done) {
      heartbeat(project, { step: knownLeases(project)[0]?.step ?? null });
      return {
        data: { step, state: "released", term: result.claim.term, already: result.already },
        text: `Released step ${name}`,
        told: { steps: [step] },
      };
    }
    const { view, why, ourTerm: term, takeover } = result;
    switch (why) {
      case "absent":
        throw new TracecraftError("not_found", `Cannot release "${name}": nobody has claimed it`, {
          hint: "tracecraft steps",
        });
      case "fenced":
        throw fencedError("release", name, view, { term, takeover }, `tracecraft step-status ${name}`);
      case "held":
      case "other_session":
        throw heldError("release", name, project, view);
      default:
        throw new TracecraftError(
          "finished",
          `Cannot release "${name}": it is ${why === "released" ? "released" : stateWords(view.state)} (term ${view.term})`,
          {
            hint: why === "released" ? `tracecraft claim ${name}` : `tracecraft reopen ${name}`,
          },
        );
    }
  },
});
