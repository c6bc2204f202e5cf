import { lstat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import type { Found } from "../coord/update.ts";
import { TracecraftError } from "../errors.ts";
import { harnessNamed } from "../harness/all.ts";
import { findSession, listSessions, sessionNamed } from "../sessions/catalogue.ts";
import { generationOf } from "../sessions/content.ts";
import { partsOf, sumCounts, type Manifest } from "../sessions/manifest-record.ts";
import { sourcesHere, type SourcesHere } from "../sessions/source-here.ts";
import { nearestFolder, restoreSession, type Move, type Restored } from "../sessions/restore.ts";
import { defineCommand, type Context } from "./command.ts";
import { sessionHost } from "./session-host.ts";
import { shownLine } from "./text.ts";
import { transferProgress } from "./transfer.ts";
import { count, size } from "./values.ts";

export const sessionRestore = defineCommand({
  name: "session restore",
  summary: "Put a mirrored session back as files, redactions as they are",
  positionals: { id: { help: "the session, or how its id begins" } },
  options: {
    to: { placeholder: "DIR", help: "into this folder (default: the working directory)" },
    intoHarness: { help: "where its harness looks for it, to be resumed here" },
    cwd: { placeholder: "DIR", help: "with --into-harness: for this checkout" },
    generation: { placeholder: "N", help: "an older one, from before its source was rewritten" },
  },
  exits: {
    exists: "a file is there, or the harness has that session",
    not_found: "no such session",
    malformed: "its parts are not what the manifest says",
  },
  examples: ["tracecraft session restore 5c1d --to out", "tracecraft session restore 5c1d --into-harness"],
  needs: "project",

  async run(context, { id, to, intoHarness, cwd, generation }) {
    const { project, signal } = context;
    if (to !== undefined && intoHarness)
      throw new TracecraftError("usage", "Cannot restore: give one of --to and --into-harness");
    const found = await findSession(project, id, "restore");
    const { session_id: session, total_uploaded_bytes: total } = found.record;
    const checkout = resolve(context.cwd, cwd ?? ".");
    const move = intoHarness ? moveOf(found, checkout) : undefined;
    const target = intoHarness
      ? await harnessTarget(context, found, checkout)
      : folderTarget(context, session, to ?? ".");
    const here = sourcesHere(sessionHost(context));
    if (intoHarness) await refuseTwice(found, here, target.path);
    const wanted = generationOf(found, generation);
    const progress = transferProgress(context, "Restoring", session);
    const restored = await restoreAt(target, () =>
      restoreSession(project, found, {
        ...target,
        generation: wanted,
        move,
        signal,
        progress: (done) => progress(done, total),
      }),
    );
    const own = intoHarness ? await restoreOwn(context, found, here, checkout, move) : [];
    const counts = sumCounts([
      ...partsOf(found.record, wanted).map((part) => part.redactions ?? {}),
      ...found.record.attachments.map((file) => file.redactions ?? {}),
    ]);
    const redactions = Object.values(counts).reduce((sum, times) => sum + times, 0);
    const stay =
      redactions === 0 ? "" : `, ${count(redactions, "redaction")} ${redactions === 1 ? "stays" : "stay"}`;
    const files = restored.attachments === 0 ? "" : `, ${count(restored.attachments, "attachment")}`;
    const subAgents = own.length === 0 ? "" : `, ${count(own.length, "sub-agent")}`;
    return {
      data: {
        harness: found.record.harness,
        session,
        path: target.shown,
        bytes: restored.bytes,
        records: restored.records,
        attachments: restored.attachments,
        redactions: counts,
        ...(intoHarness && { sub_agents: own.length }),
      },
      text: `Restored ${session} -> ${shownLine(target.shown)}\n${size(restored.bytes)}, ${count(restored.records, "record")}${files}${subAgents}${stay}`,
      warnings: [...restored.warnings, ...own.flatMap(({ warnings }) => warnings)],
    };
  },
});

/** A harness offers a session where its lines say that it worked. */
function moveOf({ record }: Found<Manifest>, to: string): Move | undefined {
  const from = record.cwd ?? undefined;
  return from === undefined || from === to ? undefined : { from, to };
}

interface Target {
  readonly root: string;
  readonly path: string;
  readonly attachments: string;
  readonly shown: string;
  /** What is said when something is there. */
  readonly taken?: TracecraftError;
}

function folderTarget({ cwd }: Context, session: string, to: string): Target {
  const root = resolve(cwd, to);
  return {
    root,
    path: join(root, `${session}.jsonl`),
    attachments: join(root, session),
    shown: join(to, `${session}.jsonl`),
  };
}

/** A session's own attachments lie in the folder of its name, those of a sub-agent beside it. */
async function harnessTarget(context: Context, found: Found<Manifest>, cwd: string): Promise<Target> {
  const { harness, session_id: session, source_path: source, parent } = found.record;
  const hint = `tracecraft session restore ${session} --to out`;
  const file = basename(source ?? `${session}.jsonl`);
  const place = harnessNamed(harness)?.place;
  const path = place?.(sessionHost(context), { id: session, file, parent: parent ?? undefined }, cwd);
  if (path === undefined)
    throw new TracecraftError(
      "usage",
      `Cannot restore "${session}": ${harness} keeps no files that it could be`,
      { hint },
    );
  const attachments = parent ? dirname(path) : path.slice(0, path.length - extname(path).length);
  const taken = takenError(found.record);
  return { root: await nearestFolder(path), path, attachments, shown: path, taken };
}

/** Wherever the harness has it, packed, archived or of another checkout: two of one id are one too many for it. */
async function refuseTwice({ record }: Found<Manifest>, here: SourcesHere, wanted: string): Promise<void> {
  const there = await here.of(record);
  if (there === undefined) return;
  if ("unread" in there) throw takenError(record, there.unread.message);
  for (const path of there.session.paths) {
    if (await lstat(path).catch(() => undefined))
      throw takenError(record, path === wanted ? undefined : `it lies at ${path}`);
  }
}

function takenError({ harness, session_id: session }: Manifest, cause?: string): TracecraftError {
  return new TracecraftError("exists", `Cannot restore "${session}": ${harness} has that session here`, {
    cause,
    hint: `tracecraft session restore ${session} --to out`,
  });
}

/** Its sub-agents, and theirs, which the harness looks for beside it. One that is there already is left alone. */
async function restoreOwn(
  context: Context,
  { record: { harness, session_id: root } }: Found<Manifest>,
  here: SourcesHere,
  cwd: string,
  move: Move | undefined,
): Promise<Restored[]> {
  const { project, signal } = context;
  const { sessions } = await listSessions(project, harness);
  const restored: Restored[] = [];
  const family = new Set([root]); // It grows as it is gone through; what says that it is its own ancestor comes once.
  for (const one of family) {
    for (const { session } of sessions.filter(({ parent }) => parent === one)) {
      const found = family.has(session) ? undefined : await sessionNamed(project, harness, session);
      if (!found) continue;
      family.add(session);
      if (await here.of(found.record)) continue;
      const target = await harnessTarget(context, found, cwd);
      const generation = generationOf(found, undefined);
      try {
        restored.push(await restoreSession(project, found, { ...target, generation, move, signal }));
      } catch (error) {
        if (!(error instanceof TracecraftError) || error.code !== "exists") throw error;
      }
    }
  }
  return restored;
}

async function restoreAt<T>({ taken }: Target, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (taken && error instanceof TracecraftError && error.code === "exists") throw taken;
    throw error;
  }
}
