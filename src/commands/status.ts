import { listAgents, type AgentView } from "../coord/agents.ts";
import { listedState, readBoard, type Board } from "../coord/board.ts";
import { forgetLost } from "../coord/leases.ts";
import { unreadMail } from "../coord/mailbox.ts";
import type { Project } from "../coord/project.ts";
import type { StepView } from "../coord/steps.ts";
import { TracecraftError } from "../errors.ts";
import { isName } from "../format/names.ts";
import { agentJson } from "./agents.ts";
import { defineCommand, type View } from "./command.ts";
import { malformedWarnings } from "./malformed.ts";
import { stateCell } from "./steps.ts";
import { stepJson } from "./step-words.ts";
import { list, shownRows } from "./table.ts";
import { shownLine } from "./text.ts";
import { count, span, timeFor } from "./values.ts";

interface Screen {
  readonly project: Project;
  readonly agents: readonly AgentView[];
  readonly board: Board;
  /** Those that are not complete: the others are told by their number. */
  readonly open: readonly StepView[];
  readonly unread: Awaited<ReturnType<typeof unreadMail>>;
  readonly storeNow: number;
}

export const status = defineCommand({
  name: "status",
  summary: "One screen: who is here, who has what and for how long, what is unread",
  positionals: {},
  options: {},
  exits: {},
  examples: ["tracecraft status", "tracecraft status --json"],
  needs: "project",

  async run({ project }) {
    const [here, board, { unread, mailProblems }] = await Promise.all([
      listAgents(project),
      readBoard(project),
      unreadOrProblem(project),
    ]);
    const problems = [...here.problems, ...board.problems, ...mailProblems];
    const taken = forgetLost(project, board.steps);
    const open = board.steps.filter((step) => listedState(step) !== "complete");
    const screen = {
      project,
      agents: here.agents
        .map((agent) => ({ ...agent, step: stepOf(agent.agent, board.steps) }))
        .map((agent) => (agent.agent === project.agent ? present(agent, here.storeNow) : agent))
        .toSorted(byNeed(project.agent)),
      board,
      open,
      unread,
      storeNow: here.storeNow,
    };
    return {
      data: {
        project: project.name,
        agent: project.agent,
        agents: screen.agents.map(agentJson),
        steps: board.steps.map(stepJson),
        unread,
        problems,
      },
      text: (view) => (view.layout === "plain" ? plain(view, screen) : tables(view, screen)),
      ...(unread.count > 0
        ? { next: "tracecraft inbox" }
        : board.steps.length === 0
          ? { next: "tracecraft claim STEP" }
          : {}),
      warnings: [...taken.map(takenWords), ...malformedWarnings(problems)],
      told: { mail: true, steps: board.steps.map(({ step }) => step) },
    };
  },
});

/** A damaged inbox of our own hides neither the agents nor the steps. */
/** Said once, to whoever may still be at work on it. */
function takenWords({ step, agent, term }: StepView): string {
  return `"${step}" is no more yours: ${agent === null ? "it was taken" : `${shownLine(agent)} took it`} (term ${term})`;
}

async function unreadOrProblem(
  project: Project,
): Promise<{ unread: Screen["unread"]; mailProblems: Board["problems"] }> {
  try {
    return { unread: await unreadMail(project), mailProblems: [] };
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
    const { key, why } = error.details;
    const problem = { key: String(key ?? "inboxes/"), why: String(why ?? error.message) };
    return { unread: { count: 0, urgent: 0, from: [] }, mailProblems: [problem] };
  }
}

/** What an agent works on, by the claims: its own record may be older than a take-over. */
function stepOf(agent: string, steps: readonly StepView[]): string | undefined {
  const theirs = steps.filter((step) => step.agent === agent && step.state === "in_progress");
  return (theirs.find(({ lapsed }) => !lapsed) ?? theirs[0])?.step;
}

/** Whoever reads this is here, however long ago the bucket last heard so. */
function present(agent: AgentView, storeNow: number): AgentView {
  return { ...agent, state: "active", seenS: 0, seenAt: storeNow };
}

/** Those who work on something first, then by name, and the reader last. */
function byNeed(self: string): (a: AgentView, b: AgentView) => number {
  const rank = ({ agent, step }: AgentView) => (agent === self ? 2 : step === undefined ? 1 : 0);
  return (a, b) => rank(a) - rank(b) || (a.agent < b.agent ? -1 : 1);
}

