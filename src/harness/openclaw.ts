import { basename, join } from "node:path";
import { fieldsOf, textOr, type HarnessEvent } from "./events.ts";
import { about, collector, filesIn, foldersIn, headOf, isKeyName, namesOf } from "./folders.ts";
import type { Harness, Host, Memory, Session } from "./harness.ts";
import { readLog } from "./jsonl.ts";
import { idIn, sessionsInStore, transcriptOf } from "./openclaw-store.ts";
import { eventsOf } from "./record-events.ts";
import { treeEvents } from "./session-tree.ts";
import { readTable } from "./table.ts";

// <state>/agents/<agent>/sessions/<session>.jsonl until 2026.7, then rows in agents/<agent>/agent/openclaw-agent.sqlite.
// Checked against 2026.3 (JSONL) and the schema of 2026.9: test/fixtures/openclaw/README.md.
const transcript = /^([a-z0-9][a-z0-9._%-]*?)\.jsonl(?:\.(reset|deleted|bak)\.[0-9TZ.-]+?(?:\.zst)?)?$/i;
const copies = /\.checkpoint\.[^/]*|\.trajectory$/i;

export const openclaw: Harness = {
  name: "openclaw",

  async sessions(host, cwd) {
    const found = collector();
    const names = cwd === undefined ? undefined : await namesOf(cwd);
    const wanted = (session: Session) => names === undefined || names.has(session.cwd ?? "");
    await found.from(async () => {
      for (const agent of await foldersIn(join(await stateFolder(host), "agents"))) {
        const store = join(agent, "agent", "openclaw-agent.sqlite");
        const stored = new Set<string>();
        await found.from(async () => {
          if ((await about(store)) === undefined) return [];
          const sessions = await sessionsInStore(host, store, basename(agent));
          for (const { id } of sessions) stored.add(id);
          return sessions.filter(wanted);
        });
        // What was moved into the store stays behind as a file, and goes stale.
        await found.from(async () => (await filesOf(agent)).filter((s) => !stored.has(s.id) && wanted(s)));
      }
      return [];
    });
    return found.found();
  },

  read(host, session, cursor, options) {
    if (session.key === undefined) return readLog(host, session, cursor, options);
    return readTable(host, transcriptOf(session), cursor, options);
  },

  events: openclawEvents,

  place(host, { id, file }, _cwd) {
    const name = transcript.exec(file)?.[1];
    if (!isKeyName(id) || name === undefined || copies.test(name)) return undefined;
    const agent = id.endsWith(`.${name}`) ? id.slice(0, -name.length - 1) : "main";
    const state = host.env["OPENCLAW_STATE_DIR"] || join(homeOf(host), ".openclaw");
    return join(expanded(host, state), "agents", agent, "sessions", `${name}.jsonl`);
  },
};

/** OPENCLAW_HOME stands for the home folder, not for the state in it. */
function homeOf(host: Host): string {
  const { OPENCLAW_HOME: home, HOME: user, USERPROFILE: profile } = host.env;
  return expanded(host, home || user || profile || host.home);
}

function expanded(host: Host, path: string): string {
  return path.replace(/^~(?=$|[/\\])/, host.home);
}

async function stateFolder(host: Host): Promise<string> {
  const named = host.env["OPENCLAW_STATE_DIR"] || host.env["CLAWDBOT_STATE_DIR"];
  if (named) return expanded(host, named);
  const places = [".openclaw", ".clawdbot", ".moldbot", ".moltbot"].map((name) => join(homeOf(host), name));
  for (const place of places) if ((await about(place)) !== undefined) return place;
  return join(homeOf(host), ".openclaw");
}

/** The sessions that an agent keeps as files. A reset or a deletion renames one, and it is still that session. */
async function filesOf(agent: string): Promise<Session[]> {
  const folder = join(agent, "sessions");
  const bySession = new Map<string, string[]>();
  for (const file of await filesIn(folder, transcript)) {
    const name = transcript.exec(file)?.[1] ?? "";
    if (!copies.test(name)) bySession.set(name, [file, ...(bySession.get(name) ?? [])]); // Newest archive first.
  }
  const found = [...bySession].map(async ([name, files]): Promise<Session[]> => {
    const live = `${name}.jsonl`;
    const paths = [live, ...files.filter((file) => file !== live)].map((file) => join(folder, file));
    const there = files.includes(live) ? paths[0] : paths[1];
    const stats = there === undefined ? undefined : await about(there);
    if (there === undefined || stats === undefined || stats.size === 0) return [];
    const header = fieldsOf((await headOf(there)).objects[0]);
    const cwd = textOr(header["cwd"], undefined);
    return [
      {
        id: idIn(basename(agent), name),
        paths,
        activeAt: stats.changedAt,
        ended: !files.includes(live),
        ...(cwd !== undefined && { cwd }),
      },
    ];
  });
  return (await Promise.all(found)).flat();
}

/** An operation on the store's table holds a line of the tree; a file is such lines. */
function openclawEvents(record: Uint8Array, memory: Memory): HarnessEvent[] {
  return eventsOf(record, (line) => {
    const { op, id, data } = line as { op?: unknown; id?: unknown; data?: unknown };
    if (op === undefined) return treeEvents(Buffer.from(JSON.stringify(line)), memory);
    const text = fieldsOf(data)["event_json"];
    if (typeof text === "string") return treeEvents(Buffer.from(text), memory);
    const told = op === "session" ? fieldsOf(data)["display_name"] : JSON.stringify(id);
    return [{ type: "note", what: String(op), ...(typeof told === "string" && { text: told }) }];
  });
}
