import { listArtifacts } from "../coord/artifacts.ts";
import { correctedNow } from "../coord/clock.ts";
import { stepToRead } from "../format/names.ts";
import { formatTime } from "../format/records.ts";
import { defineCommand } from "./command.ts";
import { list } from "./table.ts";
import { shownLine } from "./text.ts";
import { size, timeFor } from "./values.ts";

export const artifactList = defineCommand({
  name: "artifact list",
  summary: "List the files that were handed over",
  positionals: {},
  options: {
    step: { placeholder: "STEP", help: "only those of this step" },
    long: { help: "beside each its size and when it arrived" },
  },
  exits: {},
  examples: ["tracecraft artifact list", "tracecraft artifact list --step design --long"],
  needs: "project",

  async run({ project }, { step, long }) {
    const found = await listArtifacts(project, step === undefined ? undefined : stepToRead(step));
    return {
      data: {
        artifacts: found.map((object) => ({
          key: object.key,
          size: object.size,
          uploaded_at: formatTime(object.writtenAt),
        })),
      },
      // Bare, all of them, and nothing else: scripts loop over them.
      text: (view) => {
        if (found.length === 0) return "No artifacts found.";
        if (!long) return found.map(({ key }) => shownLine(key)).join("\n");
        return list(view, {
          columns: [{ title: "KEY" }, { title: "SIZE", align: "right" }, { title: "UPLOADED" }],
          rows: found.map((object) => [
            { text: shownLine(object.key), style: "command" },
            size(object.size),
            { text: timeFor(view, object.writtenAt, correctedNow(project)), style: "dim" },
          ]),
        });
      },
    };
  },
});