function plain(view: View, { project, agents, board, open, unread }: Screen): string {
  const steps = board.steps.length === 0 ? "no steps" : count(board.steps.length, "step");
  const complete = board.steps.length - open.length;
  const lines = [
    `${project.name} as ${project.agent}: ${count(agents.length, "agent")}, ${steps}${complete > 0 ? ` (${complete} complete)` : ""}, ${mailWords(unread)}`,
  ];
  const { rows, more } = shownRows(false, [
    ...agents.map((agent) => [
      "agent",
      shownLine(agent.agent),
      presence(agent),
      shownLine(agent.step ?? "") || "-",
      ...(agent.agent === project.agent ? ["you"] : []),
    ]),
    ...open.map((step) => [
      "step",
      shownLine(step.step),
      stateCell(step).text,
      shownLine(step.agent ?? "") || "-",
      leaseCell(step),
    ]),
  ]);
  const records = list(view, {
    columns: [],
    rows,
    ...(more > 0 && { more: `${more} more: tracecraft steps --all` }),
  });
  return [...lines, records].filter(Boolean).join("\n");
}

function tables(view: View, { project, agents, open, board, unread, storeNow }: Screen): string {
  const head = `${view.paint("bold", project.name)}  as ${project.agent}   ${project.store.name}   ${mailWords(unread)}`;
  const complete = board.steps.length - open.length;
  return [
    head,
    "",
    list(view, {
      columns: [
        { title: "AGENT" },
        { title: "STATE" },
        { title: "STEP" },
        { title: "SEEN" },
        { title: "", last: true },
      ],
      rows: agents.map((agent) => [
        { text: shownLine(agent.agent), style: "command" as const },
        { text: agent.state, style: agent.state === "away" ? ("waiting" as const) : ("good" as const) },
        shownLine(agent.step ?? "") || "-",
        { text: timeFor(view, agent.seenAt, storeNow), style: "dim" as const },
        agent.agent === project.agent ? "you" : "",
      ]),
    }),
    ...(open.length === 0
      ? []
      : [
          "",
          list(view, {
            columns: [
              { title: "STEP" },
              { title: "STATE" },
              { title: "AGENT" },
              { title: "LEASE" },
              { title: "", last: true },
            ],
            rows: open.map((step) => [
              { text: shownLine(step.step), style: "command" as const },
              { ...stateCell(step), text: stateCell(step).text.replace("_", " ") },
              shownLine(step.agent ?? "") || "-",
              spanCell(step, storeNow),
              { text: adviceFor(step), style: "command" as const },
            ]),
          }),
        ]),
    ...(complete > 0 ? ["", view.paint("dim", `${count(complete, "complete step")}: tracecraft steps`)] : []),
  ].join("\n");
}

function mailWords({ count: unread, urgent, from }: Screen["unread"]): string {
  if (unread === 0) return "no mail";
  return `${unread} unread${urgent > 0 ? ` (${urgent} urgent)` : ""} from ${from.map(shownLine).join(", ")}`;
}

function presence({ state, seenS }: AgentView): string {
  return state === "away" ? `away ${span(seenS)}` : state;
}

/** What plain mode says behind a step: how long it is held, or for whom it lies there. */
function leaseCell({ remainingS, lapsed, handoff, state }: StepView): string {
  if (state === "pending" && handoff?.next_agent) return handedWords(handoff.next_agent, handoff.from_agent);
  return remainingS === undefined || lapsed ? "" : `${span(remainingS)} left`;
}

/** What a terminal says of its time: what is left of it, or for how long it has been so. */
function spanCell({ remainingS, lapsed, expiresAt, last, state }: StepView, storeNow: number): string {
  if (lapsed && expiresAt !== undefined) return `for ${span((storeNow - expiresAt) / 1000)}`;
  if (remainingS !== undefined) return `${span(remainingS)} left`;
  return state === "blocked" && last ? `for ${span((storeNow - Date.parse(last.at)) / 1000)}` : "-";
}

function adviceFor({ step, lapsed, state, handoff }: StepView): string {
  if (lapsed) return isName(step) ? `tracecraft claim ${step}` : ""; // It is typed: no odd names.
  return state === "pending" && handoff?.next_agent
    ? handedWords(handoff.next_agent, handoff.from_agent)
    : "";
}

function handedWords(to: string, by: string): string {
  return `handed to ${shownLine(to)} by ${shownLine(by)}`;
}
