import { TracecraftError } from "../errors.ts";

export interface RetryOptions {
  /** No attempt begins later than this many ms after the first. */
  readonly withinMs: number;
  readonly random: () => number;
  /** Which errors a repetition may cure; by default, all trouble on the way. */
  readonly only?: (error: unknown) => boolean;
}

const attempts = 5;
const baseMs = 100;
const capMs = 2000;

/**
 * Calls `attempt` again while it throws `unreachable`, after a pause of full jitter (0 to 100 ms, doubled each time,
 * at most 2 s). Only for what may be done twice: for a conditional put, `only` what was never sent. `attempt` is told
 * the ms it has left.
 */
export async function retry<T>(
  attempt: (leftMs: number) => Promise<T>,
  { withinMs, random, only = () => true }: RetryOptions,
): Promise<T> {
  // Not `performance`, which takes a millisecond to load: a clock that jumps means a few attempts more or fewer.
  const startedAt = Date.now();
  for (let made = 1; ; made++) {
    const leftMs = withinMs - (Date.now() - startedAt);
    try {
      return await attempt(leftMs);
    } catch (error) {
      const again = made < attempts && mayCure(error) && only(error);
      const pauseMs = random() * Math.min(capMs, baseMs * 2 ** (made - 1));
      if (!again || Date.now() - startedAt + pauseMs >= withinMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** Whether a repetition may help: trouble on the way, unless the store was given up. */
function mayCure(error: unknown): boolean {
  return error instanceof TracecraftError && error.code === "unreachable" && !error.details["given_up"];
}
