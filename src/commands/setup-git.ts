import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, realpathSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { TracecraftError } from "../errors.ts";
import { blockTarget } from "./setup-block.ts";
import type { Place, Plan } from "./setup-target.ts";

const shell = /^#!\s*\/(?:usr\/)?(?:local\/)?bin\/(?:env\s+)?(?:ba|da|k|z)?sh(?:\s|$)/;

const bypass = "# Past it: git commit --no-verify, or TRACECRAFT_GUARD=off";
const commitLines = [
  bypass,
  "if command -v tracecraft >/dev/null 2>&1; then",
  "  tracecraft hook git pre-commit </dev/null || [ $? -ne 3 ] || exit 1",
  "fi",
];
/** git names what is pushed on standard input, once: the rest of the hook reads it again. */
const pushLines = [
  bypass,
  "tracecraft_refs=$(cat)",
  "if command -v tracecraft >/dev/null 2>&1; then",
  "  printf '%s\\n' \"$tracecraft_refs\" | tracecraft hook git pre-push || [ $? -ne 3 ] || exit 1",
  "fi",
  '[ -n "$tracecraft_refs" ] || exec </dev/null',
  '[ -z "$tracecraft_refs" ] || exec <<TRACECRAFT_REFS',
  "$tracecraft_refs",
  "TRACECRAFT_REFS",
];

/** The guard before commits and pushes, at the head of the hooks that are there: each of them runs on as it did. */
export function planGit(place: Place, shown: (path: string) => string): Plan {
  const folder = hooksFolder(place);
  const targets = [
    { name: "pre-commit", lines: commitLines },
    { name: "pre-push", lines: pushLines },
  ].map(({ name, lines }) => {
    const path = join(folder, name);
    return blockTarget({
      path,
      shown: shown(path),
      comment: "hash",
      lines,
      first: "#!/bin/sh",
      executable: true,
      refuse(text) {
        if (text.startsWith("#!") && !shell.test(text)) return "it is no shell script";
        const idle = existsSync(path) && (lstatSync(path).mode & 0o111) === 0;
        return idle ? "it is not executable, so git does not run it" : undefined;
      },
    });
  });
  return { targets, notes: [] };
}

/** Where git looks for hooks, `core.hooksPath` included. One that other repositories share is refused. */
function hooksFolder({ root }: Place): string {
  const ask = (what: readonly string[]): string =>
    resolve(
      root,
      execFileSync("git", ["rev-parse", ...what], {
        cwd: root,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trimEnd(),
    );
  let found: { hooks: string; own: string };
  try {
    found = { hooks: ask(["--git-path", "hooks"]), own: ask(["--git-common-dir"]) };
  } catch (cause) {
    throw new TracecraftError("config", "Cannot set up git: this folder is in no repository", {
      cause: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no git here" : undefined,
      hint: "git init",
    });
  }
  const homes = [root, found.own].map((home) => realpathSync(home) + sep);
  const real = existsSync(found.hooks) ? realpathSync(found.hooks) : found.hooks;
  if (homes.some((home) => real.startsWith(home))) return found.hooks;
  throw new TracecraftError("config", "Cannot set up git: core.hooksPath leads out of this repository", {
    hint: "git config core.hooksPath .githooks",
  });
}
