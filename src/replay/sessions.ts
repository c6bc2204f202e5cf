import { open, type FileHandle } from "node:fs/promises";
import type { Project } from "../coord/project.ts";
import { asTracecraftError } from "../errors.ts";
import { listedSessions } from "../sessions/catalogue.ts";
import { findManifest } from "../sessions/manifest.ts";
import { partsOf, type Manifest } from "../sessions/manifest-record.ts";
import type { Found } from "../coord/update.ts";
import type { Bodies } from "./bodies.ts";
import { diskTrouble } from "./disk.ts";
import type { LaneSession } from "./lanes.ts";
import type { Share } from "./merge.ts";
import type { Offsets } from "./offsets.ts";
import type { Extent, Readings } from "./readings.ts";
import type { Redactor } from "../redact/redact.ts";
import { previewBytesOf, rowBytes, timeOf } from "./rows.ts";
import type { Names } from "./transcript.ts";

const manifestsAtOnce = 32;
const rowsAtOnce = 16 * 1024;

/** A session whose events are in the files of rows and previews. */
export interface ReadSession extends LaneSession {
  readonly share: Share;
}

export interface SessionsOptions {
  readonly readings: Readings;
  /** Manifests by key, as they were read before: those that are not read anew, and after that those of now. */
  readonly manifests: Map<string, Found<Manifest>>;
  readonly redactor: Redactor;
  readonly bodies: Bodies | undefined;
  readonly tools: Names;
  readonly models: Names;
  readonly since: number;
  readonly until: number;
  readonly latest: number;
  readonly wanted: (agent: string) => boolean;
  /** By agent. */
  readonly offsets: ReadonlyMap<string, Offsets>;
  readonly redacted: (counts: Readonly<Record<string, number>>) => void;
  /** The agent of every mirrored session, wanted or not. */
  readonly acted: (agent: string) => void;
  /** Every minute in which an agent's transcripts have something. */
  readonly heard: (agent: string, at: number) => void;
  readonly note: (what: string) => void;
  /** Lines of a session that were there before: shown once. */
  readonly repeated: (lines: number) => void;
  /** Where the temporary files are, for the words about a full disk. */
  readonly place: string;
  readonly progress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Reads the current generation of each mirrored session, one after the other, into files of rows and previews, where it
 * is not there from the last time. One that cannot be read is noted and hides no other; those without an event in the
 * time that was asked for are left out.
 */
export async function readSessions(project: Project, options: SessionsOptions): Promise<ReadSession[]> {
  const all = await readManifests(project, options);
  for (const { record } of all) options.acted(agentOf(record));
  const manifests = all.filter(({ record }) => options.wanted(agentOf(record)));
  const total = manifests.reduce((sum, { record }) => sum + bytesOf(record), 0);
  const read: ReadSession[] = [];
  let done = 0;
  try {
    for (const found of manifests) {
      options.signal.throwIfAborted();
      const counted = (bytes: number) => options.progress((done += bytes), total);
      try {
        read.push(...(await readSession(project, found, options, counted)));
      } catch (error) {
        const { code, message } = asTracecraftError(error);
        if (code !== "malformed") throw error;
        options.note(`${found.record.harness}/${found.record.session_id}: ${message}`);
      }
    }
    await options.readings.settle();
    return read;
  } catch (error) {
    throw diskTrouble(error, options.place);
  }
}

async function readManifests(
  project: Project,
  { manifests, note }: Pick<SessionsOptions, "manifests" | "note">,
): Promise<Found<Manifest>[]> {
  const listed = await listedSessions(project);
  const found: (readonly [key: string, Found<Manifest>])[] = [];
  for (let start = 0; start < listed.length; start += manifestsAtOnce) {
    const some = listed
      .slice(start, start + manifestsAtOnce)
      .map(async ({ key, version, harness, session }) => {
        const known = manifests.get(key);
        if (known?.version === version) return [key, known] as const;
        try {
          return [key, await findManifest(project, harness, session)] as const;
        } catch (error) {
          if (asTracecraftError(error).code !== "malformed") throw error;
          note(`${key} is malformed`);
          return [key, undefined] as const;
        }
      });
    for (const [key, one] of await Promise.all(some)) if (one) found.push([key, one]);
  }
  manifests.clear();
  for (const [key, one] of found) manifests.set(key, one);
  return [...manifests.values()];
}

/** A session, and behind it those of its sub-agents that its own file tells of. */
async function readSession(
  project: Project,
  found: Found<Manifest>,
  options: SessionsOptions,
  counted: (bytes: number) => void,
): Promise<ReadSession[]> {
  const { record: manifest } = found;
  const agent = agentOf(manifest);
  const { extents, redacted, repeated } = await options.readings.of(project, found, {
    ...options,
    begin: beginOf(manifest),
    offsets: options.offsets.get(agent) ?? [],
    counted,
  });
  options.redacted(redacted);
  options.repeated(repeated);
  const { harness, session_id: session, parent = null, title } = manifest;
  const read: ReadSession[] = [];
  for (const extent of extents) {
    const { subAgent: name } = extent;
    const named =
      name === undefined
        ? { session, parent: parent ?? undefined, title: title ? shortened(title, 80) : undefined }
        : {
            session: `${session}.agent-${shortened(name, 200)}`,
            parent: session,
            title: shortened(name, 12),
          };
    const share = await shareOf(extent, agent, options);
    if (share) read.push({ harness, ...named, agent, ...share });
  }
  return read;
}

function shortened(text: string, most: number): string {
  return text.slice(0, most).toWellFormed();
}

/** The rows that are of the time that was asked for; undefined where there are none. */
async function shareOf(extent: Extent, agent: string, options: SessionsOptions) {
  const { stored, row, preview, rows } = extent;
  const file = await open(stored.rows, "r");
  try {
    const { skipped, nth, count, from, to } = await within(file, row, rows, agent, options);
    if (count === 0) return undefined;
    const share: Share = { stored, row: row + nth * rowBytes, preview: preview + skipped, nth, count };
    return { count, from, to, share };
  } finally {
    await file.close();
  }
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
