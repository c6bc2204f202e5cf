import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { claudeConfig, claudeProject, isFolderOf, projectFolders } from "./claude-folders.ts";
import { claudeEvents } from "./claude-lines.ts";
import { fieldsOf, textOr, type Fields } from "./events.ts";
import { about, attachment, collector, filesBelow, filesIn } from "./folders.ts";
import { headOf, isKeyName, namesOf, sessionId, tailOf, type Names } from "./folders.ts";
import type { Attachment, Harness, Host, Session } from "./harness.ts";
import { readLog } from "./jsonl.ts";
import { valuesOf } from "./json-values.ts";

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

  place(host, { id, parent }, cwd) {
    if (!isKeyName(id)) return undefined;
    const folder = claudeProject(host, cwd);
    const agent = parent === undefined ? undefined : /\.agent-([A-Za-z0-9_-]+)$/.exec(id)?.[1];
    if (agent === undefined) return join(folder, `${id}.jsonl`);
    return join(folder, id.slice(0, id.indexOf(".agent-")), "subagents", `agent-${agent}.jsonl`);
  },
};

/** The ids in <config>/sessions/<pid>.json whose process runs. */
async function liveSessions(host: Host): Promise<ReadonlySet<string>> {
  const folder = join(claudeConfig(host), "sessions");
  const live = (await filesIn(folder, /^\d+\.json$/)).filter((file) => host.alive(Number.parseInt(file, 10)));
  return new Set(
    await Promise.all(live.map(async (file) => textOr((await json(join(folder, file)))["sessionId"], ""))),
  );
}

async function json(path: string): Promise<Fields> {
  const bytes = await readFile(path).catch(() => new Uint8Array(0));
  return fieldsOf(valuesOf(bytes)?.[0]);
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

async function attachmentsOf(folder: string): Promise<Attachment[]> {
  const spilled = (await filesIn(join(folder, "tool-results"), /./)).map((file) => `tool-results/${file}`);
  const runs = (await filesIn(join(folder, "workflows"), /\.json$/)).map((file) => `workflows/${file}`);
  return (
    await Promise.all([...spilled, ...runs].map((name) => attachment(name, join(folder, name))))
  ).flat();
}

async function subAgents(folder: string, session: string, main: Session): Promise<Session[]> {
  const paths = await filesBelow(folder, /^agent-.+\.jsonl$/);
  return Promise.all(
    paths.map(async (path): Promise<Session> => {
      const stem = basename(path, ".jsonl");
      const side = join(folder, dirname(path), `${stem}.meta.json`);
      const meta = await json(side);
      const parent = textOr(meta["parentAgentId"], undefined);
      const title = textOr(meta["description"], undefined);
      return {
        id: sessionId(session, stem),
        paths: [join(folder, path)],
        parent: parent === undefined ? main.id : sessionId(session, `agent-${parent}`),
        activeAt: (await about(join(folder, path)))?.changedAt ?? 0,
        ...(main.cwd !== undefined && { cwd: main.cwd }),
        ...(title !== undefined && { title }),
        attachments: await attachment(`${stem}.meta.json`, side),
      };
    }),
  );
}
