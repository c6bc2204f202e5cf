import { execFile } from "node:child_process";

const outputLimit = 64 * 1024 * 1024;

/** What git says was changed against HEAD and is not committed, new files included, as UTF-8 names from the repository's root. Empty outside of one. */
export async function changedFiles(cwd: string): Promise<string[]> {
  const [changed, added] = await Promise.all([
    git(cwd, ["diff", "--name-only", "-z", "HEAD"]),
    git(cwd, ["ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"]),
  ]);
  // Before the first commit there is no HEAD, and all that is staged is new.
  const staged = changed ?? (await git(cwd, ["ls-files", "--cached", "--full-name", "-z", ":/"]));
  return [...new Set([...(staged ?? []), ...(added ?? [])])].toSorted();
}

/** Names out of a `-z` list; undefined where git has none to give. */
function git(cwd: string, args: readonly string[]): Promise<string[] | undefined> {
  return new Promise((resolve) => {
    execFile("git", args, { cwd, encoding: "utf8", maxBuffer: outputLimit }, (error, stdout) => {
      resolve(error ? undefined : stdout.split("\0").filter((name) => name !== ""));
    });
  });
}
