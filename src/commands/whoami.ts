import { knownLeases } from "../coord/leases.ts";
import { knownVerdict } from "../coord/verdict.ts";
import { formatTime } from "../format/records.ts";
import { defineCommand } from "./command.ts";
import { machineOf } from "./machine.ts";
import { noProject } from "./no-project.ts";
import { shownLine } from "./text.ts";
import { plainTime, span } from "./values.ts";

export const whoami = defineCommand({
  name: "whoami",
  summary: "Tell which agent, session, project and store a command here would use",
  positionals: {},
  options: { agent: { placeholder: "A", help: "as if run with --agent A" } },
  exits: { config: "no project here" },
  examples: ["tracecraft whoami", "tracecraft whoami --json"],
  needs: "surroundings",

  async run(context, { agent: asked }) {
    const machine = machineOf(context);
    const configuration = machine.configuration() ?? noProject();
    const { agent, agentFrom, session } = machine.identify(configuration, asked);
    const project = await machine.open(configuration, asked);
    const leases = knownLeases(project).filter(({ remainingS }) => remainingS > 0);
    const verdict = knownVerdict(project);
    const measured = verdict?.measuredAt === undefined ? "" : `, measured ${plainTime(verdict.measuredAt)}`;
    const fitness =
      verdict === undefined ? "never measured here" : `${verdict.fit ? "fit" : "unfit"}${measured}`;
    return {
      data: {
        agent,
        agent_from: agentFrom,
        project: project.name,
        session: session.id,
        harness: session.harness ?? null,
        earlier_sessions: session.earlier,
        host: session.host,
        store: project.store.name,
        fit: verdict?.fit ?? null,
        ...(verdict?.measuredAt !== undefined && { measured_at: formatTime(verdict.measuredAt) }),
        config: configuration.shownFile,
        holds: leases.map(({ step, term, remainingS }) => ({ step, term, remaining_s: remainingS })),
      },
      text: [
        `${agent} in ${project.name}`,
        `agent: ${agent} (${agentFrom})`,
        `session: ${shownLine(session.id.replace(":", " "))}`,
        `store: ${shownLine(project.store.name)} (${fitness})`,
        `config: ${shownLine(configuration.shownFile)}`,
        ...(leases.length > 0
          ? [
              `holds: ${leases.map(({ step, remainingS }) => `${step} (${span(remainingS)} left)`).join(", ")}`,
            ]
          : []),
      ].join("\n"),
      warnings: configuration.warnings,
      told: { steps: leases.map(({ step }) => step) },
    };
  },
});
