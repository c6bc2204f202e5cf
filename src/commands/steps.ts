import { listedState, readBoard } from "../coord/board.ts";
import type { StepView } from "../coord/steps.ts";
import { defineCommand, type Style } from "./command.ts";
import { malformedWarnings } from "./malformed.ts";
import { formatOneWords, stepJson } from "./step-words.ts";
import { list, shownRows } from "./table.ts";
import { shownLine } from "./text.ts";
import { plainTime, span } from "./values.ts";

export const steps = defineCommand({
  name: "steps",
  summary: "List every step, what needs an act first",
  positionals: {},
  options: { all: { help: "all of them, also past the first 20" } },
  exits: {},
  examples: ["tracecraft steps", "tracecraft steps --json"],
  needs: "project",

  async run({ project }, { all }) {
    const board = await readBoard(project);
    const { rows, more } = shownRows(all, board.steps);
    return {
      data: { steps: board.steps.map(stepJson), problems: board.problems },
      text: (view) =>
        board.steps.length === 0
          ? "No steps."
          : list(view, {
              columns: [{ title: "STEP" }, { title: "STATE" }, { title: "AGENT" }, { title: "DETAIL" }],
              rows: rows.map((step) => [
                { text: shownLine(step.step), style: "command" },
                {
                  ...stateCell(step),
                  plain: stateCell(step).text,
                  text: stateCell(step).text.replace("_", " "),
                },
                shownLine(step.agent ?? "") || "-",
                detail(step),
              ]),
              ...(more > 0 && { more: `${more} more: tracecraft steps --all` }),
            }),
      warnings: malformedWarnings(board.problems),
    };
  },
});

export function stateCell(step: StepView): { text: string; style: Style } {
  const state = listedState(step);
  const { formatOneSays: says } = step;
  return { text: says ? formatOneWords(says) : state, style: styles[state] };
}

const styles: Record<ReturnType<typeof listedState>, Style> = {
  blocked: "bad",
  lapsed: "bad",
  needs_review: "waiting",
  pending: "waiting",
  in_progress: "good",
  complete: "good",
  "format 1": "dim",
};

function detail(step: StepView): string {
  const { remainingS, last, term, handoff, lapsed, expiresAt, state } = step;
  const inTerm = term === undefined ? "" : `term ${term}`;
  if (step.formatOneSays) return inTerm || "-";
  if (state === "pending")
    return handoff?.next_agent
      ? `handed to ${shownLine(handoff.next_agent)} by ${shownLine(handoff.from_agent)}`
      : "-";
  if (lapsed && expiresAt !== undefined) return `since ${plainTime(expiresAt)}, ${inTerm}`;
  if (state === "in_progress")
    return `${remainingS === undefined ? "never lapses (format 1)" : `${span(remainingS)} left`}, ${inTerm}`;
  const at = last ? plainTime(Date.parse(last.at)) : undefined;
  return [at && (state === "complete" ? at : `since ${at}`), inTerm].filter(Boolean).join(", ");
}
