import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { TracecraftError } from "../errors.ts";

const sizeLimit = 1024 * 1024;

/** A folder in which a configuration may lie, and the folder at or above the one asked for that it would be that of. */
export interface Place {
  readonly place: string;
  readonly folder: string;
}

/** Where the configuration of a folder is looked for: there and above, in a git worktree also in its main checkout. */
export function* configurationPlaces(cwd: string): Generator<Place> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    yield { place: folder, folder };
    const main = mainCheckoutOf(folder);
    if (main !== undefined) {
      // The same folder in the main checkout first, then up to its root.
      const inside = relative(folder, cwd);
      for (let place = join(main, inside); ; place = dirname(place)) {
        yield { place, folder };
        if (place === main || dirname(place) === place) break;
      }
    }
    if (dirname(folder) === folder) return;
  }
}

/** Of the root of a git worktree: `.git` is a file there that leads to <main>/.git/worktrees/<name>. */
function mainCheckoutOf(folder: string): string | undefined {
  const [, gitFolder] = /^gitdir: (.+)$/m.exec(readText(join(folder, ".git")) ?? "") ?? [];
  if (gitFolder === undefined) return undefined;
  const there = resolve(folder, gitFolder.trim());
  const common = readText(join(there, "commondir"))?.trim();
  if (common === undefined) return undefined;
  const main = dirname(resolve(there, common));
  return main === folder ? undefined : main;
}

/** A regular file of at most 1 MiB; undefined where there is none. One that cannot be read is the error `config`. */
export function readText(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) return undefined;
    if (found.size > sizeLimit)
      throw new TracecraftError(
        "config",
        `Cannot read "${path}": ${found.size} bytes, over the limit of ${sizeLimit}`,
      );
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof TracecraftError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new TracecraftError(
      "config",
      `Cannot read "${path}": ${code === "EACCES" ? "permission denied" : code}`,
    );
  }
}
