import { TracecraftError } from "../errors.ts";
import { programVersion } from "../format/version.ts";
import { commandNames, loadCommand } from "./all.ts";
import { defineCommand, type Command } from "./command.ts";
import { commandHelp, overview, statusHelp, statusJson, usageLine, verbsHelp } from "./help-text.ts";
import { kebab } from "./names.ts";

export const help = defineCommand({
  name: "help",
  summary: "Tell what the commands are and how each is used",
  positionals: { command: { help: "a command, or statuses", optional: true, many: true } },
  options: {},
  exits: { not_found: "no such command" },
  examples: ["tracecraft help claim", "tracecraft help --json"],
  needs: "surroundings",

  async run(_, { command: words }) {
    const name = words.join(" ");
    if (name === "") return { data: await reference(), text: overview() };
    if (name === "statuses") return { data: { statuses: statusJson() }, text: statusHelp() };
    const commands = await Promise.all(
      commandNames.filter((known) => known === name || known.startsWith(`${name} `)).map(loadCommand),
    );
    if (commands.length === 0)
      throw new TracecraftError("not_found", `No command "${name.slice(0, 60)}"`, {
        hint: "tracecraft help",
      });
    const [first] = commands;
    return {
      data: { commands: commands.map(commandJson) },
      text: first!.name === name ? commandHelp(first!) : verbsHelp(name, commands),
    };
  },
});

async function reference(): Promise<Record<string, unknown>> {
  const commands = await Promise.all(commandNames.map(loadCommand));
  return { version: programVersion, commands: commands.map(commandJson), statuses: statusJson() };
}

function commandJson(command: Command): Record<string, unknown> {
  const { name, summary, positionals, options, exits, examples, needs } = command;
  return {
    name,
    summary,
    usage: usageLine(command).replace("Usage: ", ""),
    arguments: Object.entries(positionals).map(([place, { help: words, optional, many }]) => {
      return { name: kebab(place), help: words, required: !optional, many: many ?? false };
    }),
    options: Object.entries(options).map(
      ([option, { help: words, placeholder, default: usual, many, short }]) => {
        return {
          name: `--${kebab(option)}`,
          help: words,
          ...(placeholder !== undefined && { value: placeholder }),
          ...(usual !== undefined && { default: usual }),
          ...(many && { many }),
          ...(short && { short: `-${short}` }),
        };
      },
    ),
    exits,
    examples,
    needs_project: needs === "project",
  };
}
