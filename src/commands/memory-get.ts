import { readMemoryKey } from "../coord/memory.ts";
import { TracecraftError } from "../errors.ts";
import { memoryKeyToRead } from "../format/names.ts";
import { defineCommand } from "./command.ts";
import { memoryJson, valueText } from "./memory-words.ts";
import { shown } from "./text.ts";

export const memoryGet = defineCommand({
  name: "memory get",
  summary: "Print the value of a shared key and nothing else",
  positionals: { key: { help: "such as design.status" } },
  options: {},
  exits: { not_found: "not set" },
  examples: ["tracecraft memory get design.status", "tracecraft memory get design.status --json"],
  needs: "project",

  async run({ project }, { key: name }) {
    const key = memoryKeyToRead(name);
    const record = await readMemoryKey(project, key);
    if (!record || record.deleted) throw notSet(key);
    return {
      data: { ...memoryJson(key, record), untrusted: true },
      text: shown(valueText(record.value)).replace(/\n$/, ""),
    }; // The line end is the answer's own.
  },
});

/** Its siblings are the likeliest place to look. */
export function notSet(key: string, act = "get"): TracecraftError {
  const at = key.lastIndexOf(".");
  return new TracecraftError("not_found", `Cannot ${act} memory "${key}": not set`, {
    hint: at < 0 ? "tracecraft memory list" : `tracecraft memory list ${key.slice(0, at)}`,
    details: { key },
  });
}
