import { readdir, readFile } from "node:fs/promises";
import { basename, join, parse } from "node:path";
import { filesIn, foldersIn, type Names } from "./folders.ts";
import type { Host } from "./harness.ts";

const longestName = 200;

/** Claude Code's own folder. */
export function claudeConfig(host: Host): string {
  return (host.env["CLAUDE_CONFIG_DIR"] || join(host.home, ".claude")).normalize("NFC");
}

function projects(host: Host): string {
  return join(claudeConfig(host), "projects");
}

/**
 * The folder of a project: each UTF-16 unit that is no ASCII letter or digit becomes "-"; past 200 units the rest is a
 * hash. Two projects may share one, so the cwd inside the lines decides whose a session is.
 */
export function encodedFolder(cwd: string): string {
  const name = cwd.normalize("NFC").replaceAll(/[^A-Za-z0-9]/g, "-"); // Without the u flag: by units, as JavaScript counts.
  if (name.length <= longestName) return name;
  let hash = 0;
  for (const unit of cwd.normalize("NFC").split("")) hash = (hash * 31 + unit.charCodeAt(0)) | 0;
  return `${name.slice(0, longestName)}-${Math.abs(hash).toString(36)}`;
}

/** The folder in which it keeps the sessions of a project. */
export function claudeProject(host: Host, cwd: string): string {
  return join(projects(host), claudeFolder(host, cwd));
}

function claudeFolder(host: Host, cwd: string): string {
  return host.env["CLAUDE_CODE_PROJECT_DIR_NAME"] || encodedFolder(cwd);
}

/** Whether a folder is where it keeps the sessions of a project known by these names, and not only of one in it. */
export function isFolderOf(host: Host, folder: string, names: Names): boolean {
  const wanted = [...names]
    .flatMap((cwd) => [claudeFolder(host, cwd), encodedFolder(cwd)])
    .map((name) => same(host, name));
  const name = same(host, basename(folder));
  // The program's own hash of a long name differs between its builds: its first 200 characters decide.
  return wanted.some(
    (one) => one === name || (one.length > longestName && name.startsWith(one.slice(0, longestName + 1))),
  );
}

function same(host: Host, name: string): string {
  return host.platform === "linux" ? name : name.toLowerCase();
}

/** The folders that may hold sessions of a project known by these names, or of every project. */
export async function projectFolders(host: Host, names: Names | undefined): Promise<string[]> {
  const all = await foldersIn(projects(host));
  if (names === undefined) return all;
  const inside = names.below
    ? [...names].map((cwd) => same(host, `${encodedFolder(cwd).slice(0, longestName).replace(/-$/, "")}-`))
    : [];
  const found = all.filter((folder) => {
    const name = same(host, basename(folder));
    return isFolderOf(host, folder, names) || inside.some((start) => name.startsWith(start));
  });
  const aliases = await Promise.all(
    found.map((folder) => readFile(join(folder, ".session-aliases"), "utf8").catch(() => "")),
  );
  const aliased = aliases.flatMap((text) => text.split("\n")).filter((path) => all.includes(path));
  return [...new Set([...found, ...aliased])];
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl$/i;

/**
 * The files in a folder that are sessions by their names: those with a UUID, and the sub-agents that old builds put
 * here. Other names are told; they are sessions only where no file has such a name, so that nothing is lost there.
 */
export async function transcriptsIn(folder: string, warnings: string[]): Promise<string[]> {
  const all = await filesIn(folder, /\.jsonl$/);
  if (!all.some((file) => uuid.test(file))) return all;
  const others = all.filter((file) => !uuid.test(file) && !file.startsWith("agent-"));
  const shown = others.length > 3 ? [...others.slice(0, 3), "…"] : others;
  if (others.length > 0)
    warnings.push(`claude-code: no sessions by their names in ${folder}: ${shown.join(", ")}`);
  return all.filter((file) => !others.includes(file));
}

/**
 * Whose else the sessions in a folder may be that is one of a project known by these names: a folder that is there
 * and gives the same name; where the name was cut, whoever's begins alike. Undefined where it is the project's alone.
 */
export async function othersPlace(host: Host, folder: string, names: Names): Promise<string | undefined> {
  const name = same(host, basename(folder));
  const gives = (cwd: string) => same(host, encodedFolder(cwd)) === name;
  const ours = [...names].find(gives);
  if (ours === undefined) return name.length > longestName ? "a path that begins alike" : undefined;
  if (name.length > longestName) return undefined; // The hash is of the path itself.
  const { root } = parse(ours);
  for await (const path of foldersNamed(host, root, name.slice(root.length)))
    if (!names.has(path)) return path;
  return undefined;
}

/** The folders below one whose path from there gives that name. */
async function* foldersNamed(host: Host, folder: string, name: string): AsyncIterable<string> {
  const inside = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of inside.filter((one) => one.isDirectory())) {
    const start = same(host, encodedFolder(entry.name));
    const path = join(folder, entry.name);
    if (start === name) yield path;
    else if (name.startsWith(`${start}-`)) yield* foldersNamed(host, path, name.slice(start.length + 1));
  }
}
