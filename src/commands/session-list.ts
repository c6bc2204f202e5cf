import { correctedNow } from "../coord/clock.ts";
import { TracecraftError } from "../errors.ts";
import { formatTime } from "../format/records.ts";
import { listSessions, type Summary } from "../sessions/catalogue.ts";
import { defineCommand, type View } from "./command.ts";
import { list, type Cell } from "./table.ts";
import { malformedWords } from "./session-words.ts";
import { shownLine } from "./text.ts";
import { count, plainTime, shortId, size, timeFor } from "./values.ts";

export const sessionList = defineCommand({
  name: "session list",
  summary: "List the mirrored sessions, newest upload first",
  positionals: {},
  options: {
    harness: { placeholder: "H", help: "only of this harness" },
    limit: { placeholder: "N", default: "20", help: "at most so many" },
    sortBy: { placeholder: "recent|size", default: "recent", help: "what comes first" },
    all: { help: "all of them" },
  },
  exits: {},
  examples: ["tracecraft session list", "tracecraft session list --harness codex --sort-by size"],
  needs: "project",

  async run({ project }, { harness, limit, sortBy, all }) {
    if (sortBy !== "recent" && sortBy !== "size")
      throw new TracecraftError("usage", `Cannot sort by "${sortBy.slice(0, 60)}": by recent or size`);
    const most = all ? Number.POSITIVE_INFINITY : wholeNumber("--limit", limit);
    const { sessions, problems } = await listSessions(project, harness);
    const sorted = sortBy === "size" ? sessions.toSorted((a, b) => b.bytes - a.bytes) : sessions;
    const rows = sorted.slice(0, most);
    const nowMs = correctedNow(project);
    return {
      data: { sessions: rows.map(sessionJson), more: sorted.length - rows.length, untrusted: true, problems },
      text: (view) =>
        sorted.length === 0
          ? "(no sessions)"
          : list(view, {
              columns: [
                { title: "HARNESS" },
                { title: "SESSION" },
                { title: "BYTES", align: "right" },
                { title: "PARTS", align: "right" },
                { title: "LAST UPLOAD" },
                { title: "AGENT" },
                { title: "", last: true },
              ],
              rows: rows.map((row) => cells(view, row, nowMs)),
              total: sorted.length,
              more: `tracecraft session list${harness === undefined ? "" : ` --harness ${shownLine(harness)}`} --all`,
            }),
      warnings: problems.map(malformedWords),
    };
  },
});

/** An option that is a number from 0 on. */
export function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TracecraftError("usage", `Cannot read ${option} "${text.slice(0, 60)}": it is a whole number`);
}

function cells(view: View, row: Summary, nowMs: number): Cell[] {
  const at = row.uploadedAt;
  return [
    row.harness,
    {
      text: `${shortId(row.session)}${row.session.length > 8 ? "…" : ""}${agentIn(row.session)}`,
      style: "command",
      plain: row.session,
    },
    size(row.bytes),
    { text: String(row.parts), plain: count(row.parts, "part") },
    {
      text: at === undefined ? "-" : timeFor(view, at, nowMs),
      style: "dim",
      ...(at !== undefined && { plain: plainTime(at) }),
    },
    shownLine(row.agent ?? "") || "-",
    row.endedAt === undefined ? "" : { text: "ended", style: "dim" },
  ];
}

/** What tells a sub-agent's session from its parent's, which its id begins with. */
function agentIn(session: string): string {
  return /\.agent-[A-Za-z0-9_-]{1,6}/.exec(session)?.[0] ?? "";
}

function sessionJson(row: Summary) {
  const { harness, session, agent, bytes, parts, uploadedAt, endedAt, parent, title } = row;
  return {
    harness,
    session,
    agent: agent ?? null,
    bytes,
    parts,
    last_uploaded_at: uploadedAt === undefined ? null : formatTime(uploadedAt),
    ended_at: endedAt === undefined ? null : formatTime(endedAt),
    ...(parent !== undefined && { parent }),
    ...(title !== undefined && { title }),
  };
}
