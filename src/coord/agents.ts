import { TracecraftError } from "../errors.ts";
import { agentKey, agentsPrefix, parseAgentKey } from "../format/keys.ts";
import {
  agentRecord,
  formatTime,
  readRecord,
  recordReadLimit,
  schemaNumber,
  writeRecord,
  type AgentRecord,
} from "../format/records.ts";
import type { Listed } from "../store/store.ts";
import { correctedNow } from "./clock.ts";
import { journal } from "./journal.ts";
import { stepsNotedHere } from "./lease-names.ts";
import { readLocal } from "./local.ts";
import type { Project } from "./project.ts";

/** An agent that has not been heard of for longer than this is away. */
export const awayAfterMs = 5 * 60_000;
/** A heartbeat is put at most this often. */
const heartbeatMs = 60_000;
const parallelReads = 64;
/** Names that this machine keeps to tell a known recipient without asking. */
const knownLimit = 1_000;
const knownName = "agents";

export interface AgentView {
  readonly agent: string;
  readonly state: "active" | "away";
  readonly step: string | undefined;
  /** Since the store last heard of it, by the store's clock alone. */
  readonly seenS: number;
  readonly seenAt: number;
  readonly harness: string | undefined;
  readonly host: string | undefined;
}

export interface AgentList {
  /** By name. */
  readonly agents: readonly AgentView[];
  /** Records that are not what the format says. They hide no other. */
  readonly problems: readonly { readonly key: string; readonly why: string }[];
  /** By the store's clock, in ms. */
  readonly storeNow: number;
}

/** Makes this agent known here: its record is put, whatever it was before, and the journal says so. */
export async function registerAgent(project: Project, { summary }: { summary?: string } = {}): Promise<void> {
  const before = await readOwn(project);
  await putOwn(project, {
    ...before,
    started_at: formatTime(correctedNow(project)),
    ...(summary !== undefined && { summary }),
  });
  journal(project, { kind: "agent", registered: true, harness: project.session.harness ?? null });
}

/**
 * Says that this agent is here, in the background and at most once a minute; at once when its step changes. `step`
 * undefined leaves what was said before, as long as that is known here to be held; null says that it has none. The
 * record is this agent's alone, so it is put without a condition.
 */
export function heartbeat(project: Project, { step: said }: { step?: string | null } = {}): void {
  const last = readLocal<LastBeat>(project.local, beatName(project));
  const step = said === undefined ? afterLoss(project, last?.record?.step) : said;
  const sinceMs = project.world.now() - (last?.at_ms ?? 0);
  const recent = sinceMs >= 0 && sinceMs < heartbeatMs && last?.session === project.session.id;
  if (recent && (step === undefined || step === last.record?.step)) return;
  project.background("the heartbeat", beat(project, step, last));
}

/** Of a step that was said, and then lost (taken by force, or lapsed and taken): another that is held, or none. */
function afterLoss(project: Project, before: string | null | undefined): string | null | undefined {
  if (!before) return undefined;
  const noted = stepsNotedHere(project);
  return noted.includes(before) ? undefined : (noted[0] ?? null);
}

interface LastBeat {
  readonly at_ms: number;
  readonly session: string;
  readonly record: AgentRecord;
}

async function beat(
  project: Project,
  step: string | null | undefined,
  last: Partial<LastBeat> | undefined,
): Promise<void> {
  const before = last?.record ?? (await readOwn(project));
  await putOwn(project, { ...before, ...(step !== undefined && { step }) });
  if (!before)
    journal(project, { kind: "agent", registered: true, harness: project.session.harness ?? null });
}

async function readOwn({ store, agent }: Project): Promise<AgentRecord | undefined> {
  try {
    const object = await store.get(agentKey(agent), { limit: recordReadLimit });
    return object && readRecord(agentRecord, agentKey(agent), object.body);
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
    return undefined; // It is ours alone to write: made good by the put.
  }
}

