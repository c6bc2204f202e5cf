import { findSession } from "../sessions/catalogue.ts";
import { stopSession } from "../sessions/stop.ts";
import { defineCommand } from "./command.ts";

export const sessionStop = defineCommand({
  name: "session stop",
  summary: "Mark a mirrored session as ended",
  positionals: { id: { help: "the session, or how its id begins" } },
  options: {},
  exits: { not_found: "no such session" },
  examples: ["tracecraft session stop 5c1d"],
  needs: "project",

  async run({ project }, { id }) {
    const found = await findSession(project, id, "stop");
    const { session_id: session, harness } = found.record;
    const { stateCleared, markedEnded } = await stopSession(project, found);
    return {
      data: { harness, session, state_cleared: stateCleared, meta_marked_ended: markedEnded },
      text: `stopped session=${session} state_cleared=${asPython(stateCleared)} meta_marked_ended=${asPython(markedEnded)}`,
    };
  },
});

/** The published words have Python's. */
function asPython(value: boolean): string {
  return value ? "True" : "False";
}
