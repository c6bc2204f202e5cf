import { listReservations } from "../coord/reservations.ts";
import type { Project } from "../coord/project.ts";
import { TracecraftError, asTracecraftError } from "../errors.ts";
import type { Context, Reply } from "./command.ts";
import { knownReservations, pathsReserved, repositoryOf, reservedWords } from "./guard.ts";
import { gitNames, stagedPaths } from "./hook-guard.ts";
import { recordRun } from "./hook-record.ts";
import { openTrusted } from "./hook-session.ts";
import { machineOf, type Machine } from "./machine.ts";

const stdinLimit = 1024 * 1024;
const refsLimit = 50;
/** A commit is not held up for longer by a store that does not answer. */
const askMs = 1_500;
const named = 5;
const nothing = /^0+$/;

/**
 * The guard of a repository: refused when a path that is committed or pushed is reserved by another agent. Whatever
 * trouble there is, git goes on. `TRACECRAFT_GUARD=off` and git's `--no-verify` pass by it.
 */
export async function guardGit(context: Context, event: string): Promise<Reply> {
  const machine = machineOf(context);
  const silence: Reply = { data: { harness: "git", event, answer: "" }, text: "" };
  if (context.env["TRACECRAFT_GUARD"] === "off" || (event !== "pre-commit" && event !== "pre-push"))
    return silence;
  let error: TracecraftError | undefined;
  let refusal: TracecraftError | undefined;
  try {
    refusal = await look(context, machine, event, (trouble) => (error = asTracecraftError(trouble)));
  } catch (thrown) {
    error = asTracecraftError(thrown);
  }
  recordRun(
    machine.local,
    { harness: "git", event },
    { at: machine.now(), durationMs: machine.ageMs(), error },
  );
  return refusal ? { ...silence, error: refusal } : silence;
}

async function look(
  context: Context,
  machine: Machine,
  event: string,
  note: (trouble: unknown) => void,
): Promise<TracecraftError | undefined> {
  const root = repositoryOf(context.cwd);
  const project = root === undefined ? undefined : await openTrusted({ machine });
  if (!project) return undefined;
  const paths = event === "pre-commit" ? await stagedPaths(context.cwd) : await pushedPaths(context);
  if (paths.length === 0) return undefined;
  await ask(project).catch(note);
  const known = knownReservations(project);
  const found = known.believed ? pathsReserved(project, paths, known) : [];
  if (found.length === 0) return undefined;
  const more = found.length > named ? `; ${found.length - named} more` : "";
  return new TracecraftError(
    "reserved",
    `Cannot ${event === "pre-commit" ? "commit" : "push"}: ${reservedWords(found[0]!)}`,
    {
      ...(found.length > 1 && { cause: found.slice(1, named).map(reservedWords).join("; ") + more }),
      hint: `TRACECRAFT_GUARD=off git ${event === "pre-commit" ? "commit" : "push"} …`,
    },
  );
}

/** What is reserved now; else what was known before stands. */
async function ask(project: Project): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const give = () => reject(new TracecraftError("timeout", `No answer within ${askMs} ms`));
    timer = setTimeout(give, askMs);
  });
  try {
    await Promise.race([listReservations(project), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Of the commits that the other side does not have, as githooks(5) names them on standard input. */
async function pushedPaths({ cwd, readStdin }: Context): Promise<readonly string[]> {
  const lines = Buffer.from(await readStdin(stdinLimit))
    .toString()
    .split("\n")
    .slice(0, refsLimit);
  const paths = new Set<string>();
  for (const line of lines) {
    const [, local, , remote] = line.split(" ");
    if (!local || !remote || !/^[0-9a-f]{40,64}$/.test(local) || nothing.test(local)) continue;
    const range = nothing.test(remote) ? [local, "--not", "--remotes"] : [`${remote}..${local}`];
    const log = ["log", "--format=", "--name-only", "--no-renames", "--no-ext-diff", "-z", ...range, "--"];
    for (const path of await gitNames(cwd, log)) paths.add(path);
  }
  return [...paths];
}
