import { acknowledge, findLetter } from "../coord/mailbox.ts";
import { defineCommand } from "./command.ts";
import { shownLine } from "./text.ts";

export const ack = defineCommand({
  name: "ack",
  summary: "Acknowledge messages, so that their sender can see it",
  positionals: { ids: { help: "a message's id, or the beginning of it", many: true } },
  options: {},
  exits: { not_found: "no such message in your inbox" },
  examples: ["tracecraft ack 4b7df5c9"],
  needs: "project",

  async run({ project }, { ids }) {
    const found = [];
    for (const id of ids) found.push(await findLetter(project, id, "acknowledge"));
    const [first] = found;
    const letters = [...new Map(found.map(({ letter }) => [letter.key, letter])).values()];
    if (first) await acknowledge(project, first.mailbox, letters);
    return {
      data: { acknowledged: letters.map(({ name }) => ({ id: name?.id, from: name?.by })) },
      text: letters
        .map(({ name }) => `Acknowledged ${name?.id} from ${shownLine(name?.by ?? "")}`)
        .join("\n"),
    };
  },
});
