import { open, type FileHandle } from "node:fs/promises";
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
import type { LaneSession } from "./lanes.ts";
import type { Share, Stored } from "./merge.ts";
import { rowBytes, timeOf } from "./rows.ts";
import { readTranscript, type Names } from "./transcript.ts";

/** A longer line is told by its length. */
const lineLimit = 16 * 1024 * 1024;
const manifestsAtOnce = 32;

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
  const manifests = (await readManifests(project, options.note)).filter(({ record }) =>
    options.wanted(agentOf(record)),
  );
  const total = manifests.reduce((sum, { record }) => sum + bytesOf(record), 0);
  const [rows, previews] = await Promise.all([
    open(options.stored.rows, "w"),
    open(options.stored.previews, "w"),
  ]);
  const files = { rows: appender(rows), previews: appender(previews) };
  const read: ReadSession[] = [];
  let done = 0;
  try {
    for (const found of manifests) {
      options.signal.throwIfAborted();
      const counted = (bytes: number) => options.progress((done += bytes), total);
      try {
        const session = await readSession(project, found, files, options, counted);
        if (session) read.push(session);
      } catch (error) {
        const { code, message } = asTracecraftError(error);
        if (code !== "malformed") throw error;
        options.note(`${found.record.harness}/${found.record.session_id}: ${message}`);
      }
    }
    await Promise.all([files.rows.flush(), files.previews.flush()]);
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

type Appender = ReturnType<typeof appender>;

async function readSession(
  project: Project,
  found: Found<Manifest>,
  files: { readonly rows: Appender; readonly previews: Appender },
  options: SessionsOptions,
  counted: (bytes: number) => void,
): Promise<ReadSession | undefined> {
  const { record: manifest } = found;
  const agent = agentOf(manifest);
  const preview = files.previews.size();
  const { rows, repeated } = await readTranscript(
    linesOf(countedChunks(contentOf(project, found), counted, options.signal), lineLimit),
    {
      ...options,
      harness: harnessNamed(manifest.harness),
      addMs: (said) => options.addMs(agent, said),
      begin: beginOf(manifest),
      preview: (bytes) => files.previews.add(bytes),
    },
  );
  options.repeated(repeated);
  const { buffer, byteOffset, length } = rows.bytes();
  const bytes = Buffer.from(buffer, byteOffset, length);
  let minute = -1;
  for (let at = 0; at < bytes.length; at += rowBytes) {
    const now = Math.floor(timeOf(bytes, at) / 60_000);
    if (now !== minute) options.heard(agent, timeOf(bytes, at));
    minute = now;
  }
  const share = await keep(bytes, preview, files.rows, options);
  if (share.count === 0) return undefined;
  const first = bytes.readDoubleLE(share.nth * rowBytes);
  const last = bytes.readDoubleLE((share.nth + share.count - 1) * rowBytes);
  return {
    harness: manifest.harness,
    session: manifest.session_id,
    agent,
    parent: manifest.parent ?? undefined,
    title: manifest.title ? manifest.title.slice(0, 80).toWellFormed() : undefined,
    count: share.count,
    from: first,
    to: last,
    share,
  };
}

/** Appends the rows of the time that was asked for: they follow each other, because time never goes back. */
async function keep(
  bytes: Buffer,
  preview: number,
  rows: Appender,
  { since, until }: SessionsOptions,
): Promise<Share> {
  const all = bytes.length / rowBytes;
  let nth = 0;
  let skipped = 0;
  while (nth < all && timeOf(bytes, nth * rowBytes) < since)
    skipped += bytes.readUInt32LE(nth++ * rowBytes + 56);
  let end = nth;
  while (end < all && timeOf(bytes, end * rowBytes) <= until) end++;
  const row = rows.size();
  await rows.add(bytes.subarray(nth * rowBytes, end * rowBytes));
  return { row, preview: preview + skipped, nth, count: end - nth };
}

/** Writes to the end of a file, in pieces. */
function appender(file: FileHandle) {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let size = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(held);
    [held, heldBytes] = [[], 0];
    if (bytes.length > 0) await file.write(bytes);
  };
  return {
    size: () => size,
    flush,
    async add(bytes: Uint8Array): Promise<void> {
      held.push(bytes);
      heldBytes += bytes.length;
      size += bytes.length;
      if (heldBytes > 256 * 1024) await flush();
    },
  };
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
