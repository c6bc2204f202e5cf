import { commandNames, loadCommand } from "../src/commands/all.ts";
import { commandHelp, overview, statusHelp } from "../src/commands/help-text.ts";

/** docs/cli.md, made of the definitions. */
export async function referencePage(): Promise<string> {
  const commands = await Promise.all(commandNames.map(loadCommand));
  return [
    "# The command line",
    "",
    "Made from the definitions of the commands: `npx vitest run test/cli-docs.test.ts -u` writes it anew.",
    "",
    block(overview()),
    ...commands.flatMap((command) => ["", `## ${command.name}`, "", block(commandHelp(command))]),
    "",
    "## Exit statuses",
    "",
    block(statusHelp()),
    "",
  ].join("\n");
}

function block(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``;
}
