import type { Machine } from "../commands/machine.ts";
import { harnessAncestor, lifeOf, type Life } from "./harness-process.ts";
import type { Who } from "./identity.ts";

/** What a machine knows of processes: whose child this is, who lives, and how to start one of its own. */
export function processes(
  who: Who,
): Pick<Machine, "ageMs" | "harnessLife" | "launch" | "lives" | "now" | "ownLife"> {
  const nameOf = ({ pid, startTime }: Life): string => `${pid}-${startTime}-${who.host}-${who.bootId}`;
  return {
    now: () => Date.now(),
    ageMs: () => performance.now(),

    harnessLife(harness) {
      const found = harnessAncestor(who.pid, harness);
      return found && nameOf(found);
    },

    launch(words) {
      // Not imported: most commands start nothing.
      const { spawn } = process.getBuiltinModule("node:child_process");
      const child = spawn(process.execPath, [process.argv[1]!, ...words], {
        cwd: who.cwd,
        env: who.env as NodeJS.ProcessEnv,
        detached: true,
        stdio: "ignore",
      });
      child.on("error", () => undefined); // No life: whoever looks next starts it again.
      child.unref();
      const life = child.pid === undefined ? undefined : lifeOf(child.pid);
      return life && nameOf(life);
    },

    ownLife() {
      const found = lifeOf(who.pid);
      return found && nameOf(found);
    },

    lives(life) {
      const found = lifeOf(Number(life.slice(0, life.indexOf("-"))));
      return found !== undefined && nameOf(found) === life;
    },
  };
}
