import { execFile } from "node:child_process";

const outputLimit = 64 * 1024 * 1024;

/** What git says was changed against HEAD, new files included, as UTF-8 names from the repository's root. Empty outside of one. */
export async function changedFiles(cwd: string): Promise<string[]> {
  const [changed, added] = await Promise.all([
    git(cwd, ["diff", "--name-only", "-z", "HEAD"]),
    git(cwd, ["ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"]),
  ]);
  return [...new Set([...changed, ...added])].toSorted();
}

/** Names out of a `-z` list. Without git, outside a repository, or before the first commit there are none. */
function git(cwd: string, args: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    execFile("git", args, { cwd, encoding: "utf8", maxBuffer: outputLimit }, (error, stdout) => {
      resolve(error ? [] : stdout.split("\0").filter((name) => name !== ""));
    });
  });
}
