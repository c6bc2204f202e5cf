import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fieldsOf, textOr, type Fields } from "./events.ts";
import { about, attachment, filesBelow, filesIn, sessionId } from "./folders.ts";
import type { Attachment, Restored, Session } from "./harness.ts";
import { valuesOf } from "./json-values.ts";

/** The object in a small file; empty when there is none. */
export async function objectIn(path: string): Promise<Fields> {
  const bytes = await readFile(path).catch(() => new Uint8Array(0));
  return fieldsOf(valuesOf(bytes)?.[0]);
}

/** What lies beside a session, in the folder of its name: spilled results of tools and what its workflows did. */
export async function attachmentsOf(folder: string): Promise<Attachment[]> {
  const spilled = (await filesBelow(join(folder, "tool-results"), /./)).map((file) => `tool-results/${file}`);
  const runs = (await filesIn(join(folder, "workflows"), /\.json$/)).map((file) => `workflows/${file}`);
  const files = [...spilled, ...runs].map((name) => attachment(name, join(folder, name)));
  return (await Promise.all(files)).flat();
}

/**
 * The sub-agents in the folder of that session. One in a folder further down has that folder in its id, because two
 * runs may give one id: `<session>.agent-<id>`, but `<session>.workflows.<run>.agent-<id>`.
 */
export async function subAgents(folder: string, session: string, main: Session): Promise<Session[]> {
  const paths = await filesBelow(folder, /^agent-.+\.jsonl$/);
  const ids = new Map(paths.map((path) => [path, agentId(session, path)]));
  return Promise.all(
    paths.map(async (path): Promise<Session> => {
      const stem = basename(path, ".jsonl");
      const side = join(folder, dirname(path), `${stem}.meta.json`);
      const meta = await objectIn(side);
      const parent = parentFile(paths, path, `agent-${textOr(meta["parentAgentId"], "")}.jsonl`);
      const title = textOr(meta["description"], undefined);
      return {
        id: ids.get(path)!,
        paths: [join(folder, path)],
        parent: parent === undefined ? main.id : ids.get(parent)!,
        activeAt: (await about(join(folder, path)))?.changedAt ?? 0,
        ...(main.cwd !== undefined && { cwd: main.cwd }),
        ...(title !== undefined && { title }),
        attachments: await attachment(`${stem}.meta.json`, side),
      };
    }),
  );
}

/** Dots part the folders, so one with a dot in its name, or what else is not fit for an id, has a hash there. */
function agentId(session: string, path: string): string {
  const folders = path.split("/").slice(0, -1);
  const names = folders.map((folder) => sessionId(folder.replaceAll(".", "/")));
  return sessionId(session, ...names, basename(path, ".jsonl"));
}

/** The file of that name that is nearest: in the same folder, or in one above, else wherever it is. */
function parentFile(paths: readonly string[], child: string, name: string): string | undefined {
  for (let folder = dirname(child); ; folder = dirname(folder)) {
    const path = folder === "." ? name : `${folder}/${name}`;
    if (path !== child && paths.includes(path)) return path;
    if (folder === ".") return paths.find((other) => other !== child && basename(other) === name);
  }
}

/** Where a sub-agent lies, as names below the folder of its project; undefined for what is none by its id and parent. */
export function agentPlace({ id, parent }: Restored): string[] | undefined {
  if (parent === undefined) return undefined;
  const session = parent.includes(".agent-") ? /^[^.]*/.exec(id)![0] : parent;
  if (!id.startsWith(`${session}.`)) return undefined;
  const rest = id.slice(session.length + 1);
  const names = rest.split(".");
  const known = names.every((name) => name !== "") && names.at(-1)!.startsWith("agent-");
  // An id that was too long has lost its folders and the word.
  const file = known ? names : [`agent-${rest.replaceAll(".", "-")}`];
  return [session, "subagents", ...file.slice(0, -1), `${file.at(-1)!}.jsonl`];
}
