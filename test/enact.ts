import type { Ran, RunOptions } from "./run-cli.ts";
import { mirroredSession, mustRun, type Place, type PlaceName } from "./situation-places.ts";
import type { Situation } from "./situation.ts";

/** Types what comes before, and the line. `more` stands at its end, before any `--`. */
export async function enact(
  situation: Situation,
  places: Readonly<Record<PlaceName, Place>>,
  more: readonly string[] = [],
): Promise<{ readonly words: readonly string[]; readonly ran: Ran }> {
  const place = places[situation.place];
  for (const line of situation.first) {
    const { words, env } = typed(line);
    await mustRun({ ...place, env: { ...place.env, ...env } }, words);
  }
  const { words, env } = typed(situation.line);
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const all = [...words.slice(0, end), ...more, ...words.slice(end)];
  const options: RunOptions = {
    env: { ...place.env, ...env },
    ...(situation.stdin !== undefined && { stdin: situation.stdin }),
    ...(situation.signal && stopping(situation.signal, place, words[1]!)),
  };
  return { words: all, ran: await place.world.run(all, options) };
}

/** Stops it once it is at work: not before it listens to signals. */
function stopping(signal: NodeJS.Signals, { requests }: Place, step: string): RunOptions {
  let stopped = false;
  const stop = (child: { kill(signal: NodeJS.Signals): unknown }): void => {
    if (!stopped) child.kill(signal);
    stopped = true;
  };
  return {
    during: stop,
    started(child) {
      const timer = setInterval(() => {
        if (!requests?.().some((line) => line.includes(`/steps/${step}/`))) return;
        stop(child);
      }, 20);
      child.on("close", () => clearInterval(timer));
    },
  };
}

function typed(line: string): { words: string[]; env: Record<string, string> } {
  const words = [...line.replace("SESSION", mirroredSession).matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare!,
  );
  if (!words[0]?.startsWith("@")) return { words, env: {} };
  const [agent = "", session] = words.shift()!.slice(1).split("/");
  return { words, env: { TRACECRAFT_AGENT: agent, ...(session && { TRACECRAFT_SESSION: session }) } };
}
