import { correctedNow } from "../coord/clock.ts";
import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { TracecraftError } from "../errors.ts";
import { formatTime } from "../format/records.ts";
import { commitManifest, findManifest } from "./manifest.ts";
import type { Manifest } from "./manifest-record.ts";
import { forgetState } from "./mirror-state.ts";

const rounds = 20;

/**
 * Marks a session as ended in its manifest, and forgets what this machine kept of its mirror. New lines undo both.
 * `last` is done before the mark: what the source still has, also a last line that nobody has ended.
 */
export async function stopSession(
  project: Project,
  found: Found<Manifest>,
  last?: () => Promise<unknown>,
): Promise<{ readonly stateCleared: boolean; readonly markedEnded: boolean }> {
  const { harness, session_id: session } = found.record;
  const stateCleared = forgetState(project, harness, session);
  await last?.();
  forgetState(project, harness, session);
  let base = last === undefined ? found : await findManifest(project, harness, session);
  for (let round = 0; round < rounds && base !== undefined; round++) {
    if (base.record.ended_at) return { stateCleared, markedEnded: true };
    const next: Manifest = { ...base.record, ended_at: formatTime(correctedNow(project)) };
    const outcome = await commitManifest(project, base, next);
    if (outcome.committed) return { stateCleared, markedEnded: true };
    base = outcome.now ?? (await findManifest(project, harness, session));
  }
  throw new TracecraftError("changed", `Cannot stop "${session}": its mirror went on meanwhile`);
}
