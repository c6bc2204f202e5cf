import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { asTracecraftError } from "../errors.ts";
import type { Harness } from "../harness/harness.ts";
import { listSessions, type Problem } from "./catalogue.ts";
import { contentOf, isTooLong, linesOf } from "./content.ts";
import { told } from "./event-text.ts";
import { findManifest } from "./manifest.ts";
import { partsOf, type Manifest, type PartEntry } from "./manifest-record.ts";
import { partChunks } from "./part-chunks.ts";
import type { ObjectCache } from "./part-cache.ts";
import type { Needle } from "./needle.ts";

/** A longer line is not looked into, and told. */
const lineLimit = 64 * 1024 * 1024;
/** Clocks of two machines may differ so much when parts are left out by their time. */
const clockMarginMs = 3_600_000;

export interface SearchOptions {
  readonly needle: Needle;
  readonly harnesses: readonly Harness[];
  readonly harness?: string | undefined;
  /** Who mirrored it, or wrote the message. */
  readonly agent?: string | undefined;
  /** ms since the epoch. */
  readonly since?: number | undefined;
  readonly cache: ObjectCache;
  readonly signal?: AbortSignal;
}

export interface SessionHit {
  readonly in: "session";
  readonly harness: string;
  readonly session: string;
  readonly agent: string;
  /** Counted from 0 in the current generation. */
  readonly record: number;
  readonly at: string | undefined;
  readonly kind: string;
  /** The place and some words around it. */
  readonly text: string;
}

/**
 * What fits in the current generation of each mirrored session, newest upload first. Streams: one piece of one part is
 * in memory, or one long line. A session that cannot be read is told to `problem` and hides no other.
 */
export async function* searchSessions(
  project: Project,
  options: SearchOptions,
  problem: (problem: Problem) => void,
): AsyncGenerator<SessionHit> {
  const { harness, agent, since } = options;
  const { sessions, problems } = await listSessions(project, harness);
  for (const one of problems) problem(one);
  for (const summary of sessions) {
    if (agent !== undefined && summary.agent !== agent) continue;
    if (since !== undefined && (summary.uploadedAt ?? Number.POSITIVE_INFINITY) < since - clockMarginMs)
      continue;
    const name = `${summary.harness}/${summary.session}`;
    try {
      const found = await findManifest(project, summary.harness, summary.session);
      if (found) yield* searchSession(project, found, options, (why) => problem({ key: name, why }));
    } catch (error) {
      const { code, message } = asTracecraftError(error);
      if (code !== "malformed") throw error;
      problem({ key: name, why: message });
    }
  }
}

async function* searchSession(
  project: Project,
  found: Found<Manifest>,
  options: SearchOptions,
  problem: (why: string) => void,
): AsyncGenerator<SessionHit> {
  const { needle, cache, since, signal } = options;
  const manifest = found.record;
  const harness = options.harnesses.find(({ name }) => name === manifest.harness);
  const memory = new Map<string, unknown>();
  const chunks = (now: Manifest, entry: PartEntry, from: number) =>
    cachedChunks(project, now, entry, from, cache);
  const skipped = since === undefined ? { bytes: 0, records: 0 } : olderThan(manifest, since - clockMarginMs);
  let record = skipped.records - 1;
  for await (const line of linesOf(contentOf(project, found, { chunks, from: skipped.bytes }), lineLimit)) {
    record++;
    if (signal?.aborted) return;
    if (isTooLong(line)) {
      problem(`record ${record} has ${line.tooLong} bytes and was not looked into`);
      continue;
    }
    if (!needle.mayBeIn(line)) continue;
    for (const { at, kind, text } of textsOf(harness, line, memory)) {
      if (since !== undefined && at !== undefined && Date.parse(at) < since) continue;
      const place = needle.find(text);
      if (place === undefined) continue;
      const { harness: name, session_id: session, agent_id: agent } = manifest;
      yield { in: "session", harness: name, session, agent: agent ?? "?", record, at, kind, text: place };
    }
  }
}

function textsOf(harness: Harness | undefined, line: Uint8Array, memory: Map<string, unknown>) {
  const events = (harness?.events(line, memory) ?? []).flatMap((event) => told(event) ?? []);
  if (events.length > 0) return events;
  // What no adapter understands is looked into as it is.
  return [{ at: undefined, kind: "line", text: Buffer.from(line).toString() }];
}

/** The parts at the beginning that were uploaded before: nothing in them is younger. */
function olderThan(manifest: Manifest, ms: number): { bytes: number; records: number } {
  let bytes = 0;
  let records = 0;
  for (const { uploaded_at: at, uploaded_bytes: size, count } of partsOf(manifest)) {
    if (!(Date.parse(at ?? "") < ms) || count === undefined) break;
    bytes += size;
    records += count;
  }
  return { bytes, records };
}

/** A part from the cache, else from the store; then it is kept. Large ones are streamed and not kept. */
async function* cachedChunks(
  project: Project,
  manifest: Manifest,
  entry: PartEntry,
  from: number,
  cache: ObjectCache,
): AsyncGenerator<Uint8Array> {
  const { sha256, uploaded_bytes: size } = entry;
  if (sha256 === undefined || size > 16 * 1024 * 1024 || from > 0) {
    yield* partChunks(project.store, manifest, entry, from);
    return;
  }
  const kept = await cache.read(sha256);
  if (kept?.length === size) {
    yield kept;
    return;
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of partChunks(project.store, manifest, entry)) {
    pieces.push(piece);
    yield piece;
  }
  await cache.keep(sha256, Buffer.concat(pieces));
}
