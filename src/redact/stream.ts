import { type FindSecrets, mergeSpans } from "./engine.ts";
import { type Counts, countSpans } from "./mask.ts";
import type { Span } from "./search.ts";

const blockSize = 1024 * 1024;
/** What a block leaves to the next: the longest secret that is read as one, a private key. */
const overlap = 128 * 1024;
/** What a block sees of the one before: the name in front of a value, the edge in front of a token. */
const context = 4 * 1024;

/** Every secret in a record of any size. Only a block of it is a string at any time. */
export function findInBytes(find: FindSecrets, record: Uint8Array | string): Span[] {
  if (record.length <= blockSize + overlap) return findIn(find, record, 0, record.length);
  const spans: Span[] = [];
  for (let start = 0; start < record.length;) {
    const end = Math.min(record.length, start + blockSize + overlap);
    const cut = end === record.length ? end : end - overlap;
    const from = Math.max(0, start - context);
    const found = findIn(find, record, from, end).filter(
      (span) => span.end > start && (span.start < cut || end === record.length),
    );
    spans.push(...found.map((span) => (span.end === end ? { ...span, end: runEndIn(record, end) } : span)));
    start = Math.max(cut, spans.at(-1)?.end ?? 0);
  }
  return mergeSpans(spans);
}

function findIn(find: FindSecrets, record: Uint8Array | string, from: number, to: number): Span[] {
  if (typeof record === "string") return shifted(find(record.slice(from, to)), from);
  const bytes = record.subarray(from, to);
  return shifted(
    find(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"), bytes),
    from,
  );
}

function shifted(spans: readonly Span[], by: number): Span[] {
  return by === 0
    ? [...spans]
    : spans.map((span) => ({ ...span, start: span.start + by, end: span.end + by }));
}

/** The end of a secret that goes on behind its block: at the next blank, quote or backslash. */
function runEndIn(record: Uint8Array | string, at: number): number {
  let end = at;
  for (; end < record.length; end++) {
    const code = typeof record === "string" ? record.charCodeAt(end) : record[end]!;
    if (code <= 0x20 || code === 0x22 || code === 0x27 || code === 0x5c) break;
  }
  return end;
}

/** Counts secrets in a stream without keeping it. */
export interface Scanner {
  write(chunk: Uint8Array): void;
  /** The counts by rule over all chunks. Nothing may be written afterwards. */
  end(): Counts;
}

export function createScanner(find: FindSecrets): Scanner {
  let held = new Uint8Array(0);
  let seen = 0; // How much of `held` is context that was counted already.
  const spans: Span[] = [];

  function take(final: boolean): void {
    const cut = final ? held.length : held.length - overlap;
    const found = findIn(find, held, 0, held.length).filter(
      (span) => span.start >= seen && (final || span.start < cut),
    );
    spans.push(...found);
    const next = Math.min(held.length, Math.max(cut, found.at(-1)?.end ?? 0));
    const from = Math.max(0, next - context);
    held = held.slice(from);
    seen = next - from;
  }

  return {
    write(chunk) {
      for (let at = 0; at < chunk.length; at += blockSize) {
        const piece = chunk.subarray(at, at + blockSize);
        const joined = new Uint8Array(held.length + piece.length);
        joined.set(held);
        joined.set(piece, held.length);
        held = joined;
        if (held.length >= blockSize + overlap) take(false);
      }
    },
    end() {
      take(true);
      return countSpans(spans);
    },
  };
}
