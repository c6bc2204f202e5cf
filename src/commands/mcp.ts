import { defineCommand } from "./command.ts";
import { machineOf } from "./machine.ts";
import { tools, type Tool } from "./tools.ts";

const charactersAToken = 4;

export const mcp = defineCommand({
  name: "mcp",
  summary: "Serve the commands as tools of the Model Context Protocol, on stdin and stdout",
  positionals: {},
  options: {
    tools: { help: "list the tools and what the list costs a model, and serve nothing" },
    agent: { placeholder: "A", help: "act as this agent" },
  },
  exits: { done: "the client has closed it" },
  examples: ["tracecraft mcp --tools", "claude mcp add tracecraft -- tracecraft mcp"],
  needs: "surroundings",

  async run(context, { tools: listed, agent }) {
    const all = await tools();
    if (!listed) {
      await machineOf(context).serveTools(all, agent);
      return { data: {}, text: "" };
    }
    const tokens = Math.round(JSON.stringify(all.map(toolJson)).length / charactersAToken);
    return {
      data: { tools: all.map(toolJson), tokens },
      text: [...all.map(toolLine), `${all.length} tools, about ${tokens} tokens`].join("\n"),
    };
  },
});

/** A tool as the protocol lists it. */
export function toolJson({
  name,
  description,
  arguments: properties,
  required,
}: Tool): Record<string, unknown> {
  return {
    name,
    description,
    inputSchema: { type: "object", properties, ...(required.length > 0 && { required }) },
  };
}

function toolLine({ name, description, arguments: properties, required }: Tool): string {
  const words = Object.entries(properties).map(([argument, { enum: choices }]) => {
    const optional = required.includes(argument) ? "" : "?";
    return `${argument}${optional}${argument === "op" ? `: ${choices?.join("|")}` : ""}`;
  });
  return [name, words.join(", "), description].filter(Boolean).join("  ");
}