async function putOwn(project: Project, fields: Partial<AgentRecord>): Promise<void> {
  const { agent, session, store, world, local } = project;
  const at = formatTime(correctedNow(project));
  const record: AgentRecord = {
    step: null,
    started_at: at,
    summary: null,
    ...fields,
    schema: schemaNumber,
    id: agent,
    status: "active",
    heartbeat: at,
    host: session.host,
    harness: session.harness ?? null,
    session: session.id,
  };
  const put = await store.put(agentKey(agent), writeRecord(agentKey(agent), record), "anything");
  if (put.outcome === "unknown") throw put.cause;
  local.write(beatName(project), { at_ms: world.now(), session: session.id, record } satisfies LastBeat);
}

/**
 * Who is here. An agent is as present as the store's own arrival time of its record says: no clock but the store's
 * counts.
 */
export async function listAgents(project: Project): Promise<AgentList> {
  const listed: Listed[] = [];
  let storeNow: number | undefined;
  for await (const page of project.store.list(agentsPrefix)) {
    storeNow ??= page.storeNow;
    listed.push(...page.objects.filter(({ key }) => parseAgentKey(key) !== undefined));
  }
  rememberAgents(
    project,
    listed.map(({ key }) => parseAgentKey(key)!),
  );
  const now = storeNow ?? correctedNow(project);

  const agents: AgentView[] = [];
  const problems: { key: string; why: string }[] = [];
  const read = async (object: Listed): Promise<void> => {
    try {
      const view = await readAgent(project, object, now);
      if (view) agents.push(view);
    } catch (error) {
      if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
      problems.push({ key: object.key, why: String(error.details["why"] ?? error.message) });
    }
  };
  for (let start = 0; start < listed.length; start += parallelReads)
    await Promise.all(listed.slice(start, start + parallelReads).map(read));
  return { agents: agents.toSorted((a, b) => (a.agent < b.agent ? -1 : 1)), problems, storeNow: now };
}

async function readAgent(project: Project, object: Listed, now: number): Promise<AgentView | undefined> {
  const found = await project.store.get(object.key, { limit: recordReadLimit });
  if (!found) return undefined;
  const record = readRecord(agentRecord, object.key, found.body);
  const seenMs = Math.max(0, now - object.writtenAt);
  return {
    agent: parseAgentKey(object.key)!,
    state: seenMs > awayAfterMs ? "away" : "active",
    step: record.step ?? undefined,
    seenS: Math.floor(seenMs / 1000),
    seenAt: object.writtenAt,
    harness: record.harness ?? undefined,
    host: record.host ?? undefined,
  };
}

/**
 * Whether such an agent was ever seen here: from what this machine knows, else by one listing. Undefined where that
 * fails: a message to an unknown agent is sent all the same.
 */
export async function isKnownAgent(
  project: Project,
  agent: string,
): Promise<{ readonly known: boolean; readonly agents: readonly string[] } | undefined> {
  const names = readLocal<{ names: string[] }>(project.local, knownName)?.names;
  if (Array.isArray(names) && names.includes(agent)) return { known: true, agents: names };
  try {
    const found: string[] = [];
    for await (const page of project.store.list(agentsPrefix))
      found.push(...page.objects.flatMap(({ key }) => parseAgentKey(key) ?? []));
    rememberAgents(project, found);
    return { known: found.includes(agent), agents: found };
  } catch (error) {
    if (!(error instanceof TracecraftError)) throw error;
    return undefined;
  }
}

function rememberAgents({ local }: Project, names: readonly string[]): void {
  const before = readLocal<{ names: string[] }>(local, knownName)?.names;
  const kept = names.slice(0, knownLimit);
  if (before?.join("\n") !== kept.join("\n")) local.write(knownName, { names: kept });
}

function beatName({ agent }: Project): string {
  return `heartbeat/${agent}`;
}
