import { reopenStep } from "../coord/finish.ts";
import { lastEntry, stateOf, termOf } from "../coord/claim-record.ts";
import { stateWords } from "../coord/steps.ts";
import { TracecraftError } from "../errors.ts";
import { stepId } from "../format/names.ts";
import { defineCommand } from "./command.ts";
import { leaseWords } from "./step-words.ts";
import { shownLine } from "./text.ts";

export const reopen = defineCommand({
  name: "reopen",
  summary: "Open a finished step again, for anybody to claim",
  positionals: { step: { help: "a step that is complete, blocked or needs review" } },
  options: {},
  exits: { done: "open", claimed: "somebody is working on it", not_found: "nobody has claimed it" },
  examples: ["tracecraft reopen deploy"],
  needs: "project",

  async run({ project }, { step: name }) {
    const step = stepId(name, "reopen");
    const result = await reopenStep(project, step);
    if (!result.done) {
      const { view, why } = result;
      if (why === "absent") {
        throw new TracecraftError("not_found", `Cannot reopen "${name}": nobody has finished it`, {
          hint: "tracecraft steps",
        });
      }
      throw new TracecraftError(
        "claimed",
        `Cannot reopen "${name}": ${shownLine(view.agent ?? "somebody")} has it`,
        {
          cause: leaseWords(view),
          hint: `tracecraft wait-for ${name}`,
        },
      );
    }
    const { was, already } = result;
    const by = was.agent ?? lastEntry(was)?.agent;
    return {
      data: { step, state: "released", was: stateOf(was), by: by ?? null, term: termOf(was), already },
      text: `Reopened step ${name}\n${already ? "open already" : `was ${stateWords(stateOf(was))} by ${shownLine(by ?? "nobody")}`}, term ${termOf(was)}`,
      next: `tracecraft claim ${name}`,
      told: { steps: [step] },
    };
  },
});
