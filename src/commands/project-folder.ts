import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Choice } from "../sessions/choose.ts";

interface Root {
  /** The nearest folder with a `.tracecraft.json`, this one or one above, as the system names it. */
  readonly folder: string;
  /** Which project that file names, and where. A worktree inside of a checkout has a file of its own that names the same. */
  readonly names: string;
}

export function projectRoot(cwd: string): Root | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const names = namesIn(join(folder, ".tracecraft.json"));
    if (names !== undefined) return { folder: realpathSync(folder), names };
    if (dirname(folder) === folder) return undefined;
  }
}

/** Undefined where there is no such file; of one that cannot be read, its path. */
function namesIn(path: string): string | undefined {
  try {
    const { project, store, endpoint, backend, bucket } = JSON.parse(readFileSync(path, "utf8")) as Record<
      string,
      unknown
    >;
    return JSON.stringify([project, store, endpoint, backend, bucket]);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? undefined : path;
  }
}

/** Without the sessions of folders that belong to another project inside of this one. */
export function ofProject(choice: Choice, names: string | undefined): Choice {
  const known = new Map<string, boolean>();
  const isOurs = (cwd: string): boolean => {
    const ours = known.get(cwd) ?? projectRoot(cwd)?.names === names;
    known.set(cwd, ours);
    return ours;
  };
  const chosen = choice.chosen.filter(({ session: { cwd } }) => cwd === undefined || isOurs(cwd));
  return { ...choice, chosen };
}
