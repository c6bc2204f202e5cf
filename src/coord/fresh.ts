import type { TracecraftError } from "../errors.ts";
import type { Project } from "./project.ts";

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Puts an immutable record under a key with a random id of ours, and repeats that until the store says that it is in
 * or the deadline has passed. Answers why it is not known to be in, or undefined: it is in. Throws where it surely is not.
 */
export async function putFresh(
  { store, world, deadlineMs }: Project,
  key: string,
  body: Uint8Array,
): Promise<TracecraftError | undefined> {
  const giveUpAt = world.monotonic() + deadlineMs;
  let doubt: TracecraftError | undefined;
  for (let pauses = 0; ; pauses++) {
    try {
      const put = await store.put(key, body, "fresh");
      if (put.outcome !== "unknown") return undefined; // A fresh key is never refused: only we know its id.
      doubt = put.cause;
    } catch (error) {
      if (doubt === undefined) throw error;
      return doubt; // What went before may be in, whatever became of this attempt.
    }
    if (world.monotonic() >= giveUpAt) return doubt;
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** pauses);
    await world.sleep(Math.max(0, Math.min(most * world.chance(), giveUpAt - world.monotonic())));
  }
}

/** The same, for work in the background: not to know that it is in is a failure there, and becomes a warning. */
export async function surelyPutFresh(project: Project, key: string, body: Uint8Array): Promise<void> {
  const doubt = await putFresh(project, key, body);
  if (doubt) throw doubt;
}
