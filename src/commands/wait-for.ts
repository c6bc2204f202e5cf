import type { StepView } from "../coord/steps.ts";
import { waitForSteps, type WaitResult } from "../coord/wait.ts";
import { TracecraftError } from "../errors.ts";
import { stepToRead } from "../format/names.ts";
import { defineCommand, type Context } from "./command.ts";
import { formatOneWords, stepJson } from "./step-words.ts";
import { shownLine } from "./text.ts";
import { parseSpan, plainTime, span } from "./values.ts";

export const waitFor = defineCommand({
  name: "wait-for",
  summary: "Wait until steps are complete",
  positionals: { steps: { help: "the steps to wait for", many: true } },
  options: {
    timeout: {
      placeholder: "300",
      default: "300",
      help: "seconds to wait, or a span such as 10m; 0 looks once",
    },
  },
  exits: { done: "all complete", timeout: "waited too long", blocked: "one is blocked: somebody must act" },
  examples: ["tracecraft wait-for design", "tracecraft wait-for design api --timeout 10m"],
  needs: "project",

  async run(context, { steps: names, timeout }) {
    const { project, signal } = context;
    const timeoutS = /^\d+(\.\d+)?$/.test(timeout) ? Number(timeout) : parseSpan(timeout);
    const typed = new Map(names.map((name) => [stepToRead(name), name]));
    let before: string | undefined;
    const result = await waitForSteps(project, [...typed.keys()], timeoutS, {
      signal,
      looked(missing, remainingS) {
        const words = waitingWords(typed, missing);
        tell(context, typed, missing, remainingS, before !== undefined && words !== before);
        before = words;
      },
    });
    if (result.kind !== "complete") throw refusal(typed, timeoutS, result);
    return {
      data: { complete: [...typed.keys()], waited_s: result.waitedS },
      text: `All steps complete: ${names.join(", ")}`,
      next: `tracecraft handoff ${names[0]}`,
      told: { steps: [...typed.keys()] },
    };
  },
});

function tell(
  context: Context,
  typed: Map<string, string>,
  missing: readonly StepView[],
  remainingS: number,
  urgent: boolean,
): void {
  const words = waitingWords(typed, missing);
  const waiting = `Waiting... (${remainingS}s remaining)`;
  const states = missing.map((view) => {
    const left = view.lapsed
      ? "lapsed"
      : view.remainingS === undefined
        ? ""
        : `${span(view.remainingS)} left`;
    return [`${typed.get(view.step)} ${view.state.replace("_", " ")}`, shownLine(view.agent ?? ""), left]
      .filter(Boolean)
      .join(", ");
  });
  context.progress({
    plain: words ? `${waiting} — ${words}` : waiting,
    terminal: `${waiting}  ${states.join("; ")}`,
    urgent,
  });
}

/** What a waiting reader may have to act on: `needs review: docs; lapsed: api (test-3)`. */
function waitingWords(typed: Map<string, string>, missing: readonly StepView[]): string {
  const nameOf = (view: StepView) => typed.get(view.step) ?? view.step;
  const groups: [string, string[]][] = [
    ["needs review", missing.filter(({ state }) => state === "needs_review").map(nameOf)],
    [
      "lapsed",
      missing
        .filter(({ lapsed }) => lapsed)
        .map((view) => `${nameOf(view)} (${shownLine(view.agent ?? "nobody")})`),
    ],
    ...missing.flatMap((view): [string, string[]][] =>
      view.formatOneSays ? [[formatOneWords(view.formatOneSays), [nameOf(view)]]] : [],
    ),
  ];
  return groups
    .flatMap(([word, names]) => (names.length > 0 ? `${word}: ${names.join(", ")}` : []))
    .join("; ");
}

function refusal(
  typed: Map<string, string>,
  timeoutS: number,
  result: Exclude<WaitResult, { kind: "complete" }>,
): TracecraftError {
  if (result.kind === "stopped")
    return new TracecraftError("interrupted", "Interrupted", {
      hint: `tracecraft wait-for ${[...typed.values()].join(" ")}`,
    });
  if (result.kind === "blocked") {
    const { step, agent } = result.view;
    const name = typed.get(step) ?? step;
    return new TracecraftError(
      "blocked",
      `Step ${name} is blocked (agent: ${shownLine(agent ?? "nobody")}) — it will not complete without intervention. Resolve it and re-run wait-for.`,
      { hint: `tracecraft handoff ${name}`, details: { ...stepJson(result.view), waited_s: result.waitedS } },
    );
  }
  const names = result.missing.map(({ step }) => typed.get(step) ?? step);
  const free = result.missing.find(({ lapsed }) => lapsed);
  return new TracecraftError(
    "timeout",
    `Timeout after ${timeoutS}s. Not all steps complete: ${names.join(", ")}`,
    {
      cause: result.missing.map((view) => causeWords(typed, view)).join(", "),
      hint: free ? `tracecraft claim ${typed.get(free.step)}` : undefined,
      details: { missing: result.missing.map(stepJson), waited_s: result.waitedS },
    },
  );
}

function causeWords(typed: Map<string, string>, view: StepView): string {
  const name = typed.get(view.step) ?? view.step;
  const by = view.agent === null ? "" : ` (${shownLine(view.agent)})`;
  if (view.lapsed) return `${name} lapsed${by}`;
  if (view.state === "pending")
    return `${name} is pending${view.handoff?.next_agent ? `, handed to ${shownLine(view.handoff.next_agent)}` : ""}`;
  if (view.state === "needs_review") return `${name} needs review${by}`;
  return `${name} in progress${by}${view.expiresAt === undefined ? "" : ` until ${plainTime(view.expiresAt)}`}`;
}
