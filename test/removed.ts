import { rmSync } from "node:fs";

/**
 * The folder is gone, also one in which a process that a test left behind (the follower of a hook) still writes its last
 * file: the retries of `rmSync` only try the folder again, not what came into it.
 */
export function removed(folder: string): void {
  for (let tries = 20; ; tries--) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (!tries || (error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
}
