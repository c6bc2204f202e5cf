import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { TracecraftError } from "../errors.ts";

/** Files that one pattern may name, and folders deep that `**` goes. */
const filesLimit = 10_000;
const depthLimit = 32;

/**
 * The files that were named, as they were named, patterns replaced by what they fit: `*` and `?` within a name, `**`
 * for any folders. A pattern never finds hidden files unless it says the dot, follows no linked folder, and finding
 * nothing is an error. A path that exists is taken literally, whatever characters it has.
 */
export async function expandPaths(cwd: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) found.push(...(await expand(cwd, path)));
  return [...new Set(found)];
}

async function expand(cwd: string, path: string): Promise<string[]> {
  const literal = !/[*?]/.test(path) || (await stat(resolve(cwd, path)).catch(() => undefined)) !== undefined;
  if (literal) return [path];
  const absolute = path.startsWith("/");
  const found: string[] = [];
  await walk({ root: absolute ? "/" : cwd, found }, absolute ? "/" : "", path.split("/").filter(Boolean), 0);
  if (found.length > 0) return found.toSorted();
  throw new TracecraftError("not_found", `Cannot read "${path}": no file fits it`);
}

async function walk(
  search: { readonly root: string; readonly found: string[] },
  folder: string,
  [name, ...rest]: readonly string[],
  depth: number,
): Promise<void> {
  if (name === undefined || depth > depthLimit) return;
  if (name === "**") await walk(search, folder, rest, depth + 1);
  else if (!/[*?]/.test(name) && rest.length > 0) {
    await walk(search, join(folder, name), rest, depth + 1);
    return;
  }
  const entries = await readdir(resolve(search.root, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const hidden = entry.name.startsWith(".");
    if (name === "**") {
      if (entry.isDirectory() && !hidden) await walk(search, path, [name, ...rest], depth + 1);
    } else if (fits(name, entry.name) && (!hidden || name.startsWith("."))) {
      if (rest.length > 0 && entry.isDirectory()) await walk(search, path, rest, depth + 1);
      if (rest.length === 0 && entry.isFile()) search.found.push(path);
    }
    if (search.found.length > filesLimit)
      throw new TracecraftError("usage", `Cannot read so many files: over ${filesLimit} fit`);
  }
}

/** Whether a path fits a pattern, name by name: there is no `**`. */
export function fitsPath(pattern: string, path: string): boolean {
  const names = path.split("/");
  const patterns = pattern.split("/");
  return names.length === patterns.length && names.every((name, at) => fits(patterns[at]!, name));
}

/** Whether a name fits a pattern of `*` and `?`, in time that grows with their lengths and no faster. */
export function fits(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let position = 0; position < name.length;) {
    if (pattern[at] === "*") {
      star = at++;
      resume = position;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === name[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
