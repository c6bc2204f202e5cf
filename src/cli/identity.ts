import { createHash, randomBytes } from "node:crypto";
import { sep } from "node:path";
import { agentOfCheckout, agentOfSession, earlierIds } from "../commands/bindings.ts";
import type { Configuration, Identity } from "../commands/machine.ts";
import type { Session } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import { agentName } from "../format/names.ts";
import { gitRoot, type Folders } from "./config.ts";
import { harnessSession } from "./harness-process.ts";
import type { FileLocalState } from "./local-state.ts";

export interface Who extends Folders {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly bootId: string;
}

/**
 * Who a process is, and in which session. The agent: asked for on the line, TRACECRAFT_AGENT, bound to this session,
 * bound to this checkout, `agent_id` of the configuration, else made from user, host and session. Two harness
 * sessions, checkouts or machines are never one session.
 */
export function identify(
  configuration: Configuration,
  local: FileLocalState,
  who: Who,
  asked?: string,
): Identity {
  const checkout = checkoutName(checkoutOf(configuration, who), who);
  const session = sessionOf(local, checkout, who);
  const [agent, agentFrom] = agentOf(configuration, local, who, session, checkout, asked);
  return { agent: agentName(agent), agentFrom, session, checkout };
}

/** Its path, on this machine: a home folder may be shared by several. */
function checkoutName(checkout: string, { host }: Pick<Who, "host">): string {
  return createHash("sha256").update(`${host}\n${checkout}`).digest("hex").slice(0, 16);
}

function agentOf(
  configuration: Configuration,
  local: FileLocalState,
  who: Who,
  session: Session,
  checkout: string,
  asked: string | undefined,
): readonly [agent: string, from: string] {
  if (asked !== undefined) return [asked, "--agent"];
  const named = who.env["TRACECRAFT_AGENT"];
  if (named) return [named, "TRACECRAFT_AGENT"];
  const ofSession = agentOfSession(local, session.id);
  if (ofSession !== undefined)
    return [ofSession, session.harness ? "bound to this harness session" : "bound to this session"];
  const ofCheckout = agentOfCheckout(local, checkout);
  if (ofCheckout !== undefined) return [ofCheckout, "of this checkout"];
  if (configuration.agentId !== undefined) {
    refuseShared(configuration);
    return [configuration.agentId, `agent_id of ${configuration.shownFile}`];
  }
  const four = createHash("sha256").update(session.id).digest("hex").slice(0, 4);
  const made = `${who.user}-${who.host.split(".")[0]}`.replaceAll(/[^A-Za-z0-9._-]+/g, "-").slice(0, 100);
  return [`${made.replace(/^[^A-Za-z0-9]+/, "") || "agent"}-${four}`, "made up for this session"];
}

/** A file that git tracks comes to every checkout, and all of them would be one agent. */
function refuseShared({ level, file, shownFile, agentId, project }: Configuration): void {
  const root = level === "project" ? gitRoot(file.slice(0, file.lastIndexOf(sep))) : undefined;
  if (root === undefined) return;
  // Only a configuration of format 1 comes here, so nobody else pays for this.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const asked = spawnSync("git", ["ls-files", "--error-unmatch", "--", file], { cwd: root, stdio: "ignore" });
  if (asked.status !== 0) return;
  throw new TracecraftError(
    "config",
    `Cannot be "${agentId}": ${shownFile} is tracked by git, so every checkout would be it`,
    {
      hint: `tracecraft init --project ${project} --agent ${agentId}`,
    },
  );
}

function sessionOf(local: FileLocalState, checkout: string, who: Who): Session {
  const { env, host } = who;
  const given = env["TRACECRAFT_SESSION"];
  const own = given === "checkout"; // Asked for by somebody whom a harness runs.
  if (given && !own) {
    if (given.length > 200 || /[^\x21-\x7e]/.test(given) || given.includes("/"))
      throw new TracecraftError(
        "usage",
        `Cannot use TRACECRAFT_SESSION: it is 1 to 200 of visible ASCII without "/"`,
      );
    return { id: given, earlier: earlierIds(local, given), harness: harnessSession(env, who)?.harness, host };
  }
  const found = own ? undefined : harnessSession(env, who);
  if (found) {
    const id = `${found.harness}:${found.id.replaceAll(/[^\x21-\x7e]|\//g, "-").slice(0, 180)}`;
    return { id, earlier: earlierIds(local, id), harness: found.harness, host };
  }
  const id = `checkout:${idOfCheckout(local, checkout, who)}`;
  return { id, earlier: earlierIds(local, id), harness: undefined, host };
}

/** Random, and written before its first use: whoever comes next must be the same session. */
function idOfCheckout(local: FileLocalState, checkout: string, { bootId }: Who): string {
  const name = `shells/${checkout}`;
  const known = local.read(name);
  if (typeof known === "string") return known;
  try {
    const made = local.create(name, randomBytes(8).toString("hex"));
    if (typeof made === "string") return made;
  } catch {
    // Nothing can be written here: what all processes of this checkout can derive alike, until the next boot.
  }
  return createHash("sha256").update(`${bootId}\n${checkout}`).digest("hex").slice(0, 16);
}

/** The deeper of the git checkout and the folder of the configuration; with this user's own, the home folder. */
function checkoutOf({ file, level }: Configuration, { cwd, home }: Who): string {
  const root = gitRoot(cwd);
  const folder = level === "user" ? home : file.slice(0, file.lastIndexOf(sep)) || sep;
  const above = cwd === folder || cwd.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  if (root === undefined) return folder;
  return level === "project" && above && folder.length > root.length ? folder : root;
}
