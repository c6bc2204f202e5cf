import type { Project } from "../coord/project.ts";
import { repairProjection } from "../coord/projections.ts";
import { readStep, viewOf, type StepView } from "../coord/steps.ts";
import { TracecraftError } from "../errors.ts";
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
  exits: { malformed: "one of them is not what the format says" },
  examples: ["tracecraft step-status design", "tracecraft step-status design api --json"],
  needs: "project",

  async run({ project }, { steps: names }) {
    const steps = names.map((name) => [name, stepToRead(name)] as const);
    const looked = await Promise.all(steps.map(([name, step]) => look(project, name, step)));
    const seen = looked.flatMap((one) => ("view" in one ? [one] : []));
    const [malformed, ...more] = looked.flatMap((one) => ("error" in one ? [one.error] : []));
    if (malformed && seen.length === 0) throw malformed;
    const lines = seen.map(({ name, view }) => stateLine(name, view));
    const words = names.length === 1 ? moreWords(seen[0]!.view) : undefined;
    return {
      data: { steps: seen.map(({ view }) => stepJson(view)) },
      text: [...lines, ...(words ? [words] : [])].join("\n"),
      ...(malformed && { error: malformed }),
      warnings: more.map(({ message }) => message),
      told: { steps: steps.map(([, step]) => step) },
    };
  },
});

type Looked =
  | { readonly name: string; readonly view: StepView }
  | { readonly name: string; readonly error: TracecraftError };

/** One step; a record that is not what the format says hides no other's. */
async function look(project: Project, name: string, step: string): Promise<Looked> {
  try {
    const reading = await readStep(project, step);
    repairProjection(project, reading);
    return { name, view: viewOf(project, reading) };
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
    return { name, error };
  }
}

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
