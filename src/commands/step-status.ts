import { repairProjection } from "../coord/projections.ts";
import { readStep, viewOf, type StepView } from "../coord/steps.ts";
import { stepToRead } from "../format/names.ts";
import { defineCommand } from "./command.ts";
import { formatOneWords, stepJson } from "./step-words.ts";
import { shownLine } from "./text.ts";
import { plainTime } from "./values.ts";

export const stepStatus = defineCommand({
  name: "step-status",
  summary: "Tell the state of steps and who has them",
  positionals: { steps: { help: "the steps to look at", many: true } },
  options: {},
  exits: {},
  examples: ["tracecraft step-status design", "tracecraft step-status design api --json"],
  needs: "project",

  async run({ project }, { steps: names }) {
    const views = await Promise.all(
      names.map(async (name) => {
        const reading = await readStep(project, stepToRead(name));
        repairProjection(project, reading);
        return viewOf(project, reading);
      }),
    );
    const lines = views.map((view, at) => stateLine(names[at]!, view));
    const more = views.length === 1 ? moreWords(views[0]!) : undefined;
    return {
      data: { steps: views.map(stepJson) },
      text: [...lines, ...(more ? [more] : [])].join("\n"),
      told: { steps: views.map(({ step }) => step) },
    };
  },
});

/** The published line: `design: in_progress (agent: web-1)`. */
export function stateLine(name: string, { state, agent }: StepView): string {
  return `${shownLine(name)}: ${state === "released" ? "pending" : state}${agent === null ? "" : ` (agent: ${shownLine(agent)})`}`;
}

/** What the published line leaves out and a reader would want to act on. */
function moreWords({ lapsed, expiresAt, term, formatOneSays }: StepView): string | undefined {
  if (formatOneSays) return formatOneWords(formatOneSays);
  if (lapsed && expiresAt !== undefined)
    return `lapsed at ${plainTime(expiresAt)}, term ${term}, free to claim`;
  return undefined;
}
