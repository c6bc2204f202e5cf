import { basename, dirname, join } from "node:path";
import { agentPlace, attachmentsOf, objectIn, subAgents } from "./claude-agents.ts";
import { claudeConfig, claudeProject, projectFolders } from "./claude-folders.ts";
import { isFolderOf, othersPlace, transcriptsIn } from "./claude-folders.ts";
import { claudeEvents, isAboutSession } from "./claude-lines.ts";
import { textOr } from "./events.ts";
import { about, collector, filesIn, type Collector } from "./folders.ts";
import { headOf, isKeyName, namesOf, sessionId, tailOf, type Names } from "./folders.ts";
import type { Folder, Harness, Host, Session } from "./harness.ts";
import { readLog } from "./jsonl.ts";

// <config>/projects/<folder>/<session>.jsonl, beside it <session>/subagents/**/agent-<id>.jsonl and
// <session>/tool-results/. Checked against 1.0.98 to 2.1.240: test/fixtures/claude-code/README.md.

export const claudeCode: Harness = {
  name: "claude-code",

  async sessions(host, cwd) {
    const found = collector();
    const whose = cwd === undefined ? undefined : await ownerOf(cwd);
    await found.from(async () => {
      const live = await liveSessions(host);
      for (const folder of await projectFolders(host, whose?.names)) {
        await found.from(async () => {
          const seen = await lookInto(folder, live, found);
          const ours = whose === undefined ? seen : await ofOwner(host, folder, seen, whose, found.warnings);
          for (const { session } of ours) await found.from(() => withOwn(session));
          return [];
        });
      }
      return [];
    });
    return found.found();
  },

  read: readLog,
  events: claudeEvents,

  place(host, session, cwd) {
    if (!isKeyName(session.id)) return undefined;
    return join(claudeProject(host, cwd), ...(agentPlace(session) ?? [`${session.id}.jsonl`]));
  },
};

/** The ids in <config>/sessions/<pid>.json whose process runs. */
async function liveSessions(host: Host): Promise<ReadonlySet<string>> {
  const folder = join(claudeConfig(host), "sessions");
  const live = (await filesIn(folder, /^\d+\.json$/)).filter((file) => host.alive(Number.parseInt(file, 10)));
  return new Set(
    await Promise.all(
      live.map(async (file) => textOr((await objectIn(join(folder, file)))["sessionId"], "")),
    ),
  );
}

/** A session as its file tells it, and the folders that its lines name. */
interface Seen {
  readonly session: Session;
  readonly cwds: readonly string[];
}

async function lookInto(folder: string, live: ReadonlySet<string>, found: Collector): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const file of await transcriptsIn(folder, found.warnings)) {
    await found.from(async () => {
      seen.push(...(await look(join(folder, file), live)));
      return [];
    });
  }
  return seen;
}

async function look(path: string, live: ReadonlySet<string>): Promise<Seen[]> {
  const stats = await about(path);
  if (stats === undefined || stats.size === 0) return [];
  const { objects: head, complete } = await headOf(path, ({ cwd }) => isText(cwd));
  if (complete && head.every(isAboutSession)) return [];
  const tail = await tailOf(path, stats.size);
  const cwds = [...new Set([...head, ...tail].map((line) => line["cwd"]).filter(isText))];
  const stem = basename(path, ".jsonl");
  const old = /^agent-(.+)$/.exec(stem)?.[1]; // Builds before the folder of sub-agents kept them here.
  const parent = old === undefined ? undefined : textOr(head[0]?.["sessionId"], undefined);
  const title = tail
    .map((line) => line["customTitle"] ?? line["aiTitle"] ?? line["summary"])
    .findLast(isText);
  const version = tail.map((line) => line["version"]).findLast(isText);
  const session: Session = {
    id: parent === undefined ? sessionId(stem) : sessionId(parent, stem),
    paths: [path],
    activeAt: stats.changedAt,
    live: live.has(stem),
    ...(cwds[0] !== undefined && { cwd: cwds[0] }),
    ...(parent !== undefined && { parent: sessionId(parent) }),
    ...(title !== undefined && { title }),
    ...(version !== undefined && { version }),
  };
  return [{ session, cwds }];
}

const isText = (value: unknown): value is string => typeof value === "string";

/** With what lies in the folder of its name. */
async function withOwn(session: Session): Promise<Session[]> {
  const [path = ""] = session.paths;
  const stem = basename(path, ".jsonl");
  const folder = join(dirname(path), stem);
  const main = { ...session, attachments: await attachmentsOf(folder) };
  return [main, ...(await subAgents(join(folder, "subagents"), stem, main))];
}

interface Owner {
  readonly names: Names;
  /** The folder and all that is in it. */
  readonly inside: Names;
}

async function ownerOf(folder: Folder): Promise<Owner> {
  const below = typeof folder === "string" ? folder : folder.below;
  return { names: await namesOf(folder), inside: await namesOf({ below }) };
}

/** Those of a folder, by their lines. Of one whose lines name none its place decides, but only where that is no other's. */
async function ofOwner(
  host: Host,
  place: string,
  seen: readonly Seen[],
  { names, inside }: Owner,
  warnings: string[],
): Promise<Seen[]> {
  const ours = seen.filter(({ cwds }) => cwds.some((cwd) => names.has(cwd)));
  const silent = seen.filter(({ cwds }) => cwds.length === 0);
  if (silent.length === 0 || !isFolderOf(host, place, names)) return ours;
  const beside = seen.find(({ cwds: [cwd] }) => cwd !== undefined && !inside.has(cwd))?.cwds[0];
  const other = beside ?? (await othersPlace(host, place, names));
  if (other === undefined) return [...ours, ...silent];
  const why = `no line of it names a folder, and ${other} has the same place: --session-id takes it`;
  for (const { session } of silent) warnings.push(`claude-code: session ${session.id} passed over: ${why}`);
  return ours;
}
