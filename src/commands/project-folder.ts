import { join, sep } from "node:path";
import type { Choice } from "../sessions/choose.ts";
import { configurationPlaces, readText } from "./configuration-places.ts";

interface Root {
  /** The nearest folder with a `.tracecraft.json`; of a git worktree outside of that folder, the worktree. */
  readonly folder: string;
  /** Which project that file names, and where. A worktree inside of a checkout may have one of its own that names the same. */
  readonly names: string;
}

/** Whose a folder is. Undefined where no `.tracecraft.json` says it. */
export function projectRoot(cwd: string): Root | undefined {
  for (const { place, folder } of configurationPlaces(cwd)) {
    const names = namesIn(join(place, ".tracecraft.json"));
    if (names !== undefined)
      return { folder: `${folder}${sep}`.startsWith(`${place}${sep}`) ? place : folder, names };
  }
  return undefined;
}

/** Undefined where there is no such file; of one that cannot be read, its path. */
function namesIn(path: string): string | undefined {
  try {
    const text = readText(path);
    if (text === undefined) return undefined;
    const { project, store, endpoint, backend, bucket } = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify([project, store, endpoint, backend, bucket]);
  } catch {
    return path;
  }
}

/** Tells which project a folder is of; undefined for one of none. Each folder is looked at once. */
export function projectNames(): (cwd: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  return (cwd) => {
    if (!known.has(cwd)) known.set(cwd, namesOrPath(cwd));
    return known.get(cwd);
  };
}

/** Where that cannot be told, for want of a right to look, a name that no project has. */
function namesOrPath(cwd: string): string | undefined {
  try {
    return projectRoot(cwd)?.names;
  } catch {
    return cwd;
  }
}

/** Without the sessions that began in a folder of another project: they are of that one wherever they went. */
export function ofProject(
  choice: Choice,
  names: string | undefined,
  namesAt: (cwd: string) => string | undefined,
): Choice {
  const isOurs = (cwd: string): boolean => [undefined, names].includes(namesAt(cwd));
  const chosen = choice.chosen.filter(({ session: { cwd } }) => cwd === undefined || isOurs(cwd));
  return { ...choice, chosen };
}
