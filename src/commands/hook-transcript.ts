import type { Project } from "../coord/project.ts";
import { asTracecraftError } from "../errors.ts";
import type { Harness, Host } from "../harness/harness.ts";
import { chooseOne, type Chosen } from "../sessions/choose.ts";
import { fingerprintOf } from "../sessions/fingerprint.ts";
import { mirrorAll } from "../sessions/mirror-all.ts";
import { readState } from "../sessions/mirror-state.ts";
import { usualSizes } from "../sessions/part.ts";
import type { FollowContext } from "./hook-follow.ts";
import { mirrorOnce, type Followed } from "./hook-session.ts";
import type { Machine } from "./machine.ts";
import { redactorFor } from "./redactor.ts";
import { sessionHost } from "./session-host.ts";

/** New lines wait for more of them so long, unless they are many or a turn has ended. */
const gatherMs = 15_000;
const manyBytes = 256 * 1024;
/** Files of sub-agents are looked for so often while something is written. */
const searchMs = 30_000;
/** A transcript that is not there yet is looked for less and less. */
const firstSearchMs = 10_000;
const longestSearchMs = 300_000;
/** More than this, and a database, is mirrored by a process of its own, so that the one that follows stays small. */
const smallBytes = 128 * 1024;
const sizes = { ...usualSizes, partBytes: 1024 * 1024, batchBytes: 128 * 1024 };
const awaitMs = 500;
/** After a failure nothing is tried for so long, twice as long after each further one; the end of a turn does not wait. */
const firstRetryMs = 4_000;
const longestRetryMs = 120_000;

export interface TranscriptOptions {
  readonly machine: Machine;
  readonly project: Project;
  readonly context: FollowContext;
  trouble(error: unknown): void;
}

/** Mirrors one session and its sub-agents whenever there is enough that is new. */
export function transcriptMirror(options: TranscriptOptions) {
  const { project, context, trouble } = options;
  const { world } = project;
  const host = sessionHost({ ...pathsOf(context), project });
  const upload = uploader(options, host);
  const find = finder(world, host);
  const seen = new Map<string, string>();
  const at = { active: world.now(), waited: 0 };
  let waiting = new Map<string, Chosen>();
  let waitingBytes = 0;
  const retry = { at: -Infinity, ms: firstRetryMs };

  async function gather(chosen: readonly Chosen[]): Promise<void> {
    for (const one of chosen) {
      const { text, size } = await fingerprintOf(host, one.session);
      const mark = text ?? `${size}`;
      if (seen.get(nameOf(one)) === mark) continue;
      seen.set(nameOf(one), mark);
      at.active = world.now();
      if (waiting.size === 0) at.waited = at.active;
      waiting.set(nameOf(one), one);
      const known = readState(project, one.harness.name, one.session.id).cursorBytes;
      waitingBytes += one.session.key === undefined && size >= known ? size - known : size;
    }
  }

  return {
    /** When something was last written, in ms since the epoch. */
    activeAt: () => at.active,

    /** Looks for what is new. `now`: whatever there is, is mirrored at once. Throws nothing. */
    async look(harness: Harness, asked: Followed, now: boolean): Promise<void> {
      try {
        await gather(await find(harness, asked, { now, activeAt: at.active }));
        const due = now || waitingBytes >= manyBytes || world.now() - at.waited >= gatherMs;
        if (waiting.size === 0 || !due || (!now && world.now() < retry.at)) return;
        const [some, bytes] = [[...waiting.values()], waitingBytes];
        [waiting, waitingBytes] = [new Map(), 0];
        const failed = await upload(some, bytes, asked);
        for (const one of failed) seen.delete(nameOf(one)); // It is new again at the next look.
        if (failed.length > 0) retry.at = world.now() + retry.ms;
        retry.ms = failed.length > 0 ? Math.min(longestRetryMs, retry.ms * 2) : firstRetryMs;
      } catch (error) {
        trouble(asTracecraftError(error));
      }
    },
  };
}

/** The session and its sub-agents as they were last found. They are looked for when there may be others by now. */
function finder(world: Project["world"], host: Host) {
  let chosen: readonly Chosen[] = [];
  let searchedAt = -Infinity;
  let againMs = firstSearchMs;

  return async (
    harness: Harness,
    { cwd, session }: Followed,
    { now, activeAt }: { readonly now: boolean; readonly activeAt: number },
  ): Promise<readonly Chosen[]> => {
    const news = chosen.length === 0 || activeAt >= searchedAt;
    if (!now && !(news && world.now() - searchedAt >= againMs)) return chosen;
    searchedAt = world.now();
    ({ chosen } = await chooseOne(harness, host, cwd, session));
    // In all folders only when a turn has ended: there may be thousands of files.
    if (chosen.length === 0 && now) ({ chosen } = await chooseOne(harness, host, undefined, session));
    againMs = chosen.length > 0 ? searchMs : Math.min(longestSearchMs, againMs * 2);
    return chosen;
  };
}

/** Mirrors these, whose news are about so many bytes. Answers which are to be tried again. */
function uploader({ machine, project, context, trouble }: TranscriptOptions, host: Host) {
  const { world } = project;

  async function isMirrored({ harness, session }: Chosen): Promise<boolean> {
    const { text } = await fingerprintOf(host, session);
    return text !== undefined && text === readState(project, harness.name, session.id).fingerprint;
  }

  return async (some: readonly Chosen[], bytes: number, asked: Followed): Promise<Chosen[]> => {
    if (bytes <= smallBytes && some.every(({ session }) => session.key === undefined)) {
      const outcomes = await mirrorAll(project, some, { host, redactor: redactorFor(context), sizes });
      const failed = outcomes.filter((one) => "error" in one);
      for (const { error } of failed) trouble(error);
      return failed;
    }
    const life = mirrorOnce(machine, asked.harness, asked.session, project.agent);
    while (!context.signal.aborted && machine.lives(life ?? "")) await world.sleep(awaitMs);
    const mirrored = await Promise.all(some.map(isMirrored));
    return some.filter((_, n) => mirrored[n] === false);
  };
}

function pathsOf({ home, env, platform, isAlive }: FollowContext) {
  return { home, env, platform, isAlive };
}

function nameOf({ harness, session }: Chosen): string {
  return `${harness.name}/${session.id}`;
}
