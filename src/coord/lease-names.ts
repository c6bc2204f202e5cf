import type { Project } from "./project.ts";

/** Where this machine notes what a session of this agent was told that it holds. With step "": how all of them begin. */
export function leaseName({ agent }: Pick<Project, "agent">, session: string, step: string): string {
  return `leases/${agent}/${session}/${step}`;
}

/** The steps of every session of this agent on this machine, by what is noted here. Cheap: for what every command asks. */
export function stepsNotedHere({ agent, local }: Pick<Project, "agent" | "local">): readonly string[] {
  return local.names(`leases/${agent}/`).map((name) => name.slice(name.lastIndexOf("/") + 1));
}
