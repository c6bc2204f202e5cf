import type { Project } from "../coord/project.ts";
import type { Source } from "../store/store.ts";

const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Puts an immutable object whose key only we can have made, and repeats that until it is in. The deadline counts from
 * the end of the first attempt, because a large one takes its time. Throws why it is not known to be in.
 */
export async function uploadFresh(
  { store, world, deadlineMs }: Project,
  key: string,
  body: Uint8Array | Source,
): Promise<void> {
  let giveUpAt: number | undefined;
  for (let pauses = 0; ; pauses++) {
    const put = await store.put(key, body, "fresh");
    if (put.outcome !== "unknown") return; // A fresh key is never refused: only we know its id.
    giveUpAt ??= world.monotonic() + deadlineMs;
    if (world.monotonic() >= giveUpAt) throw put.cause;
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** pauses);
    await world.sleep(Math.max(1, most * world.chance()));
  }
}
