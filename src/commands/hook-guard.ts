import { execFile } from "node:child_process";
import { resolve } from "node:path";
import type { Project } from "../coord/project.ts";
import { knownReservations, pathInRepository, pathsReserved, repositoryOf, reservedWords } from "./guard.ts";
import { openTrusted, type Call } from "./hook-session.ts";

const namesLimit = 16 * 1024 * 1024;
const gitMs = 700;
const pathsLimit = 1_000;

/**
 * Before a tool runs: why it may not, because another agent has reserved a path that it would change. It asks nobody:
 * what this machine knows is used while it is fresh, and a refresh is started when it is a minute old.
 */
export async function guardTool(call: Call): Promise<string> {
  const { machine, harness, event } = call;
  const project = await openTrusted(call);
  if (!project || (event.toolName === undefined && event.toolInput === undefined)) return "";
  const known = knownReservations(project);
  if (known.refresh) refresh(project, () => machine.launch(["hook", harness, "keep", "--guard"]));
  if (!known.believed || known.entries.length === 0) return "";
  const [found] = pathsReserved(project, await changedPaths(call), known);
  return found ? `${reservedWords(found)}: tracecraft reservations` : "";
}

function refresh({ local, world }: Project, start: () => void): void {
  const last = local.read("guard-refreshed");
  const now = world.now();
  if (typeof last === "number" && now >= last && now - last < 60_000) return;
  local.write("guard-refreshed", now);
  start();
}

/** From the repository's root: the file of an edit, the files of a patch, or what a commit would take. */
async function changedPaths({ event: { cwd, toolInput } }: Call): Promise<readonly string[]> {
  const input = (typeof toolInput === "object" && toolInput !== null ? toolInput : {}) as Record<
    string,
    unknown
  >;
  const texts = [toolInput, ...Object.values(input)].flatMap((value) =>
    Array.isArray(value)
      ? value.filter((one) => typeof one === "string")
      : typeof value === "string"
        ? [value]
        : [],
  );
  const named = ["file_path", "notebook_path", "path"].flatMap((name) => {
    const value = input[name];
    return typeof value === "string" ? [value] : [];
  });
  const patched = texts.flatMap((text) =>
    [...text.matchAll(/^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$/gm)].map(([, path]) =>
      path!.trim(),
    ),
  );
  const files = [...named, ...patched]
    .filter((path) => !path.includes("\0"))
    .slice(0, pathsLimit)
    .flatMap((path) => pathInRepository(path, cwd) ?? []);
  if (files.length > 0) return files;
  const { command } = input;
  const line = Array.isArray(command) ? command.join(" ") : command;
  if (typeof line !== "string") return [];
  if (/\bgit\b[^|;&]*\bcommit\b/.test(line)) return committedPaths(cwd, line);
  return /\bgit\b[^|;&]*\bpush\b/.test(line) ? unpushedPaths(cwd) : [];
}

/**
 * What a line of shell would commit: what is staged, and of the other changes those that it names as it adds or commits
 * them, by themselves or by a folder above them, or all where it takes all.
 */
async function committedPaths(cwd: string, line: string): Promise<readonly string[]> {
  const words = line.split(/[\s"'();&|]+/).filter((word) => word !== "");
  const sweeps =
    /\bgit\b[^|;&]*(?:\bcommit\b[^|;&]*\s(?:-[A-Za-z]*a|--all\b)|\b(?:add|stage)\b[^|;&]*\s(?:-[A-Za-z]*[Au]|--all\b|--update\b))/;
  const staged = stagedPaths(cwd);
  const all = sweeps.test(line);
  const named = words.flatMap((word) =>
    all ? [] : (pathInRepository(word, cwd) ?? (isRoot(word, cwd) ? "" : [])),
  );
  if (!all && named.length === 0) return await staged;
  const status = ["--no-optional-locks", "status", "--porcelain", "--no-renames", "-uall", "-z"];
  const changed = (await gitNames(cwd, status)).map((entry) => entry.replace(/^\S{1,2} +/, ""));
  const taken = changed.filter(
    (path) => all || named.some((name) => name === "" || path === name || path.startsWith(`${name}/`)),
  );
  return [...new Set([...(await staged), ...taken])];
}

function isRoot(word: string, cwd: string): boolean {
  return repositoryOf(cwd) === resolve(cwd, word);
}

/** Of the commits that no other repository is known to have. */
async function unpushedPaths(cwd: string): Promise<readonly string[]> {
  const log = ["log", "--format=", "--name-only", "--no-renames", "--no-ext-diff", "-z", "-n", "1000"];
  return await gitNames(cwd, [...log, "HEAD", "--not", "--remotes", "--"]);
}

/** What is staged, from the root; of a rename both names. */
export async function stagedPaths(cwd: string): Promise<readonly string[]> {
  return await gitNames(cwd, ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z"]);
}

export function gitNames(cwd: string, args: readonly string[]): Promise<readonly string[]> {
  return new Promise((settle) => {
    const options = { cwd, encoding: "utf8", maxBuffer: namesLimit, timeout: gitMs } as const;
    execFile("git", args, options, (error, stdout) => {
      settle(
        error
          ? []
          : stdout
              .split("\0")
              .map((name) => name.trim())
              .filter((name) => name !== ""),
      );
    });
  });
}
