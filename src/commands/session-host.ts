import { tmpdir } from "node:os";
import { kill } from "node:process";
import type { Host } from "../harness/harness.ts";
import type { Context } from "./command.ts";

/** This machine as far as an adapter may see it. */
export function sessionHost({ home, env, platform, project }: Context): Host {
  return {
    home,
    env,
    platform,
    temp: env["TMPDIR"] || tmpdir(),
    now: () => project.world.now(),
    alive: isAlive,
  };
}

/** Whether a process runs: asking it for nothing tells. One of another user counts too. */
function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
