import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { foldersIn, type Names } from "./folders.ts";
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
