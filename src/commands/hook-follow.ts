import { renewDue } from "../coord/leases.ts";
import { readLocal } from "../coord/local.ts";
import type { Project } from "../coord/project.ts";
import { asTracecraftError, type TracecraftError } from "../errors.ts";
import { harnessNamed } from "../harness/all.ts";
import { earlierIds } from "./bindings.ts";
import type { Context } from "./command.ts";
import { followedName, trusted, type Followed } from "./hook-session.ts";
import { transcriptMirror } from "./hook-transcript.ts";
import { keepSession } from "./hook-turn.ts";
import type { Machine } from "./machine.ts";
import { newsFlag } from "./news-flag.ts";

/** How often the transcript and the leases are looked at: a few calls of stat, and what this machine knows. */
const lookMs = 2_000;
/** A turn has ended: the mail of that time is to be known when the user says the next thing. */
const noticeMs = 250;
/** Mail is looked for so often; less, once the session has been silent for a while. */
const mailMs = 10_000;
const mailIdleMs = 60_000;
const idleAfterMs = 10 * 60_000;
const guardMs = 60_000;
/** The same trouble again is told so often. */
const tellMs = 60_000;

export type FollowContext = Pick<Context, "home" | "env" | "platform" | "isAlive" | "redaction" | "signal">;

/**
 * Follows one session of a harness from its start to its end: mirrors its transcript, and while the process of the
 * harness lives, renews the session's leases and raises the flag for mail. Ends when that process is gone, when the
 * session has ended, or when it is told to stop, each time after one more look at the transcript. Trouble is told to
 * `trouble`, since nobody is there to be told, and what ran into it is tried again.
 */
export async function followSession(
  machine: Machine,
  context: FollowContext,
  trouble: (error: TracecraftError) => void,
): Promise<void> {
  const found = await trusted(machine);
  if (!found) return;
  const opened = found.project;
  const tell = seldom(opened.world, trouble);
  let underWay = 0;
  const project: Project = {
    ...opened,
    background(what, work) {
      underWay++;
      void work.catch(tell).finally(() => underWay--);
      opened.background(what, work);
    },
    warn: (text) => tell(new Error(text)),
  };
  const { local, world, session } = project;
  const { home, env, platform, isAlive, signal } = context; // Not spread: its project is not to be asked for.
  const within = { home, env, platform, isAlive, signal, redaction: found.configuration.redaction };
  const mirror = transcriptMirror({ machine, project, context: within, trouble: tell });
  const due = { mail: world.now() + mailMs, guard: 0 };
  let pokes: number | undefined;
  for (;;) {
    const asked = followed(project);
    const harness = asked && harnessNamed(asked.harness);
    if (!asked || !harness) return;
    const over = context.signal.aborted || asked.ended || !machine.lives(asked.life);
    const poked = asked.pokes !== pokes;
    await mirror.look(harness, asked, over || poked);
    if (context.signal.aborted) return;
    if (over) {
      const now = followed(project);
      if (now?.pokes === asked.pokes && now.life === asked.life) {
        newsFlag(machine.stateFolder, project).lower();
        return;
      }
      continue; // It goes on, perhaps in another process.
    }
    if (poked && pokes !== undefined) due.mail = 0; // A turn has ended: the next prompt is to know.
    ({ pokes } = asked);
    const current = { ...project, session: { ...session, earlier: earlierIds(local, session.id) } };
    if (underWay === 0) renewDue(current); // A store that is slow is not asked again meanwhile.
    await keep(machine, current, { due, guard: asked.guard, activeAt: mirror.activeAt(), tell });
    for (let left = lookMs; left > 0 && followed(project)?.pokes === pokes; left -= noticeMs)
      await world.sleep(noticeMs);
  }
}

interface Keeping {
  readonly due: { mail: number; guard: number };
  readonly guard: boolean;
  readonly activeAt: number;
  tell(error: unknown): void;
}

/** What is due by now of the session's presence, its mail and what the guard knows. */
async function keep(
  machine: Machine,
  project: Project,
  { due, guard, activeAt, tell }: Keeping,
): Promise<void> {
  const at = project.world.now();
  if (at < due.mail) return;
  const guarding = guard && at >= due.guard;
  if (guarding) due.guard = at + guardMs;
  await keepSession(machine, project, guarding).catch(tell);
  due.mail = project.world.now() + (at - activeAt < idleAfterMs ? mailMs : mailIdleMs);
}

/** What was asked for of the session that this process is for; undefined when nothing was, or nothing that can be read. */
function followed({ local, session }: Project): Followed | undefined {
  const found = readLocal<Followed>(local, followedName(session.id));
  const { life, harness, session: id, cwd } = found ?? {};
  if (typeof life !== "string" || typeof harness !== "string") return undefined;
  if (typeof id !== "string" || typeof cwd !== "string") return undefined;
  const [guard, ended] = [found?.guard === true, found?.ended === true];
  return { life, harness, session: id, cwd, guard, ended, pokes: Number(found?.pokes ?? 0) };
}

function seldom(
  world: Project["world"],
  trouble: (error: TracecraftError) => void,
): (error: unknown) => void {
  const told = new Map<string, number>();
  return (thrown) => {
    const error = asTracecraftError(thrown);
    const last = told.get(error.code);
    if (last !== undefined && world.now() - last < tellMs) return;
    told.set(error.code, world.now());
    trouble(error);
  };
}
