import { tmpdir } from "node:os";
import type { Host } from "../harness/harness.ts";
import type { Context } from "./command.ts";

/** This machine as far as an adapter may see it. */
export function sessionHost({
  home,
  env,
  platform,
  isAlive,
  project,
}: Pick<Context, "home" | "env" | "platform" | "isAlive" | "project">): Host {
  return {
    home,
    env,
    platform,
    temp: env["TMPDIR"] || tmpdir(),
    now: () => project.world.now(),
    alive: isAlive,
  };
}
