import { TracecraftError } from "../errors.ts";
import type { Chosen } from "../sessions/choose.ts";
import { findSession, listSessions, sessionNamed } from "../sessions/catalogue.ts";
import { verifySession, type Verified } from "../sessions/verify.ts";
import { sourcesHere, type Here } from "../sessions/source-here.ts";
import { compareWithSource, type Against } from "../sessions/verify-source.ts";
import { defineCommand } from "./command.ts";
import { loadRedactor } from "./redactor.ts";
import { sessionHost } from "./session-host.ts";
import { malformedWords, sourceProblem } from "./session-words.ts";
import { shownLine } from "./text.ts";
import { count } from "./values.ts";

interface Checked {
  readonly session: string;
  readonly harness: string;
  readonly verified: Verified;
  readonly against: Against | undefined;
  /** Its source was found, whether or not it could be read then. */
  readonly found: boolean;
}

export const sessionVerify = defineCommand({
  name: "session verify",
  summary: "Check mirrored sessions: counts, hashes, gaps, order, and against their sources",
  positionals: { id: { help: "the session, or how its id begins (default: all)", optional: true } },
  options: { tidy: { help: "remove parts that no manifest has named for a day" } },
  exits: { malformed: "something is not as the manifest says" },
  examples: ["tracecraft session verify 5c1d", "tracecraft session verify --tidy"],
  needs: "project",

  async run(context, { id, tidy }) {
    const { project, signal } = context;
    const { sessions, problems } =
      id === undefined ? await listSessions(project) : { sessions: [undefined], problems: [] };
    const redactor = await loadRedactor(context);
    const host = sessionHost(context);
    const here = sourcesHere(host);
    const checked: Checked[] = [];
    for (const one of sessions) {
      if (signal.aborted)
        throw new TracecraftError("interrupted", "Interrupted", { hint: "tracecraft session verify" });
      const found =
        one === undefined
          ? await findSession(project, id!, "verify")
          : await sessionNamed(project, one.harness, one.session);
      if (!found) continue; // Gone since it was listed.
      const verified = await verifySession(project, found, tidy);
      const source = verified.faults.length === 0 ? await here.of(found.record) : undefined;
      const against = await againstSource(source, (chosen) =>
        compareWithSource(project, found, { ...chosen, host, redactor }),
      );
      const { harness, session_id: session } = found.record;
      const isFound = source !== undefined && "session" in source;
      checked.push({ session, harness, verified, against, found: isFound });
    }
    const unread = checked.filter(({ against }) => against?.as === "unreadable");
    const told = [...new Set([...unread.flatMap(unreadOf), ...here.problems()])];
    // As in mirroring: what was found and cannot be read has its status; what cannot be looked into is a warning.
    const failed = unread.filter((one) => one.found || id !== undefined).flatMap(unreadOf)[0];
    const bad = checked.filter((one) => faultsOf(one).length > 0);
    const error = bad.length > 0 ? doubt(bad, checked.length) : failed;
    const besides = told.filter((one) => one !== error).map(({ message }) => message);
    return {
      data: { sessions: checked.map(checkedJson), problems: [...problems, ...told.map(sourceProblem)] },
      text: [...checked.flatMap(linesOf), ...(checked.length === 0 ? ["(no sessions)"] : [])].join("\n"),
      ...(error && { error }),
      warnings: [...problems.map(malformedWords), ...besides],
    };
  },
});

const unreadOf = ({ against }: Checked): TracecraftError[] =>
  against?.as === "unreadable" ? [against.error] : [];

async function againstSource(
  here: Here,
  compare: (source: Chosen) => Promise<Against>,
): Promise<Against | undefined> {
  if (here === undefined) return undefined;
  return "unread" in here ? { as: "unreadable", error: here.unread } : await compare(here);
}

function faultsOf({ verified, against }: Checked): string[] {
  if (against?.as !== "differs") return [...verified.faults];
  return [...verified.faults, `record ${against.record} differs from the source`];
}

function linesOf(one: Checked): string[] {
  const faults = faultsOf(one);
  if (faults.length > 0) return faults.map((why) => `bad  ${one.session}  ${shownLine(why)}`);
  const { parts, records, attachments, orphans, removed } = one.verified;
  const words = [
    count(parts, "part"),
    count(records, "record"),
    "no gap",
    ...(attachments > 0 ? [count(attachments, "attachment")] : []),
    againstWords(one.against),
    ...(orphans > removed ? [`${count(orphans - removed, "unnamed part")}`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ];
  return [`ok  ${one.session}  ${words.join(", ")}`];
}

function againstWords(against: Against | undefined): string {
  if (against === undefined) return "its source is not here";
  if (against.as === "unreadable") return "its source could not be read";
  if (against.as === "equal") return "equal to the source after redaction";
  if (against.as === "behind") return `${count(against.records, "record")} behind the source`;
  return against.as === "gone" ? "its source is gone" : "its source was rewritten since";
}

function doubt(bad: readonly Checked[], all: number): TracecraftError {
  const [first] = bad;
  const { session, verified } = first!;
  const details = { sessions: bad.map((one) => ({ session: one.session, faults: faultsOf(one) })) };
  if (all > 1) {
    const named = bad.slice(0, 3).map((one) => one.session);
    return new TracecraftError("malformed", `Cannot vouch for ${bad.length} of ${all} sessions`, {
      cause: named.join(", ") + (bad.length > 3 ? ", …" : ""),
      details,
    });
  }
  const what =
    verified.badParts > 0
      ? `${verified.badParts} of ${verified.parts} parts is not what the manifest says`
      : faultsOf(first!)[0];
  return new TracecraftError("malformed", `Cannot vouch for "${session}": ${what}`, { details });
}

function checkedJson(one: Checked) {
  const { parts, records, attachments, orphans, removed } = one.verified;
  const faults = faultsOf(one);
  return {
    harness: one.harness,
    session: one.session,
    ok: faults.length === 0,
    parts,
    records,
    attachments,
    faults,
    source: one.against?.as ?? null,
    ...(one.against?.as === "behind" && { behind: one.against.records }),
    unnamed: orphans - removed,
    removed,
  };
}
