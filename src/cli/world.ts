import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { World } from "../coord/project.ts";

/** This machine as a world. Sleeping ends early when `signal` does. */
export function machineWorld(signal: AbortSignal): World {
  let bootId: string | undefined;
  return {
    now: () => Date.now(),
    monotonic: () => Number(process.hrtime.bigint() / 1_000_000n),
    get bootId() {
      return (bootId ??= readBootId());
    },
    sleep: (ms) => {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        signal.addEventListener("abort", wake);
      });
    },
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
    chance: () => Math.random(),
  };
}

/** Of Linux. Elsewhere one word: leases and processes are then taken to be of the boot that is running. */
function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "unknown";
  }
}
