import * as v from "valibot";
import { readRecord } from "../format/records.ts";

/** A manifest is read up to this many bytes, and written up to as many. */
export const manifestLimit = 16 * 1024 * 1024;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ruleCounts = v.record(v.string(), count);

/** A part that counts. Those of format 1 have no `generation`, `first` and `count`. */
const part = v.looseObject({
  seq: count,
  uuid: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
  /** Bytes of the source, as format 1 counts them: from the end of the part before. */
  cursor_range: v.optional(v.tuple([count, count])),
  source_bytes: count,
  uploaded_bytes: count,
  redactions: v.optional(ruleCounts, {}),
  uploaded_at: v.optional(v.string()),
  generation: v.optional(count),
  /** The index of its first record within the generation. */
  first: v.optional(count),
  count: v.optional(count),
  sha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  /** The names of the parts that became this one. */
  merged: v.optional(v.array(v.string())),
  /** False: uploaded as it was, because the user said so. */
  redacted: v.optional(v.boolean()),
});

const attachment = v.looseObject({
  name: v.string(),
  /** Of the object, redacted; it is also its key. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  size: count,
  redactions: v.optional(ruleCounts, {}),
});

const beginning = v.looseObject({ generation: count, began: v.string(), at: v.string() });

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
  redaction_counts: v.optional(ruleCounts, {}),
  parts: v.array(part),
  /** Ours alone. A manifest without it was rewritten by the published mirror. */
  cursor: v.optional(v.looseObject({})),
  generation: v.optional(count),
  generations: v.optional(v.array(beginning)),
  /** Of the generation that is current. */
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

/** A manifest out of local state, which an older version of the program may have written. */
export function manifestIn(value: unknown): Manifest | undefined {
  const parsed = v.safeParse(manifestRecord, value);
  return parsed.success ? parsed.output : undefined;
}

/** Whether our mirror wrote it last: only then is its cursor the end of its parts. */
export function isOurs(manifest: Manifest): boolean {
  return manifest.cursor !== undefined && manifest.generation !== undefined;
}

/** The parts of one generation, the current one unless said otherwise, in order. All, where format 1 wrote the manifest. */
export function partsOf({ parts, generation }: Manifest, wanted = generation): readonly PartEntry[] {
  return wanted === undefined ? parts : parts.filter((entry) => entry.generation === wanted);
}

/** How much of the source the current generation has, in bytes of whole lines. */
export function sourceEnd(manifest: Manifest): number {
  return partsOf(manifest).reduce((sum, { source_bytes: bytes }) => sum + bytes, 0);
}

export function nameOfPart({ seq, uuid }: PartEntry): string {
  return partName(seq, uuid);
}

/** As it appears in `part-NNNNN-<id8>`. */
export function partName(seq: number, uuid: string): string {
  return `part-${String(seq).padStart(5, "0")}-${uuid}`;
}

/** How often each rule took something out, of several parts. */
export function sumCounts(all: Iterable<Readonly<Record<string, number>>>): Record<string, number> {
  const sum = new Map<string, number>();
  for (const counts of all) {
    for (const [rule, times] of Object.entries(counts)) sum.set(rule, (sum.get(rule) ?? 0) + times);
  }
  return Object.fromEntries(sum);
}
