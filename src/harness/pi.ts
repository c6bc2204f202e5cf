import { basename, join } from "node:path";
import { fieldsOf, textOr } from "./events.ts";
import {
  about,
  collector,
  filesIn,
  foldersIn,
  headOf,
  isKeyName,
  namesOf,
  sessionId,
  type Names,
} from "./folders.ts";
import type { Harness, Host, Session } from "./harness.ts";
import { readLog } from "./jsonl.ts";
import { treeEvents } from "./session-tree.ts";

// ~/.pi/agent/sessions/--<cwd>--/<time>_<uuid>.jsonl. Checked against 0.70 and the oldest format, whose entries have
// no id: test/fixtures/pi/README.md.
export const pi: Harness = {
  name: "pi",

  async sessions(host, cwd) {
    const found = collector();
    const names = cwd === undefined ? undefined : await namesOf(cwd);
    await found.from(async () => {
      for (const folder of await foldersIn(root(host))) {
        for (const file of await filesIn(folder, /\.jsonl$/)) {
          await found.from(() => sessionOf(join(folder, file), names));
        }
      }
      return [];
    });
    return found.found();
  },

  read: readLog,
  events: treeEvents,

  place(host, { id, file }, cwd) {
    return isKeyName(id) && isKeyName(file) ? join(root(host), encoded(cwd), file) : undefined;
  },
};

function root(host: Host): string {
  const agent = host.env["PI_CODING_AGENT_DIR"] || join(host.home, ".pi", "agent");
  return host.env["PI_CODING_AGENT_SESSION_DIR"] || join(agent, "sessions");
}

function encoded(cwd: string): string {
  return `--${cwd.replace(/^[/\\]/, "").replaceAll(/[/\\:]/g, "-")}--`;
}

async function sessionOf(path: string, names: Names | undefined): Promise<Session[]> {
  const stats = await about(path);
  const header = fieldsOf((await headOf(path)).objects[0]);
  const cwd = textOr(header["cwd"], undefined);
  const here =
    names === undefined ||
    (cwd === undefined ? [...names].map(encoded).includes(basename(join(path, ".."))) : names.has(cwd));
  if (stats === undefined || stats.size === 0 || !here) return [];
  const id = sessionId(textOr(header["id"], basename(path, ".jsonl")));
  return [{ id, paths: [path], activeAt: stats.changedAt, ...(cwd !== undefined && { cwd }) }];
}
