import { basename, join } from "node:path";
import { codexEvents } from "./codex-lines.ts";
import { fieldsOf, textOr, type Fields } from "./events.ts";
import {
  about,
  collector,
  filesBelow,
  headOf,
  isKeyName,
  namesOf,
  sessionId,
  tailOf,
  type Names,
} from "./folders.ts";
import type { Harness, Host, Session } from "./harness.ts";
import { readLog } from "./jsonl.ts";

// $CODEX_HOME/sessions/YYYY/MM/DD/rollout-<local time>-<thread>[_<rollout>].jsonl[.zst], or flat in
// archived_sessions/. Checked against 0.118 to 0.153: test/fixtures/codex/README.md.
const rollout =
  /^rollout-(\d{4})-(\d{2})-(\d{2})T\d{2}-\d{2}-\d{2}-([0-9a-fA-F-]{36})(?:_([0-9a-fA-F-]{36}))?\.jsonl$/;

export const codex: Harness = {
  name: "codex",

  async sessions(host, cwd) {
    const found = collector();
    const names = cwd === undefined ? undefined : await namesOf(cwd);
    await found.from(async () => {
      const files = new Map<string, string[]>();
      for (const root of ["sessions", "archived_sessions"].map((name) => join(home(host), name))) {
        for (const path of await filesBelow(root, /^rollout-.*\.jsonl(\.zst)?$/)) {
          const name = basename(path, ".zst");
          files.set(name, [...(files.get(name) ?? []), join(root, path)]);
        }
      }
      const first = firstOfThreads(files.keys());
      for (const [name, there] of files) {
        const paths = [...new Set([...there, ...placesOf(host, name)])];
        await found.from(() => sessionOf(name, paths, names, first));
      }
      return [];
    });
    return found.found();
  },

  read: readLog,
  events: codexEvents,

  place(host, { id, file }, _cwd) {
    const plain = basename(file, ".zst");
    return isKeyName(id) && rollout.test(plain) ? placesOf(host, plain)[0] : undefined;
  },
};

function home(host: Host): string {
  return host.env["CODEX_HOME"] || join(host.home, ".codex");
}

/**
 * Where a rollout may lie, whatever became of it since it was found: it is compressed when old, unpacked when
 * resumed, archived and brought back, under one name.
 */
function placesOf(host: Host, file: string): string[] {
  const [, year, month, day] = rollout.exec(file) ?? [];
  const active = join(home(host), "sessions", year ?? "", month ?? "", day ?? "", file);
  const archived = join(home(host), "archived_sessions", file);
  return [active, `${active}.zst`, archived, `${archived}.zst`];
}

async function sessionOf(
  file: string,
  paths: readonly string[],
  names: Names | undefined,
  first: ReadonlyMap<string, string>,
): Promise<Session[]> {
  const stats = await Promise.all(paths.map(about));
  const at = stats.findIndex((found) => found !== undefined);
  const [path, { size, changedAt } = { size: 0, changedAt: 0 }] = [paths[at], stats[at]];
  if (path === undefined || size === 0) return [];
  const { objects: head } = await headOf(path);
  const tail = path.endsWith(".zst") ? [] : await tailOf(path, size);
  // Forks and sub-agents carry their parent's session_meta too: the first is the file's own.
  const meta = head.find((line) => line["type"] === "session_meta") ?? head[0];
  const own =
    meta === undefined || meta["payload"] === undefined ? fieldsOf(meta) : fieldsOf(meta["payload"]);
  const cwds = [own["cwd"], ...tail.map((line) => fieldsOf(line["payload"])["cwd"])].filter(
    (c) => typeof c === "string",
  );
  if (names !== undefined && !cwds.some((cwd) => names.has(cwd))) return [];
  const id = idOf(own, file, first);
  const parent = parentOf(own);
  const version = textOr(own["cli_version"], undefined);
  return [
    {
      id,
      paths,
      activeAt: changedAt,
      ...(cwds[0] !== undefined && { cwd: cwds[0] }),
      ...(parent !== undefined && { parent: sessionId(parent) }),
      ...(version !== undefined && { version }),
    },
  ];
}

/** Of each thread its first file in time, whether or not it can be read. A name begins with its time. */
function firstOfThreads(files: Iterable<string>): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const file of [...files].toSorted()) {
    const [, , , , thread, second = thread] = rollout.exec(file) ?? [];
    if (thread !== undefined && second === thread && !first.has(thread)) first.set(thread, file);
  }
  return first;
}

/**
 * The thread of the first session_meta. A further file of the same thread (a revert makes one) adds what its own name
 * has: its rollout, else its time. So the id is the same wherever the file lies and whoever asks.
 */
function idOf(meta: Fields, file: string, first: ReadonlyMap<string, string>): string {
  const [, , , , named, second] = rollout.exec(file) ?? [];
  const thread = textOr(meta["id"], named ?? file.replace(/\.jsonl$/, ""));
  const own = second ?? named ?? thread;
  if (own !== thread) return sessionId(thread, own);
  if ((first.get(thread) ?? file) === file) return sessionId(thread);
  return sessionId(thread, file.replace(/^rollout-/, "").slice(0, "2026-09-14T10-20-00".length));
}

function parentOf(meta: Fields): string | undefined {
  const spawn = fieldsOf(fieldsOf(fieldsOf(meta["source"])["subagent"])["thread_spawn"]);
  return textOr(spawn["parent_thread_id"], textOr(meta["parent_thread_id"], undefined));
}
