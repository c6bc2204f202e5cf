import { unreserve as giveBack } from "../coord/reservations.ts";
import { TracecraftError } from "../errors.ts";
import { defineCommand } from "./command.ts";

export const unreserve = defineCommand({
  name: "unreserve",
  summary: "Give reserved paths back",
  positionals: { pattern: { help: "the pattern, as it was reserved" } },
  options: {},
  exits: { not_found: "this agent has not reserved it" },
  examples: ["tracecraft unreserve 'src/api/**'"],
  needs: "project",

  async run({ project }, { pattern }) {
    if (!(await giveBack(project, pattern))) {
      throw new TracecraftError(
        "not_found",
        `Cannot unreserve "${pattern}": ${project.agent} has not reserved it`,
        {
          hint: "tracecraft reservations",
        },
      );
    }
    return { data: { pattern, agent: project.agent }, text: `Unreserved ${pattern}` };
  },
});
