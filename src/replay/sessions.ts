import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Project } from "../coord/project.ts";
import { asTracecraftError } from "../errors.ts";
import { harnessNamed } from "../harness/all.ts";
import type { Redactor } from "../redact/redact.ts";
import { listedSessions } from "../sessions/catalogue.ts";
import { contentOf, linesOf } from "../sessions/content.ts";
import { findManifest } from "../sessions/manifest.ts";
import { partsOf, type Manifest } from "../sessions/manifest-record.ts";
import type { Found } from "../coord/update.ts";
import type { Bodies } from "./bodies.ts";
import { appender, type Appender, diskTrouble, writeWhole } from "./disk.ts";
import type { LaneSession } from "./lanes.ts";
import type { Share, Stored } from "./merge.ts";
import { previewBytesOf, rowBytes, rowsInto, timeOf } from "./rows.ts";
import { subAgentsAt } from "./sub-agents.ts";
import { readTranscript, type Names } from "./transcript.ts";

/** A longer line is told by its length. */
const lineLimit = 16 * 1024 * 1024;
const manifestsAtOnce = 32;
const rowsAtOnce = 16 * 1024;
const previewsHeld = 256 * 1024;

/** A session whose events are in the files of rows and previews. */
export interface ReadSession extends LaneSession {
  readonly share: Share;
}

