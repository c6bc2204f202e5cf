import { deleteMemory } from "../coord/memory.ts";
import { memoryKey } from "../format/names.ts";
import { defineCommand } from "./command.ts";
import { notSet } from "./memory-get.ts";
import { changedError, mustBeFit } from "./memory-words.ts";
import { shownLine } from "./text.ts";

export const memoryDelete = defineCommand({
  name: "memory delete",
  summary: "Delete a shared key",
  positionals: { key: { help: "such as design.status" } },
  options: {
    ifRevision: { placeholder: "R", help: "only if that is its revision" },
  },
  exits: {
    changed: "it has another revision",
    not_found: "it was never set",
    unfit_store: "--if-revision needs conditional writes",
  },
  examples: ["tracecraft memory delete design.status"],
  needs: "project",

  async run({ project }, { key: name, ifRevision }) {
    const key = memoryKey(name, "delete");
    if (ifRevision !== undefined) await mustBeFit(project, "delete", key);
    const result = await deleteMemory(project, key, { ifRevision });
    if (result.kind === "absent") throw notSet(key, "delete");
    if (result.kind === "changed") throw changedError("delete", key, result.now);
    const { revision } = result.now;
    return {
      data: { key, revision, already: result.already },
      text: `Deleted ${key}\nrevision ${shownLine(revision)}`,
    };
  },
});
