import { createHash } from "node:crypto";
import { heartbeat } from "../coord/agents.ts";
import { knownLeases, renewDue } from "../coord/leases.ts";
import { isUrgent, openAtOnce, openLetters } from "../coord/mailbox.ts";
import { lookIntoMail } from "../coord/mail-folders.ts";
import { keepBodies } from "../coord/mail-cache.ts";
import { knownNews, rememberNews } from "../coord/news.ts";
import type { Project } from "../coord/project.ts";
import { listReservations } from "../coord/reservations.ts";
import { openTrusted, startMirror, type Call } from "./hook-session.ts";
import type { Machine } from "./machine.ts";
import { newsFlag } from "./news-flag.ts";
import { safe, some, whole } from "./prime.ts";
import { count } from "./values.ts";

/** What a turn leaves to be done is looked after at most so often; a lease that is due, at once. */
const keptMs = 60_000;
const gatesKept = 100;

/** Whether this session was never seen here. Asked once, it says no from then on. */
export async function firstTurn(call: Call): Promise<boolean> {
  const project = await openTrusted(call);
  const name = `started/${project?.session.id}`;
  if (!project || project.local.read(name) === true) return false;
  project.local.write(name, true);
  return true;
}

/** The user has said something: one line when there is mail that this session was not told of. Asks nobody. */
export async function promptNews(call: Call, early: (text: string) => void): Promise<string> {
  const project = await openTrusted(call);
  if (!project) return "";
  const flag = newsFlag(call.machine.stateFolder, project);
  const news = flag.read();
  if (!news || news.count === 0 || knownNews(project)?.count === 0) {
    flag.lower(); // Also a damaged one, or each prompt would start a process for it.
    return "";
  }
  const urgent = news.urgent > 0 ? ` (${news.urgent} urgent)` : "";
  const from = some(news.from.map(safe), ", ");
  const text = `tracecraft: ${count(news.count, "unread message")}${urgent} from ${from}; they are read with \`tracecraft inbox\``;
  early(text); // The flag stays up for what is not said any more.
  flag.lower();
  return text;
}

/**
 * A turn ends: what it leaves to be done is started on its own. With the gate, an answer when something should be done
 * first: once for each claim and each state of the mail, and never for a stop that was blocked before.
 */
export async function endTurn(call: Call, gate: boolean): Promise<string> {
  const project = await openTrusted(call);
  if (!project) return "";
  if (!startMirror(call, project)) launchKeeping(call, project);
  return gate && call.asked.stopGate && !call.event.stopHookActive ? openBusiness(project) : "";
}

/** The session ends: its transcript is read once more. */
export async function endSession(call: Call): Promise<string> {
  const project = await openTrusted(call);
  if (!project) return "";
  startMirror(call, project, true);
  newsFlag(call.machine.stateFolder, project).lower(); // Each prompt of others would look whose it is.
  return "";
}

function launchKeeping({ machine, harness, asked }: Call, project: Project): void {
  const name = `kept/${project.session.id}`;
  const last = project.local.read(name);
  const now = project.world.now();
  const recent = typeof last === "number" && now >= last && now - last < keptMs;
  const due = knownLeases(project).some(
    ({ ttlS, remainingS }) => (ttlS - remainingS) * 3 >= ttlS && ttlS > 0,
  );
  if (recent && !due) return;
  project.local.write(name, now);
  machine.launch(["hook", harness, "keep", ...(asked.guard ? ["--guard"] : [])]);
}

/** What `launchKeeping` starts: leases, presence, the flag for news, and what the guard knows. */
export async function keepSession(machine: Machine, project: Project, guard: boolean): Promise<void> {
  renewDue(project);
  heartbeat(project);
  await Promise.all([flagNews(machine, project), guard ? listReservations(project) : undefined]);
}

async function flagNews({ stateFolder }: Machine, project: Project): Promise<void> {
  const { unread } = await lookIntoMail(project);
  const name = `flagged/${project.session.id}/${project.agent}`;
  const state = createHash("sha256")
    .update(unread.map(({ key }) => key).join("\n"))
    .digest("hex");
  if (project.local.read(name) === state) return;
  const opened = await openLetters(project, unread.slice(-openAtOnce)); // Beyond that, urgent means "at least".
  keepBodies(project, opened);
  const urgentKeys = opened.flatMap((one) =>
    "message" in one && isUrgent(one.message) ? [one.message.key] : [],
  );
  const urgent = urgentKeys.length;
  project.local.write(urgentName(project), urgentKeys);
  const from = [...new Set(unread.flatMap(({ name: letter }) => letter?.by ?? []))].toSorted();
  rememberNews(project, { count: unread.length, urgent });
  const flag = newsFlag(stateFolder, project);
  if (unread.length > 0) flag.raise({ count: unread.length, urgent, from });
  else flag.lower();
  project.local.write(name, state);
}

/** What `openBusiness` has not told of yet must be told: one urgent message is not another. */
function urgentName({ agent }: Project): string {
  return `urgent/${agent}`;
}

function openBusiness(project: Project): string {
  const name = `gates/${project.session.id}`;
  const found = project.local.read(name);
  const told: readonly unknown[] = Array.isArray(found) ? found : [];
  const news = knownNews(project);
  const known = project.local.read(urgentName(project));
  // Where nobody has told which they are yet, how many there are stands for them.
  const urgentKeys: readonly string[] =
    Array.isArray(known) && known.length > 0 ? known.map(String) : [`mail ${news?.count} ${news?.urgent}`];
  const open = [
    ...knownLeases(project)
      .filter(({ remainingS }) => remainingS > 0)
      .map(({ step, term }) => [
        `step ${step} ${term}`,
        `Step ${whole(step)} is held without a handoff: tracecraft complete ${whole(step)} --note "…"`,
      ]),
    ...(news && news.urgent > 0
      ? urgentKeys.map((key) => [key, `${count(news.urgent, "urgent message")} unread: tracecraft inbox`])
      : []),
  ].filter(([key]) => !told.includes(key));
  if (open.length === 0) return "";
  project.local.write(name, [...told, ...open.map(([key]) => key)].slice(-gatesKept));
  return some([...new Set(open.map(([, words]) => words!))]);
}
