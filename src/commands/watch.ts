import { readCursor, writeCursor } from "../coord/cursor.ts";
import { markNow, readNews } from "../coord/history.ts";
import { renewDue } from "../coord/leases.ts";
import { TracecraftError } from "../errors.ts";
import { defineCommand } from "./command.ts";
import { entryCells, entryJson } from "./history-words.ts";
import { malformedWarnings } from "./malformed.ts";

const firstPauseMs = 1_000;
const longestPauseMs = 10_000;

export const watch = defineCommand({
  name: "watch",
  summary: "Tell what happens as it happens, one record a line",
  positionals: {},
  options: {
    since: { placeholder: "CURSOR", help: "go on from there; each record of --json has one" },
    once: { help: "end when what is there has been told" },
  },
  exits: { interrupted: "stopped" },
  examples: ["tracecraft watch --once", "tracecraft watch --json --since AQGaq0gCgA"],
  needs: "project",

  async run(context, { since, once }) {
    const { project, signal } = context;
    let mark = since === undefined ? await markNow(project) : readCursor(since);
    let told = 0;
    let pauseMs = firstPauseMs;
    for (;;) {
      const news = await readNews(project, mark);
      news.entries.forEach((entry, index) => {
        const cursor = writeCursor(news.marks[index]!);
        context.emit({ ...entryJson(entry), cursor }, entryCells(entry).join("  "));
      });
      for (const warning of malformedWarnings(news.problems)) project.warn(warning);
      ({ mark } = news);
      told += news.entries.length;
      if (once) {
        const cursor = writeCursor(mark);
        const next = `tracecraft watch --once --since ${cursor}`;
        return { data: { count: told, cursor }, text: "", next };
      }
      if (signal.aborted) throw new TracecraftError("interrupted", "Interrupted");

      pauseMs = news.entries.length > 0 ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 1.5);
      renewDue(project);
      await project.world.sleep(pauseMs * (0.75 + project.world.chance() / 2));
    }
  },
});
