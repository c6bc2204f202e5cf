import type { Project } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import { isTrustedHere, sessionRenamed } from "./bindings.ts";
import { all } from "./all.ts";
import type { HookEvent } from "./hook-event.ts";
import { launchOnce } from "./hook-launch.ts";
import type { Machine } from "./machine.ts";

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

/**
 * The project of the event's folder. Undefined where there is none. One that `init` was not run with on this machine
 * is refused: a checkout that somebody else made must not make this machine talk to its author's bucket.
 */
export async function openTrusted({ machine }: Pick<Call, "machine">): Promise<Project | undefined> {
  const configuration = machine.configuration();
  if (!configuration) return undefined;
  const project = await machine.open(configuration);
  if (isTrustedHere(project.local)) return project;
  throw new TracecraftError("config", `Cannot act in "${project.name}": init was never run with it here`, {
    hint: `tracecraft init --project ${project.name} --agent NAME`,
  });
}

/** Takes over what the session of the same harness process held, when that process goes on under a new id. */
export function followRenaming({ machine, harness, event }: Call, { local, session }: Project): void {
  const life = machine.harnessLife(harness);
  if (life === undefined) return;
  const name = `harness/${life}`;
  const before = local.read(name);
  if (typeof before === "string" && renaming.has(event.source)) sessionRenamed(local, before, session.id);
  local.write(name, session.id);
  const names = local.names("harness/");
  if (names.length <= livesKept) return;
  for (const old of names) if (!machine.lives(old.slice("harness/".length))) local.remove(old);
}

/** A copy of this session's transcript goes into the bucket, by a process of its own. */
export function startMirror(
  { machine, harness, event }: Call,
  { session, agent }: Project,
  last = false,
): void {
  if (!Object.hasOwn(all, "session mirror")) return;
  const words = [
    "session",
    "mirror",
    "--harness",
    harness,
    "--session-id",
    event.sessionId,
    "--agent",
    agent,
  ];
  // The last one looks again, whatever another has read already.
  if (last) machine.launch(words);
  else launchOnce(machine, `mirror/${session.id}`, words);
}
