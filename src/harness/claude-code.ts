import { basename, dirname, join } from "node:path";
import { agentPlace, attachmentsOf, objectIn, subAgents } from "./claude-agents.ts";
import { claudeConfig, claudeProject, isFolderOf, projectFolders } from "./claude-folders.ts";
import { claudeEvents } from "./claude-lines.ts";
import { textOr } from "./events.ts";
import { about, collector, filesIn } from "./folders.ts";
import { headOf, isKeyName, namesOf, sessionId, tailOf, type Names } from "./folders.ts";
import type { Harness, Host, Session } from "./harness.ts";
import { readLog } from "./jsonl.ts";

// <config>/projects/<folder>/<session>.jsonl, beside it <session>/subagents/**/agent-<id>.jsonl and
// <session>/tool-results/. Checked against 1.0.98 to 2.1.240: test/fixtures/claude-code/README.md.

export const claudeCode: Harness = {
  name: "claude-code",

  async sessions(host, cwd) {
    const found = collector();
    const names = cwd === undefined ? undefined : await namesOf(cwd);
    await found.from(async () => {
      const live = await liveSessions(host);
      for (const folder of await projectFolders(host, names)) {
        for (const file of await filesIn(folder, /\.jsonl$/)) {
          await found.from(() => sessionsOf(host, join(folder, file), names, live));
        }
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

async function sessionsOf(
  host: Host,
  path: string,
  names: Names | undefined,
  live: ReadonlySet<string>,
): Promise<Session[]> {
  const stats = await about(path);
  if (stats === undefined || stats.size === 0) return [];
  const [head, tail] = [await headOf(path), await tailOf(path, stats.size)];
  const cwds = [...head, ...tail].map((line) => line["cwd"]).filter((cwd) => typeof cwd === "string");
  // Without a cwd the folder decides, which for one in another may be a neighbour's.
  const theirs = cwds.some((cwd) => names?.has(cwd));
  if (names !== undefined && !theirs && (cwds.length > 0 || !isFolderOf(host, dirname(path), names)))
    return [];
  const stem = basename(path, ".jsonl");
  const old = /^agent-(.+)$/.exec(stem)?.[1]; // Builds before the folder of sub-agents kept them here.
  const parent = old === undefined ? undefined : textOr(head[0]?.["sessionId"], undefined);
  const title = tail
    .map((line) => line["customTitle"] ?? line["aiTitle"] ?? line["summary"])
    .findLast(isText);
  const version = tail.map((line) => line["version"]).findLast(isText);
  const main: Session = {
    id: parent === undefined ? sessionId(stem) : sessionId(parent, stem),
    paths: [path],
    activeAt: stats.changedAt,
    live: live.has(stem),
    ...(cwds[0] !== undefined && { cwd: cwds[0] }),
    ...(parent !== undefined && { parent: sessionId(parent) }),
    ...(title !== undefined && { title }),
    ...(version !== undefined && { version }),
    attachments: await attachmentsOf(join(dirname(path), stem)),
  };
  return [main, ...(await subAgents(join(dirname(path), stem, "subagents"), stem, main))];
}

const isText = (value: unknown): value is string => typeof value === "string";
