import type { World } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";

/** Work that may end after the answer, and what is to be said about it. */
export interface Background {
  add(what: string, work: Promise<unknown>): void;
  warn(text: string): void;
  /** Waits until nothing is left, for at most so long; what is left then is named in a warning. */
  settle(boundMs: number): Promise<void>;
  /** What has been said since the last call; `given` alone leaves out what work in the background failed with. */
  warnings(which?: "given"): readonly string[];
}

export function background(world: Pick<World, "monotonic">): Background {
  const running = new Map<Promise<void>, string>();
  let said: { readonly text: string; readonly failure: boolean }[] = [];
  const say = (text: string, failure: boolean): void => {
    if (!said.some((one) => one.text === text)) said.push({ text, failure });
  };
  const warn = (text: string): void => say(text, false);
  return {
    add(what, work) {
      const settled = work.then(
        () => undefined,
        (error: unknown) => say(failureWords(what, error), true),
      );
      running.set(settled, what);
      void settled.then(() => running.delete(settled));
    },
    warn,
    async settle(boundMs) {
      const giveUpAt = world.monotonic() + boundMs;
      while (running.size > 0) {
        const leftMs = giveUpAt - world.monotonic();
        if (leftMs <= 0) {
          warn(
            `not finished within ${Math.round(boundMs / 1000)}s: ${[...new Set(running.values())].join(", ")}`,
          );
          return;
        }
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, leftMs)));
        await Promise.race([Promise.all(running.keys()), late]);
        clearTimeout(timer);
      }
    },
    warnings(which) {
      const all = said.filter(({ failure }) => !failure || which !== "given");
      said = [];
      return all.map(({ text }) => text);
    },
  };
}

/** `the heartbeat: access denied to PUT agents/web-1.json`. A bug of ours is no warning. */
function failureWords(what: string, error: unknown): string {
  const expected = error instanceof TracecraftError;
  const words = error instanceof Error ? error.message : String(error);
  return `${what}: ${expected ? words : `internal error: ${words}`}`;
}
