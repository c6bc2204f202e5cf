import { readMemoryKey } from "../coord/memory.ts";
import { revisionsOf, type Revision } from "../coord/memory-record.ts";
import { memoryKeyToRead } from "../format/names.ts";
import { defineCommand } from "./command.ts";
import { notSet } from "./memory-get.ts";
import { valueText } from "./memory-words.ts";
import { list } from "./table.ts";
import { echoed, shownLine } from "./text.ts";
import { timeFor } from "./values.ts";
import { correctedNow } from "../coord/clock.ts";

export const memoryHistory = defineCommand({
  name: "memory history",
  summary: "List what a shared key held, the newest first",
  positionals: { key: { help: "such as design.status" } },
  options: {},
  exits: { not_found: "it was never set" },
  examples: ["tracecraft memory history design.status"],
  needs: "project",

  async run({ project }, { key: name }) {
    const key = memoryKeyToRead(name, "read the history of");
    const record = await readMemoryKey(project, key);
    if (!record) throw notSet(key, "read the history of");
    const revisions = revisionsOf(record);
    return {
      data: {
        key,
        revisions: revisions.map(({ revision, setBy, setAt, deleted, ...rest }) => ({
          revision,
          set_by: setBy,
          set_at: setAt,
          ...("value" in rest && !deleted && { value: rest.value }),
          ...(deleted && { deleted }),
        })),
        untrusted: true,
      },
      text: (view) =>
        list(view, {
          columns: [{ title: "REVISION" }, { title: "SET" }, { title: "BY" }, { title: "VALUE" }],
          rows: revisions.map((one) => [
            { text: shownLine(one.revision), style: "dim" },
            { text: timeFor(view, Date.parse(one.setAt), correctedNow(project)), style: "dim" },
            shownLine(one.setBy),
            valueWords(one),
          ]),
        }),
    };
  },
});

function valueWords({ deleted, value }: Revision): string {
  if (deleted) return "(deleted)";
  return value === undefined ? "(not kept)" : echoed(valueText(value)) || '""';
}
