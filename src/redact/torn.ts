import { markerOf } from "./mask.ts";
import type { Redacted, Redactor } from "./redact.ts";

/** What is taken out of the end of a record that breaks off. */
export const tornRule = "torn_end";
/** A shorter word shows too little of a secret, and is what JSON itself is made of. */
const leastBytes = 8;
const longestMarker = 120;
const marker = Buffer.from(markerOf(tornRule));
const [quote, braceOpen, braceClose] = [0x22, 0x7b, 0x7d];

/**
 * A line of a transcript without its secrets, as stretches. One that begins as an object and does not end as one was
 * torn, and its last word may be the first half of a secret, in which no rule sees one: it goes, whatever it is, with
 * what was taken out of it before. That depends on the bytes of the line alone, and a second pass changes nothing.
 */
export function recordPieces(
  redactor: Pick<Redactor, "pieces">,
  record: Uint8Array,
): Redacted & { readonly pieces: readonly Uint8Array[] } {
  const clean = redactor.pieces(record);
  if (record.find((byte) => byte > 0x20) !== braceOpen) return clean;
  const { pieces } = clean;
  const last = lastByte(pieces, pieces.length - 1, Infinity, (byte) => byte > 0x20);
  if (last === undefined || pieces[last.piece]![last.at] === braceClose) return clean;
  const before = lastByte(pieces, last.piece, last.at, (byte) => byte <= 0x20 || byte === quote);
  if (before === undefined) return clean; // Nothing that a string could be in has begun.
  const word = [...pieces.slice(before.piece, last.piece), pieces[last.piece]!.subarray(0, last.at + 1)].map(
    (piece, index) => (index === 0 ? piece.subarray(before.at + 1) : piece),
  );
  const length = word.reduce((sum, piece) => sum + piece.length, 0);
  if (length < leastBytes || (length <= longestMarker && isMarker(Buffer.concat(word)))) return clean;
  return {
    pieces: [
      ...pieces.slice(0, before.piece),
      pieces[before.piece]!.subarray(0, before.at + 1),
      marker,
      pieces[last.piece]!.subarray(last.at + 1),
      ...pieces.slice(last.piece + 1),
    ],
    counts: { ...clean.counts, [tornRule]: 1 },
  };
}

/** The last byte of that kind, from a place on backwards. */
function lastByte(
  pieces: readonly Uint8Array[],
  from: number,
  at: number,
  wanted: (byte: number) => boolean,
): { readonly piece: number; readonly at: number } | undefined {
  for (let piece = from; piece >= 0; piece--) {
    const bytes = pieces[piece]!;
    const found = bytes.subarray(0, piece === from ? at + 1 : bytes.length).findLastIndex(wanted);
    if (found >= 0) return { piece, at: found };
  }
  return undefined;
}

function isMarker(word: Buffer): boolean {
  return /^\[REDACTED:[A-Za-z0-9_.-]{1,100}\]$/.test(word.toString("latin1"));
}
