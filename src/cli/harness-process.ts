import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables in which a harness names its session to the commands that it runs (docs/harnesses.md). */
const sessionVariables = [
  ["CLAUDE_CODE_SESSION_ID", "claude-code"],
  ["CODEX_THREAD_ID", "codex"],
  ["HERMES_SESSION_ID", "hermes"],
] as const;

/** Variables that say no more than that a harness runs this. */
const markers = ["CLAUDECODE", "CODEX_SANDBOX", "CODEX_SANDBOX_NETWORK_DISABLED", "OPENCLAW_SHELL"] as const;

/** By the name of the program or of the script that it runs. */
const programs: Readonly<Record<string, string>> = {
  claude: "claude-code",
  codex: "codex",
  openclaw: "openclaw",
  hermes: "hermes",
};

const ancestorLimit = 32;

export interface HarnessSession {
  readonly harness: string;
  readonly id: string;
}

/** Whether a harness runs this: its agent reads plain text, also in a terminal. */
export function inHarness(env: Environment): boolean {
  return sessionVariables.some(([name]) => env[name]) || markers.some((name) => env[name]);
}

/**
 * The harness session that a process belongs to: the one its environment names, else the harness process above it,
 * known by host, boot, pid and start time. Where the environment names several, one harness runs in another: the
 * nearest process decides. Processes are looked for in /proc only, so not outside of Linux.
 */
export function harnessSession(
  env: Environment,
  { pid, host, bootId }: { readonly pid: number; readonly host: string; readonly bootId: string },
): HarnessSession | undefined {
  const named = sessionVariables.flatMap(([name, harness]) => (env[name] ? { harness, id: env[name] } : []));
  if (named.length === 1) return named[0];
  for (const ancestor of ancestors(pid)) {
    const harness = harnessOf(ancestor);
    if (harness === undefined) continue;
    const session = named.find((found) => found.harness === harness);
    if (session) return session;
    if (named.length > 0) continue;
    const life = createHash("sha256").update(`${host}\n${bootId}\n${ancestor.pid}\n${ancestor.startTime}`);
    return { harness, id: `p${life.digest("hex").slice(0, 16)}` };
  }
  return named[0];
}

/**
 * The environment in which a process belongs to this session of this harness. A harness that names its sessions in no
 * variable is left to be found by its process.
 */
export function sessionEnvironment(env: Environment, { harness, id }: HarnessSession): Environment {
  const own = sessionVariables.find(([, named]) => named === harness)?.[0];
  if (own === undefined) return env;
  const others = Object.fromEntries(sessionVariables.map(([name]) => [name, undefined]));
  return { ...env, ...others, [own]: id };
}

/** The nearest process of this harness above `pid`: it and its start time are one life. Linux only. */
export function harnessAncestor(pid: number, harness: string): Life | undefined {
  for (const ancestor of ancestors(pid)) {
    if (harnessOf(ancestor) === harness) return { pid: ancestor.pid, startTime: ancestor.startTime };
  }
  return undefined;
}

/** One life of a process: its number alone is given away again. */
export interface Life {
  readonly pid: number;
  readonly startTime: string;
}

/** The life that this process has now; undefined for none, and for one that was killed and is merely not reaped yet. */
export function lifeOf(pid: number): Life | undefined {
  const found = readProcess(pid);
  return found && !dead.has(found.state) ? { pid, startTime: found.startTime } : undefined;
}

/** Zombie and dead, in proc(5). */
const dead: ReadonlySet<string> = new Set(["Z", "X", "x"]);

interface Ancestor extends Life {
  readonly parent: number;
  readonly state: string;
  readonly name: string;
}

function* ancestors(pid: number): Generator<Ancestor> {
  let at = readProcess(pid)?.parent;
  for (let steps = 0; at !== undefined && at > 1 && steps < ancestorLimit; steps++) {
    const found = readProcess(at);
    if (!found) return;
    yield found;
    at = found.parent;
  }
}

/** proc(5): `pid (comm) state ppid … starttime …`, where comm may itself hold parentheses and spaces. */
function readProcess(pid: number): Ancestor | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const fields = stat.slice(end + 2).split(" ");
    const name = stat.slice(stat.indexOf("(") + 1, end);
    return { pid, state: fields[0] ?? "", parent: Number(fields[1]), startTime: fields[19] ?? "", name };
  } catch {
    return undefined;
  }
}

function harnessOf({ pid, name }: Ancestor): string | undefined {
  if (Object.hasOwn(programs, name)) return programs[name];
  let words: string[];
  try {
    words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, 2);
  } catch {
    return undefined;
  }
  for (const word of words) {
    const program = basename(word).replace(/\.(?:[cm]?js|py)$/, "");
    if (Object.hasOwn(programs, program)) return programs[program];
  }
  return undefined;
}
