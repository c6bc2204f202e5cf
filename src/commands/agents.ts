import { listAgents, type AgentView } from "../coord/agents.ts";
import { formatTime } from "../format/records.ts";
import { defineCommand, type View } from "./command.ts";
import { malformedWarnings } from "./malformed.ts";
import { list, shownRows, type Cell } from "./table.ts";
import { shownLine } from "./text.ts";
import { span, timeFor } from "./values.ts";

export const agents = defineCommand({
  name: "agents",
  summary: "List who is here and when each was last heard of",
  positionals: {},
  options: { all: { help: "all of them, also past the first 20" } },
  exits: {},
  examples: ["tracecraft agents"],
  needs: "project",

  async run({ project }, { all: everyone }) {
    const { agents: all, problems, storeNow } = await listAgents(project);
    return {
      data: { agents: all.map(agentJson), problems },
      text: (view) => (all.length === 0 ? "No agents found." : table(view, all, storeNow, everyone)),
      warnings: malformedWarnings(problems),
    };
  },
});

/** An agent for `--json`: absent means absent. */
export function agentJson({
  agent,
  state,
  step,
  seenS,
  seenAt,
  harness,
  host,
}: AgentView): Record<string, unknown> {
  return {
    agent,
    state,
    ...(step !== undefined && { step }),
    seen_s: seenS,
    seen_at: formatTime(seenAt),
    ...(harness !== undefined && { harness }),
    ...(host !== undefined && { host }),
  };
}

function cells({ agent, state, step }: AgentView): Cell[] {
  return [
    { text: shownLine(agent), style: "command" },
    { text: state, style: state === "away" ? "waiting" : "good" },
    shownLine(step ?? "") || "-",
  ];
}

function table(view: View, all: readonly AgentView[], storeNow: number, everyone: boolean): string {
  const { rows, more } = shownRows(everyone, all);
  const titles = [
    "AGENT",
    "STATE",
    "STEP",
    "SEEN",
    ...(view.layout === "plain" ? ["WHERE"] : ["HARNESS", "HOST"]),
  ];
  return list(view, {
    columns: titles.map((title) => ({ title })),
    rows: rows.map((agent) => {
      const harness = shownLine(agent.harness ?? "-");
      const host = shownLine(agent.host ?? "-");
      if (view.layout === "plain")
        return [...cells(agent), `seen ${span(agent.seenS)} ago`, `${harness}@${host}`];
      return [...cells(agent), { text: timeFor(view, agent.seenAt, storeNow), style: "dim" }, harness, host];
    }),
    ...(more > 0 && { more: `${more} more: tracecraft agents --all` }),
  });
}
