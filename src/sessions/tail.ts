import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { TracecraftError } from "../errors.ts";
import { findManifest } from "./manifest.ts";
import { partsOf, type Manifest } from "./manifest-record.ts";
import { keyOfPart, PartGone } from "./part-chunks.ts";

/** A session is read backwards in pieces, each twice the one before, from this size … */
const firstPiece = 64 * 1024;
const largestPiece = 8 * 1024 * 1024;
/** … and no further than this many bytes from its end. */
const tailLimit = 64 * 1024 * 1024;

export interface Tail {
  /** The last lines, in order, without their LF. */
  readonly lines: readonly Uint8Array[];
  /** Nothing comes before them in this generation. */
  readonly whole: boolean;
}

/**
 * The last `count` lines of the current generation, read from the end: only the parts that they are in, and of those
 * no more than is needed. Fewer where there are no more, or where they have over 64 MiB.
 */
export async function tailOf(project: Project, found: Found<Manifest>, count: number): Promise<Tail> {
  try {
    return await readTail(project, found.record, count);
  } catch (error) {
    if (!(error instanceof PartGone)) throw error;
    const { harness, session_id: session } = found.record;
    const now = await findManifest(project, harness, session); // Merged away since.
    if (now === undefined || now.record.nonce === found.record.nonce) throw error;
    return await readTail(project, now.record, count);
  }
}

async function readTail(project: Project, manifest: Manifest, count: number): Promise<Tail> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let feeds = 0;
  let pieceBytes = firstPiece;
  const enough = () => feeds > count || bytes >= tailLimit;
  const parts = partsOf(manifest).toReversed();
  for (const entry of parts) {
    const key = keyOfPart(manifest, entry);
    for (let end = entry.uploaded_bytes; end > 0 && !enough();) {
      const start = Math.max(0, end - pieceBytes);
      const piece = await project.store.get(key, { range: [start, end], limit: largestPiece });
      if (piece === undefined) throw new PartGone(key);
      if (piece.size !== entry.uploaded_bytes || piece.body.length !== end - start)
        throw isNot(key, piece.size, entry.uploaded_bytes);
      pieces.unshift(piece.body);
      bytes += piece.body.length;
      feeds += countFeeds(piece.body);
      end = start;
      pieceBytes = Math.min(largestPiece, pieceBytes * 2);
    }
    if (enough()) break;
  }
  const whole = !enough();
  const lines = split(Buffer.concat(pieces));
  return {
    lines: (whole ? lines : lines.slice(1)).slice(-count || lines.length),
    whole: whole && lines.length <= count,
  };
}

function split(bytes: Buffer): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const feed = bytes.indexOf(0x0a, at);
    const end = feed < 0 ? bytes.length : feed;
    lines.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return lines;
}

function countFeeds(bytes: Uint8Array): number {
  let feeds = 0;
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) feeds++;
  return feeds;
}

function isNot(key: string, found: number, wanted: number): TracecraftError {
  const why = `${found} bytes, ${wanted} in the manifest`;
  return new TracecraftError("malformed", `Cannot read "${key}": ${why}`, { details: { key, why } });
}
