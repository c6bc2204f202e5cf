import { listReservations } from "../coord/reservations.ts";
import { defineCommand } from "./command.ts";
import { reservationJson } from "./reserve.ts";
import { list, shownRows } from "./table.ts";
import { shownLine } from "./text.ts";
import { span } from "./values.ts";

export const reservations = defineCommand({
  name: "reservations",
  summary: "List who has reserved which paths",
  positionals: {},
  options: { all: { help: "all of them, also past the first 20" } },
  exits: {},
  examples: ["tracecraft reservations"],
  needs: "project",

  async run({ project }, { all }) {
    const found = await listReservations(project);
    const { rows, more } = shownRows(all, found);
    return {
      data: { reservations: found.map(reservationJson) },
      text: (view) =>
        found.length === 0
          ? "No reservations."
          : list(view, {
              columns: [
                { title: "PATHS" },
                { title: "MODE" },
                { title: "AGENT" },
                { title: "LEASE" },
                { title: "FOR" },
              ],
              rows: rows.map(({ pattern, mode, agent, remainingS, step }) => [
                shownLine(pattern),
                mode,
                { text: shownLine(agent), style: "command" as const },
                `${span(remainingS)} left`,
                step === undefined ? "" : `step ${shownLine(step)}`,
              ]),
              ...(more > 0 && { more: `${more} more: tracecraft reservations --all` }),
            }),
    };
  },
});
