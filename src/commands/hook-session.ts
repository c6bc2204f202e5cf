import { readLocal } from "../coord/local.ts";
import type { LocalState, Project } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import {
  bindLife,
  isTrustedHere,
  lifeName,
  ofProcess,
  sessionBack,
  sessionOfLife,
  sessionRenamed,
} from "./bindings.ts";
import { all } from "./all.ts";
import type { HookEvent } from "./hook-event.ts";
import { launchOnce } from "./hook-launch.ts";
import type { Configuration, Machine } from "./machine.ts";

export interface Call {
  /** Seen from the session of the event. */
  readonly machine: Machine;
  readonly harness: string;
  readonly event: HookEvent;
  /** What the hook was set up with. */
  readonly asked: { readonly stopGate: boolean; readonly guard: boolean };
}

/** After these a harness may go on with the same work under another id. A fork is another session. */
const renaming: ReadonlySet<string | undefined> = new Set(["clear", "compact", "resume"]);
const livesKept = 100;

/** The project of the event's folder; undefined where there is none. Refuses what `trusted` refuses. */
export async function openTrusted({ machine }: Pick<Call, "machine">): Promise<Project | undefined> {
  return (await trusted(machine))?.project;
}

/**
 * A project with the configuration that it was opened by. One that `init` was not run with on this machine is refused:
 * a checkout that somebody else made must not make this machine talk to its author's bucket. Whoever goes on for long
 * keeps what this answers, since a branch that is switched meanwhile brings another configuration.
 */
export async function trusted(
  machine: Machine,
  agent?: string,
): Promise<{ readonly project: Project; readonly configuration: Configuration } | undefined> {
  const configuration = machine.configuration();
  if (!configuration) return undefined;
  const project = await machine.open(configuration, agent);
  if (isTrustedHere(project.local, configuration)) return { project, configuration };
  throw new TracecraftError(
    "config",
    `Cannot act in "${project.name}": init was never run with this configuration here`,
    { hint: `tracecraft init --project ${project.name} --agent NAME` },
  );
}

/**
 * Takes over what the session of the same harness process held, when that process goes on under a new id. A process
 * that has several sessions beside each other, such as a gateway, has none that goes on as another.
 */
export function followRenaming({ machine, harness, event }: Call, { local, session }: Project): void {
  sessionBack(local, session.id);
  const life = machine.harnessLife(harness);
  if (life === undefined) return;
  const before = sessionOfLife(local, life);
  const goesOn = renaming.has(event.source);
  if (before && goesOn && !before.several) sessionRenamed(local, before.id, session.id);
  const beside =
    before !== undefined &&
    before.id !== session.id &&
    !goesOn &&
    event.source !== "fork" &&
    readLocal<Followed>(local, followedName(before.id))?.ended !== true;
  bindLife(local, life, { id: session.id, several: before?.several === true || beside });
  forgetDead(machine, local, lifeName(""), (old) => old.slice(lifeName("").length));
}

/** What a process that follows a session is to do, as the hooks of that session say it. */
export interface Followed {
  /** The process of the harness: once it is gone, so is the session. */
  readonly life: string;
  readonly harness: string;
  /** As the harness names it. */
  readonly session: string;
  readonly cwd: string;
  /** Keeps what the guard knows fresh. */
  readonly guard: boolean;
  /** Counts what is to be noticed at once. */
  readonly pokes: number;
  readonly ended: boolean;
}

export function followedName(session: string): string {
  return `followed/${session}`;
}

/**
 * This session's transcript goes into the bucket, by a process of its own: one that follows the session and looks after
 * it while the harness lives, where the harness can be told from other processes; else one that mirrors what is there.
 * Answers whether one follows. `last`: the session has ended.
 */
export function startMirror(call: Call, project: Project, last = false): boolean {
  const { machine, harness, event } = call;
  const { session, agent, local } = project;
  if (!Object.hasOwn(all, "session mirror")) return false;
  const before = readLocal<Followed>(local, followedName(session.id));
  // Behind a hook that nobody waits for, the harness is no ancestor any more.
  const life = machine.harnessLife(harness) ?? before?.life;
  // Whoever outlives the process that alone names a session is another session.
  const follows = typeof life === "string" && !ofProcess.test(session.id) && machine.lives(life);
  if (follows) {
    const guard = call.asked.guard || (before?.life === life && before.guard === true);
    const pokes = Number(before?.pokes ?? 0) + 1;
    const { sessionId, cwd } = event;
    const followed: Followed = { life, harness, session: sessionId, cwd, guard, pokes, ended: last };
    local.write(followedName(session.id), followed);
    forgetDead(machine, local, followedName(""), (name) => readLocal<Followed>(local, name)?.life);
  }
  // The last one looks again, whatever another has read already.
  if (last) mirrorOnce(machine, harness, event.sessionId, agent);
  else if (follows) launchOnce(machine, `follow/${session.id}`, ["hook", harness, "follow"]);
  else launchOnce(machine, `mirror/${session.id}`, mirrorWords(harness, event.sessionId, agent));
  return follows && !last;
}

/** Mirrors what is there by now, in a process of its own. Its life. */
export function mirrorOnce(
  machine: Machine,
  harness: string,
  session: string,
  agent: string,
): string | undefined {
  return machine.launch(mirrorWords(harness, session, agent));
}

function mirrorWords(harness: string, session: string, agent: string): string[] {
  return ["hook", harness, "mirror", "--session-id", session, "--agent", agent];
}

/** Past so many names of lives, those that are over are forgotten. */
function forgetDead(
  machine: Machine,
  local: LocalState,
  prefix: string,
  lifeOf: (name: string) => string | undefined,
): void {
  const names = local.names(prefix);
  if (names.length <= livesKept) return;
  for (const name of names) if (!machine.lives(lifeOf(name) ?? "")) local.remove(name);
}
