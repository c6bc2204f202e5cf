import type { Session } from "../harness/harness.ts";
import { sourceEnd, sumCounts } from "./manifest-record.ts";
import { isOurs, type AttachmentEntry, type Manifest, type PartEntry } from "./manifest-record.ts";

/** What a mirror knows of a session besides its lines, already redacted. */
export interface Described {
  readonly source_path: string | null;
  readonly cwd: string | null;
  readonly title: string | null;
  readonly parent: string | null;
  readonly harness_version: string | null;
}

export interface Beginning {
  readonly harness: string;
  readonly session: Pick<Session, "id">;
  readonly agent: string;
  /** As `formatTime` writes it. */
  readonly at: string;
}

/**
 * The manifest to go on from: the one that was found if it is ours; else a new one, which keeps what the published
 * mirror left in it, and in which our lines begin a generation of their own.
 */
export function beginManifest(
  found: Manifest | undefined,
  { harness, session, agent, at }: Beginning,
): Manifest {
  if (found && isOurs(found)) return found;
  const { cursor: _cursor, generation: _generation, ...kept } = found ?? {};
  return {
    schema_version: 1,
    ...kept,
    harness,
    session_id: session.id,
    agent_id: agent,
    started_at: found?.started_at ?? at,
    last_uploaded_at: found?.last_uploaded_at ?? null,
    ended_at: found?.ended_at ?? null,
    total_source_bytes: found?.total_source_bytes ?? 0,
    total_uploaded_bytes: found?.total_uploaded_bytes ?? 0,
    redaction_counts: found?.redaction_counts ?? {},
    parts: found?.parts ?? [],
    attachments: found?.attachments ?? [],
    generations: found?.generations ?? [],
    records: 0,
    malformed: found?.malformed ?? 0,
    oversize: found?.oversize ?? 0,
  };
}

/** The source began anew: older parts stay with their generation, and what follows has the next number. */
export function withGeneration(manifest: Manifest, began: string, at: string): Manifest {
  const numbers = [manifest, ...manifest.parts].flatMap(({ generation }) => generation ?? []);
  const generation = numbers.reduce((greatest, number) => Math.max(greatest, number), -1) + 1;
  const generations = [...(manifest.generations ?? []), { generation, began, at }];
  return { ...manifest, generation, generations, records: 0 };
}

/** The number that the next part has in its name: names sort in the order of the lines, for readers that only list. */
export function nextSeq({ parts }: Manifest): number {
  return parts.reduce((greatest, { seq }) => Math.max(greatest, seq), -1) + 1;
}

/** What a part adds to a manifest, of which the manifest itself says where it begins. */
export type Added = Pick<
  PartEntry,
  "uuid" | "source_bytes" | "uploaded_bytes" | "redactions" | "sha256" | "count" | "redacted"
> & { readonly uploaded_at: string; readonly malformed: number; readonly oversize: number };

export function withPart(manifest: Manifest, added: Added): Manifest {
  const { malformed, oversize, count = 0, ...fields } = added;
  const from = sourceEnd(manifest);
  const first = manifest.records ?? 0;
  const entry: PartEntry = {
    seq: nextSeq(manifest),
    ...fields,
    cursor_range: [from, from + added.source_bytes],
    generation: manifest.generation,
    first,
    count,
  };
  return {
    ...manifest,
    parts: [...manifest.parts, entry],
    records: first + count,
    last_uploaded_at: added.uploaded_at,
    total_source_bytes: manifest.total_source_bytes + added.source_bytes,
    total_uploaded_bytes: manifest.total_uploaded_bytes + added.uploaded_bytes,
    redaction_counts: sumCounts([manifest.redaction_counts, added.redactions]),
    malformed: (manifest.malformed ?? 0) + malformed,
    oversize: (manifest.oversize ?? 0) + oversize,
    ...(added.redacted === false && { redacted: false }),
  };
}

/** Attachments by name: a newer one takes the place of an older one of that name. */
export function withAttachments(manifest: Manifest, changed: readonly AttachmentEntry[]): Manifest {
  const news = changed.filter(
    ({ name, sha256 }) =>
      !manifest.attachments.some((entry) => entry.name === name && entry.sha256 === sha256),
  );
  if (news.length === 0) return manifest;
  const names = new Set(news.map(({ name }) => name));
  const kept = manifest.attachments.filter(({ name }) => !names.has(name));
  return {
    ...manifest,
    attachments: [...kept, ...news].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    redaction_counts: sumCounts([manifest.redaction_counts, ...news.map(({ redactions }) => redactions)]),
  };
}

/** With what is known of the session now. The same object if that changes nothing. */
export function withDescription(manifest: Manifest, described: Described, endedAt: string | null): Manifest {
  const known = Object.entries(described).filter(([, value]) => value !== null);
  const same = known.every(([name, value]) => manifest[name] === value);
  if (same && (manifest.ended_at ?? null) === endedAt) return manifest;
  return { ...manifest, ...Object.fromEntries(known), ended_at: endedAt };
}

/** One part in place of neighbours of one generation. */
export function withMerged(manifest: Manifest, run: readonly PartEntry[], merged: PartEntry): Manifest {
  const gone = new Set(run);
  const parts = manifest.parts.flatMap((entry) => {
    if (entry === run[0]) return [merged];
    return gone.has(entry) ? [] : [entry];
  });
  return { ...manifest, parts };
}
