import { readHistory } from "../coord/history.ts";
import { defineCommand } from "./command.ts";
import { entryCells, entryJson } from "./history-words.ts";
import { malformedWarnings } from "./malformed.ts";
import { list } from "./table.ts";

const shownEntries = 20;

export const log = defineCommand({
  name: "log",
  summary: "List what happened here, without any body",
  positionals: {},
  options: { all: { help: "all of it, also before the last 20" } },
  exits: {},
  examples: ["tracecraft log", "tracecraft log --all --json"],
  needs: "project",

  async run({ project }, { all }) {
    const most = all ? Number.POSITIVE_INFINITY : shownEntries;
    const { entries, earlier, problems } = await readHistory(project, most);
    return {
      data: { entries: entries.map(entryJson), earlier, problems },
      text: (view) => {
        if (entries.length === 0) return "No history.";
        return list(view, {
          columns: [{ title: "AT" }, { title: "AGENT" }, { title: "KIND" }, { title: "WHAT" }],
          rows: entries.map((entry) => {
            const [time, agent, kind, what] = entryCells(entry);
            return [
              { text: time, style: "dim" as const },
              { text: agent, style: "command" as const },
              kind,
              what,
            ];
          }),
          ...(earlier > 0 && { more: `${earlier} earlier: tracecraft log --all` }),
        });
      },
      warnings: malformedWarnings(problems),
    };
  },
});
