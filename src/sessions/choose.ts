import { TracecraftError } from "../errors.ts";
import type { Folder, Harness, Host, Session } from "../harness/harness.ts";

/** A session of this machine, and whose it is. */
export interface Chosen {
  readonly harness: Harness;
  readonly session: Session;
}

export interface Choice {
  readonly chosen: readonly Chosen[];
  readonly problems: readonly TracecraftError[];
  readonly warnings: readonly string[];
}

/** Every session that these harnesses have for a folder, or for all folders when `cwd` is undefined. */
export async function chooseAll(
  harnesses: readonly Harness[],
  host: Host,
  cwd: Folder | undefined,
): Promise<Choice> {
  const chosen: Chosen[] = [];
  const problems: TracecraftError[] = [];
  const warnings: string[] = [];
  for (const harness of harnesses) {
    const found = await harness.sessions(host, cwd);
    chosen.push(...found.sessions.map((session) => ({ harness, session })));
    problems.push(...found.problems);
    warnings.push(...found.warnings);
  }
  return { chosen, problems, warnings };
}

/**
 * The newest session of a folder, a live one before the others, or the one that `id` begins; with its sub-agents.
 * Where a sub-agent is the newest, its outermost parent is meant.
 */
export async function chooseOne(
  harness: Harness,
  host: Host,
  cwd: string | undefined,
  id: string | undefined,
): Promise<Choice> {
  const { sessions, problems, warnings } = await harness.sessions(host, cwd);
  const session = id === undefined ? outermost(sessions, sessions[0]) : named(sessions, id);
  if (session === undefined) return { chosen: [], problems, warnings };
  const chosen = [session, ...below(sessions, session)].map((one) => ({ harness, session: one }));
  return { chosen, problems, warnings };
}

function named(sessions: readonly Session[], text: string): Session | undefined {
  const exact = sessions.filter(({ id }) => id === text);
  const fits = exact.length > 0 ? exact : sessions.filter(({ id }) => text !== "" && id.startsWith(text));
  // A sub-agent's id begins with that of its parent.
  const roots = fits.length > 1 ? fits.filter(({ parent }) => !fits.some(({ id }) => id === parent)) : fits;
  if (roots.length <= 1) return roots[0];
  throw new TracecraftError("usage", `Cannot mirror "${text}": ${roots.length} sessions begin so`, {
    cause: roots
      .slice(0, 5)
      .map((session) => session.id)
      .join(", "),
  });
}

function outermost(sessions: readonly Session[], start: Session | undefined): Session | undefined {
  let at = start;
  for (let steps = 0; at?.parent !== undefined && steps < sessions.length; steps++) {
    const parent = sessions.find(({ id }) => id === at?.parent);
    if (parent === undefined) break;
    at = parent;
  }
  return at;
}

function below(sessions: readonly Session[], root: Session): Session[] {
  const ids = new Set([root.id]);
  const found: Session[] = [];
  for (let grown = true; grown;) {
    const more = sessions.filter(({ id, parent }) => parent !== undefined && ids.has(parent) && !ids.has(id));
    grown = more.length > 0;
    for (const session of more) ids.add(session.id);
    found.push(...more);
  }
  return found;
}
