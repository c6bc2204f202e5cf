import type { Project } from "../coord/project.ts";
import { asTracecraftError } from "../errors.ts";
import type { Context } from "./command.ts";
import type { Configuration } from "./machine.ts";
import { sessionMirror } from "./session-mirror.ts";

/**
 * Mirrors one session into the project that a hook has found to be trusted, by that project's own rules of redaction.
 * A session that has written nothing yet is no trouble.
 */
export async function mirrorSession(
  context: Context,
  { project, configuration }: { readonly project: Project; readonly configuration: Configuration },
  { harness, sessionId }: { readonly harness: string; readonly sessionId: string },
): Promise<void> {
  const { cwd, home, env, platform, signal, isAlive, readStdin, progress, emit } = context;
  const { redaction } = configuration;
  const within = { cwd, home, env, platform, signal, isAlive, readStdin, progress, emit, redaction, project };
  const whole = {
    cwd: undefined,
    all: false,
    everywhere: false,
    watch: false,
    minBytes: "1",
    noRedact: false,
  };
  try {
    const { error } = await sessionMirror.run(within, { harness, sessionId, ...whole });
    if (error) throw error;
  } catch (error) {
    if (asTracecraftError(error).code !== "not_found") throw error;
  }
}
