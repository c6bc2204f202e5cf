import { listMemory } from "../coord/memory-list.ts";
import { defineCommand } from "./command.ts";
import { malformedWarnings } from "./malformed.ts";
import { memoryJson, valueText } from "./memory-words.ts";
import { echoed, shownLine } from "./text.ts";

export const memoryList = defineCommand({
  name: "memory list",
  summary: "List the shared keys",
  positionals: { prefix: { help: "only keys that begin so", optional: true } },
  options: { values: { help: "beside each key the first 200 characters of its value" } },
  exits: {},
  examples: ["tracecraft memory list", "tracecraft memory list design --values"],
  needs: "project",

  async run({ project }, { prefix = "", values }) {
    const { keys, problems } = await listMemory(project, prefix, { values });
    return {
      data: {
        keys: keys.map(({ key }) => key),
        ...(values && {
          values: keys.flatMap(({ key, record }) => (record ? memoryJson(key, record) : [])),
          untrusted: true,
        }),
        problems,
      },
      // Bare, all of them, and nothing else: scripts loop over them.
      text: keys
        .map(
          ({ key, record }) =>
            shownLine(key) + (values && record ? `  ${echoed(valueText(record.value))}` : ""),
        )
        .join("\n"),
      warnings: malformedWarnings(problems),
    };
  },
});
