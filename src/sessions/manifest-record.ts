import * as v from "valibot";
import { readRecord } from "../format/records.ts";

/** A manifest is read up to this many bytes, and written up to as many. */
export const manifestLimit = 16 * 1024 * 1024;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const counts = v.record(v.string(), count);

/** A part that counts. Those of format 1 have no `generation`, `first` and `count`. */
const part = v.looseObject({
  seq: count,
  uuid: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
  /** Bytes of the source, as format 1 counts them: from the end of the part before. */
  cursor_range: v.optional(v.tuple([count, count])),
  source_bytes: count,
  uploaded_bytes: count,
  redactions: v.optional(counts, {}),
  uploaded_at: v.optional(v.string()),
  generation: v.optional(count),
  /** The index of its first record within the generation. */
  first: v.optional(count),
  count: v.optional(count),
  sha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  /** The names of the parts that became this one. */
  merged: v.optional(v.array(v.string())),
});

const attachment = v.looseObject({
  name: v.string(),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  size: count,
  redactions: v.optional(counts, {}),
});

const generation = v.looseObject({ generation: count, began: v.string(), at: v.string() });

/** `sessions/<harness>/<session>/meta.json`: the fields of format 1, and ours. It is the commit point of a mirror. */
export const manifestRecord = v.looseObject({
  harness: v.string(),
  session_id: v.string(),
  source_path: v.nullish(v.string()),
  cwd: v.nullish(v.string()),
  agent_id: v.nullish(v.string()),
  started_at: v.nullish(v.string()),
  last_uploaded_at: v.nullish(v.string()),
  ended_at: v.nullish(v.string()),
  total_source_bytes: v.optional(count, 0),
  total_uploaded_bytes: v.optional(count, 0),
  redaction_counts: v.optional(counts, {}),
  parts: v.array(part),
  /** Ours alone. A manifest without it was rewritten by the published mirror. */
  cursor: v.optional(v.looseObject({})),
  generation: v.optional(count),
  generations: v.optional(v.array(generation)),
  records: v.optional(count),
  malformed: v.optional(count),
  oversize: v.optional(count),
  attachments: v.optional(v.array(attachment), []),
  parent: v.nullish(v.string()),
  title: v.nullish(v.string()),
  harness_version: v.nullish(v.string()),
  redacted: v.optional(v.boolean()),
  nonce: v.optional(v.string()),
});

export type Manifest = v.InferOutput<typeof manifestRecord>;
export type PartEntry = v.InferOutput<typeof part>;
export type AttachmentEntry = v.InferOutput<typeof attachment>;

export function readManifest(key: string, body: Uint8Array): Manifest {
  return readRecord(manifestRecord, key, body);
}

/** Whether our mirror wrote it last: only then is its cursor the end of its parts. */
export function isOurs(manifest: Manifest): boolean {
  return manifest.cursor !== undefined && manifest.generation !== undefined;
}

/** The parts of the generation that is current, in order. All of them, where format 1 wrote the manifest. */
export function currentParts({ parts, generation }: Manifest): readonly PartEntry[] {
  return generation === undefined ? parts : parts.filter((entry) => entry.generation === generation);
}

/** As it appears in `part-NNNNN-<id8>`. */
export function partName({ seq, uuid }: PartEntry): string {
  return `part-${String(seq).padStart(5, "0")}-${uuid}`;
}