export interface SessionsOptions {
  readonly stored: Stored;
  readonly redactor: Redactor;
  readonly bodies: Bodies | undefined;
  readonly tools: Names;
  readonly models: Names;
  readonly since: number;
  readonly until: number;
  readonly latest: number;
  readonly wanted: (agent: string) => boolean;
  readonly addMs: (agent: string, said: number) => number;
  readonly redacted: (counts: Readonly<Record<string, number>>) => void;
  /** The agent of every mirrored session, wanted or not. */
  readonly acted: (agent: string) => void;
  /** Every minute in which an agent's transcripts have something. */
  readonly heard: (agent: string, at: number) => void;
  readonly note: (what: string) => void;
  /** Lines of a session that were there before: shown once. */
  readonly repeated: (lines: number) => void;
  readonly progress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Reads the current generation of each mirrored session, one after the other, into files of rows and previews. One that
 * cannot be read is noted and hides no other; those without an event in the time that was asked for are left out.
 */
export async function readSessions(project: Project, options: SessionsOptions): Promise<ReadSession[]> {
  const all = await readManifests(project, options.note);
  for (const { record } of all) options.acted(agentOf(record));
  const manifests = all.filter(({ record }) => options.wanted(agentOf(record)));
  const total = manifests.reduce((sum, { record }) => sum + bytesOf(record), 0);
  const [rows, previews] = await Promise.all([
    open(options.stored.rows, "w+"),
    open(options.stored.previews, "w"),
  ]);
  const files: Files = { rows, rowsEnd: 0, previews: appender(previews, previewsHeld) };
  const read: ReadSession[] = [];
  let done = 0;
  try {
    for (const found of manifests) {
      options.signal.throwIfAborted();
      const counted = (bytes: number) => options.progress((done += bytes), total);
      try {
        read.push(...(await readSession(project, found, files, options, counted)));
      } catch (error) {
        const { code, message } = asTracecraftError(error);
        if (code !== "malformed") throw diskTrouble(error, dirname(options.stored.rows));
        options.note(`${found.record.harness}/${found.record.session_id}: ${message}`);
      }
    }
    await files.previews.flush();
  } finally {
    await Promise.all([rows.close(), previews.close()]);
  }
  return read;
}

async function readManifests(project: Project, note: (what: string) => void): Promise<Found<Manifest>[]> {
  const listed = await listedSessions(project);
  const found: Found<Manifest>[] = [];
  for (let start = 0; start < listed.length; start += manifestsAtOnce) {
    const some = listed.slice(start, start + manifestsAtOnce).map(async ({ key, harness, session }) => {
      try {
        return await findManifest(project, harness, session);
      } catch (error) {
        if (asTracecraftError(error).code !== "malformed") throw error;
        note(`${key} is malformed`);
        return undefined;
      }
    });
    found.push(...(await Promise.all(some)).filter((one) => one !== undefined));
  }
  return found;
}

interface Files {
  readonly rows: FileHandle;
  /** Where the next session's rows begin. */
  rowsEnd: number;
  readonly previews: Appender;
}

/** A session, and behind it those of its sub-agents that its own file tells of. */
async function readSession(
  project: Project,
  found: Found<Manifest>,
  files: Files,
  options: SessionsOptions,
  counted: (bytes: number) => void,
): Promise<ReadSession[]> {
  const { record: manifest } = found;
  const agent = agentOf(manifest);
  const preview = files.previews.size();
  const rows = rowsInto(files.rows.fd, files.rowsEnd);
  const subAgents = subAgentsAt(`${options.stored.rows}.sub`);
  try {
    const repeated = await readTranscript(
      linesOf(countedChunks(contentOf(project, found), counted, options.signal), lineLimit),
      {
        ...options,
        rows,
        // In the file of a sub-agent every line names it.
        ...(manifest.parent ? {} : { subAgent: subAgents.sinkOf }),
        harness: harnessNamed(manifest.harness),
        addMs: (said) => options.addMs(agent, said),
        begin: beginOf(manifest),
        preview: (bytes) => files.previews.add(bytes),
      },
    );
    options.repeated(repeated);
    const { harness, session_id: session, title } = manifest;
    const whole = await shared(files, preview, rows.count(), agent, options, {
      harness,
      session,
      parent: manifest.parent ?? undefined,
      title: title ? title.slice(0, 80).toWellFormed() : undefined,
    });
    const read = whole ? [whole] : [];
    await subAgents.each(async (name, count, copy) => {
      const from = files.previews.size();
      let end = files.rowsEnd;
      await copy.rows(async (bytes) => {
        await writeWhole(files.rows, bytes, end);
        end += bytes.length;
      });
      await copy.previews((bytes) => files.previews.add(bytes));
      const id = `${session}.agent-${name.slice(0, 200).toWellFormed()}`;
      const sub = { harness, session: id, parent: session, title: name.slice(0, 12).toWellFormed() };
      const one = await shared(files, from, count, agent, options, sub);
      if (one) read.push(one);
    });
    return read;
  } finally {
    await subAgents.close();
  }
}

/** The session whose rows were written to the end of the file; undefined where none is of the time that was asked for. */
async function shared(
  files: Files,
  preview: number,
  rows: number,
  agent: string,
  options: SessionsOptions,
  named: Pick<LaneSession, "harness" | "session" | "parent" | "title">,
): Promise<ReadSession | undefined> {
  const row = files.rowsEnd;
  files.rowsEnd += rows * rowBytes;
  const { skipped, nth, count, from, to } = await within(files.rows, row, rows, agent, options);
  if (count === 0) return undefined;
  const share = { row: row + nth * rowBytes, preview: preview + skipped, nth, count };
  return { ...named, agent, count, from, to, share };
}

/** Which of the rows are of the time that was asked for: they follow each other, because time never goes back. */
async function within(
  file: FileHandle,
  start: number,
  all: number,
  agent: string,
  { since, until, heard }: SessionsOptions,
) {
  const found = { skipped: 0, nth: 0, count: 0, from: 0, to: 0 };
  let minute = -1;
  const piece = Buffer.alloc(Math.min(all, rowsAtOnce) * rowBytes);
  for (let done = 0; done < all; done += rowsAtOnce) {
    const bytes = Math.min(all - done, rowsAtOnce) * rowBytes;
    const { bytesRead } = await file.read(piece, 0, bytes, start + done * rowBytes);
    if (bytesRead < bytes) throw new Error("a temporary file of the page was cut");
    for (let at = 0; at < bytes; at += rowBytes) {
      const time = timeOf(piece, at);
      if (Math.floor(time / 60_000) !== minute) heard(agent, time);
      minute = Math.floor(time / 60_000);
      if (time < since) {
        found.nth++;
        found.skipped += previewBytesOf(piece, at);
      } else if (time <= until) {
        if (found.count++ === 0) found.from = time;
        found.to = time;
      }
    }
  }
  return found;
}

async function* countedChunks(
  chunks: AsyncIterable<Uint8Array>,
  counted: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    counted(chunk.length);
    yield chunk;
  }
}

function agentOf({ agent_id: agent }: Manifest): string {
  return agent ? agent.slice(0, 200).toWellFormed() : "?";
}

function bytesOf(manifest: Manifest): number {
  return partsOf(manifest).reduce((sum, { uploaded_bytes: bytes }) => sum + bytes, 0);
}

function beginOf({ started_at: started, last_uploaded_at: uploaded }: Manifest): number {
  const at = [started, uploaded].map((text) => Date.parse(text ?? "")).find(Number.isFinite);
  return at ?? 0;
}
