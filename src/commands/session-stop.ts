import type { Found } from "../coord/update.ts";
import { asTracecraftError, TracecraftError } from "../errors.ts";
import { harnessNamed } from "../harness/all.ts";
import { findSession } from "../sessions/catalogue.ts";
import type { Manifest } from "../sessions/manifest-record.ts";
import { mirrorSession } from "../sessions/mirror.ts";
import { stopSession } from "../sessions/stop.ts";
import { defineCommand, type Context } from "./command.ts";
import { redactorFor } from "./redactor.ts";
import { sessionHost } from "./session-host.ts";

export const sessionStop = defineCommand({
  name: "session stop",
  summary: "Mark a mirrored session as ended",
  positionals: { id: { help: "the session, or how its id begins" } },
  options: {},
  exits: { not_found: "no such session" },
  examples: ["tracecraft session stop 5c1d"],
  needs: "project",

  async run(context, { id }) {
    const { project } = context;
    const found = await findSession(project, id, "stop");
    const { session_id: session, harness } = found.record;
    const { stateCleared, markedEnded } = await stopSession(project, found, await lastLines(context, found));
    return {
      data: { harness, session, state_cleared: stateCleared, meta_marked_ended: markedEnded },
      text: `stopped session=${session} state_cleared=${asPython(stateCleared)} meta_marked_ended=${asPython(markedEnded)}`,
    };
  },
});

/**
 * What mirrors the rest of the session from this machine, where its source is here: nothing more will be written, so
 * a last line without LF is taken too. One that cannot be read is a warning, and the session is stopped all the same.
 */
async function lastLines(
  context: Context,
  { record }: Found<Manifest>,
): Promise<(() => Promise<void>) | undefined> {
  const { project } = context;
  const harness = harnessNamed(record.harness);
  const host = sessionHost(context);
  const here = await harness?.sessions(host, undefined);
  const source = here?.sessions.find((one) => one.id === record.session_id);
  if (harness === undefined || source === undefined) return undefined;
  return async () => {
    try {
      const mirrored = await mirrorSession(
        project,
        { ...source, ended: true },
        { harness, host, redactor: redactorFor(context) },
      );
      for (const text of mirrored.warnings) project.warn(text);
    } catch (error) {
      const { code, message } = asTracecraftError(error);
      const ofSource = error instanceof TracecraftError && error.details["path"] !== undefined;
      if (code === "internal" || !ofSource) throw error;
      project.warn(message);
    }
  };
}

/** The published words have Python's. */
function asPython(value: boolean): string {
  return value ? "True" : "False";
}
