import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { foldersIn } from "./folders.ts";
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

/** The folders that may hold sessions of a project known by these names, or of every project. */
export async function projectFolders(host: Host, names: ReadonlySet<string> | undefined): Promise<string[]> {
  const all = await foldersIn(projects(host));
  if (names === undefined) return all;
  const same = (name: string) => (host.platform === "linux" ? name : name.toLowerCase());
  const wanted = [...names].flatMap((cwd) => [claudeFolder(host, cwd), encodedFolder(cwd)]).map(same);
  // The program's own hash of a long name differs between its builds: its first 200 characters decide.
  const long = wanted
    .filter((name) => name.length > longestName)
    .map((name) => name.slice(0, longestName + 1));
  const found = all.filter((folder) => {
    const name = same(basename(folder));
    return wanted.includes(name) || long.some((start) => name.startsWith(start));
  });
  const aliases = await Promise.all(
    found.map((folder) => readFile(join(folder, ".session-aliases"), "utf8").catch(() => "")),
  );
  const aliased = aliases.flatMap((text) => text.split("\n")).filter((path) => all.includes(path));
  return [...new Set([...found, ...aliased])];
}
