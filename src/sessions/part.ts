import { createHash } from "node:crypto";
import type { Redactor } from "../redact/redact.ts";
import { recordPieces } from "../redact/torn.ts";
import type { Batch, Cursor } from "../harness/harness.ts";
import type { Source } from "../store/store.ts";

/** How a session is cut. */
export interface Sizes {
  /** A part holds whole lines up to this many bytes; a longer line is a part by itself. */
  readonly partBytes: number;
  /** About how much of the source is read at a time. A part ends where a batch ends. */
  readonly batchBytes: number;
  /** Past this many parts of a generation … */
  readonly parts: number;
  /** … this many neighbours become one, … */
  readonly merged: number;
  /** … unless that would be larger. */
  readonly mergedBytes: number;
}

export const usualSizes: Sizes = {
  partBytes: 8 * 1024 * 1024,
  batchBytes: 512 * 1024,
  parts: 64,
  merged: 8,
  mergedBytes: 512 * 1024 * 1024,
};

/** Lines that are to become one part, redacted, and the cursor after them. */
export interface Part {
  readonly body: Source;
  readonly sourceBytes: number;
  readonly records: number;
  readonly redactions: Readonly<Record<string, number>>;
  readonly malformed: number;
  readonly oversize: number;
  readonly cursor: Cursor;
  /** It is the first of a generation, and why that began. */
  readonly began: string | undefined;
}

export interface Redacted {
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  readonly sourceBytes: number;
  readonly redactions: Readonly<Record<string, number>>;
  readonly batch: Batch;
}

const lineFeed = Uint8Array.of(0x0a);

/** Takes the secrets out of every record of a batch, each as a whole. Without a redactor the records stay as they are. */
export function redactBatch(batch: Batch, redactor: Pick<Redactor, "pieces"> | undefined): Redacted {
  const chunks: Uint8Array[] = [];
  const redactions: Record<string, number> = {};
  let bytes = 0;
  let sourceBytes = 0;
  for (const record of batch.records) {
    const clean = redactor === undefined ? { pieces: [record], counts: {} } : recordPieces(redactor, record);
    for (const [rule, times] of Object.entries(clean.counts))
      redactions[rule] = (redactions[rule] ?? 0) + times;
    for (const piece of clean.pieces) bytes += piece.length;
    chunks.push(...clean.pieces, lineFeed);
    bytes++;
    sourceBytes += record.length + 1;
  }
  return { chunks, bytes, sourceBytes, redactions, batch };
}

/** Collects batches until they are a part. A cursor stands only at the end of a batch, so a part ends there too. */
export function partBuilder({ partBytes }: Pick<Sizes, "partBytes"> = usualSizes) {
  let chunks: Uint8Array[] = [];
  let hash = createHash("sha256");
  let size = 0;
  let sums = { sourceBytes: 0, records: 0, malformed: 0, oversize: 0 };
  let redactions: Record<string, number> = {};
  let cursor: Cursor = {};

  return {
    get records(): number {
      return sums.records;
    },
    get sourceBytes(): number {
      return sums.sourceBytes;
    },
    /** Whether these lines belong to the next part. */
    isFullFor: ({ bytes }: Redacted): boolean => size > 0 && size + bytes > partBytes,

    add(redacted: Redacted): void {
      const { batch } = redacted;
      ({ cursor } = batch);
      if (batch.records.length === 0) return;
      const joined = redacted.bytes > partBytes ? redacted.chunks : [Buffer.concat(redacted.chunks)];
      for (const chunk of joined) hash.update(chunk);
      chunks.push(...joined);
      size += redacted.bytes;
      sums = {
        sourceBytes: sums.sourceBytes + redacted.sourceBytes,
        records: sums.records + batch.records.length,
        malformed: sums.malformed + batch.malformed,
        oversize: sums.oversize + batch.oversize,
      };
      for (const [rule, times] of Object.entries(redacted.redactions))
        redactions[rule] = (redactions[rule] ?? 0) + times;
    },

    /** What was collected, as a part; the builder is empty then. */
    take(began: string | undefined): Part {
      const held = chunks;
      const body: Source = {
        size,
        sha256: hash.digest("hex"),
        async *open() {
          yield* held;
        },
      };
      const part = { body, ...sums, redactions, cursor, began };
      [chunks, hash, size, redactions] = [[], createHash("sha256"), 0, {}];
      sums = { sourceBytes: 0, records: 0, malformed: 0, oversize: 0 };
      return part;
    },
  };
}
