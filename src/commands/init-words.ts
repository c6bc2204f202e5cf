import { fileURLToPath } from "node:url";
import { knownLeases } from "../coord/leases.ts";
import type { Project } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import { agentsPrefix, parseAgentKey, parseStepKey, stepsPrefix } from "../format/keys.ts";
import { agentOfCheckout } from "./bindings.ts";
import type { Configuration, Identity } from "./machine.ts";
import { shownLine } from "./text.ts";
import { span } from "./values.ts";

/** Whose this checkout is, when it is another agent's. */
export function boundElsewhere({ local, agent }: Project, { checkout }: Identity): string | undefined {
  const bound = agentOfCheckout(local, checkout);
  return bound === agent ? undefined : bound;
}

/** Whoever works here as that agent would be another one in its next command. */
export function moveRefused(project: Project, bound: string): TracecraftError {
  const [lease] = knownLeases({ ...project, agent: bound }).filter(({ remainingS }) => remainingS > 0);
  const holds = lease ? `, which holds ${lease.step} (${span(lease.remainingS)} left)` : "";
  return new TracecraftError(
    "exists",
    `Cannot make this checkout "${project.agent}": it is ${bound}'s${holds}`,
    {
      cause: `TRACECRAFT_AGENT=${project.agent} would leave it as it is`,
      hint: `tracecraft init --project ${project.name} --agent ${project.agent} --move`,
      details: { agent: bound },
    },
  );
}

/** How many agents and steps there are, oneself included: two listings, no record read. */
export async function othersHere({
  store,
}: Project): Promise<{ readonly agents: number; readonly steps: number }> {
  const count = async (prefix: string, nameIn: (key: string) => string | undefined): Promise<number> => {
    const names = new Set<string>();
    for await (const { objects } of store.list(prefix)) {
      for (const { key } of objects) {
        const name = nameIn(key);
        if (name !== undefined) names.add(name);
      }
    }
    return names.size;
  };
  const [agents, steps] = await Promise.all([
    count(agentsPrefix, parseAgentKey),
    count(stepsPrefix, (key) => parseStepKey(key)?.step),
  ]);
  return { agents, steps };
}

/** `Backend: S3  Endpoint: https://s3.example.net  Bucket: acme-agents`. */
export function storeLine({ place }: Configuration, home: string): string {
  const { url, endpoint, project } = place;
  const [, scheme, path = ""] = /^(s3|hf):\/\/(.*)$/.exec(url) ?? [];
  if (scheme === undefined) {
    const folder = `${url.startsWith("file:") ? fileURLToPath(url) : url}/${project}`;
    return `Backend: file  Path: ${shownLine(folder.startsWith(`${home}/`) ? `~${folder.slice(home.length)}` : folder)}`;
  }
  const parts = path.split("/");
  const bucket = parts.splice(0, scheme === "hf" ? 2 : 1).join("/");
  const fields = [
    `Backend: ${scheme === "hf" ? "HuggingFace" : "S3"}`,
    ...(endpoint ? [`Endpoint: ${endpoint}`] : []),
    `Bucket: ${bucket}`,
    ...(parts.some(Boolean) ? [`Prefix: ${parts.join("/")}`] : []),
  ];
  return shownLine(fields.join("  "));
}
