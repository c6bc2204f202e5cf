import { execFile } from "node:child_process";
import type { Project } from "../coord/project.ts";
import { knownReservations, pathInRepository, pathsReserved, reservedWords } from "./guard.ts";
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
  return typeof line === "string" && /\bgit\b[^|;&]*\b(?:commit|push)\b/.test(line) ? stagedPaths(cwd) : [];
}

/** What is staged, from the root; of a rename both names. */
export async function stagedPaths(cwd: string): Promise<readonly string[]> {
  return await gitNames(cwd, ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z"]);
}

export function gitNames(cwd: string, args: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const options = { cwd, encoding: "utf8", maxBuffer: namesLimit, timeout: gitMs } as const;
    execFile("git", args, options, (error, stdout) => {
      resolve(
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
