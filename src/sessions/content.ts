import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { TracecraftError } from "../errors.ts";
import { findManifest } from "./manifest.ts";
import { partsOf, type Manifest, type PartEntry } from "./manifest-record.ts";
import { partChunks, PartGone } from "./part-chunks.ts";

/** A manifest is read again this often because a part was merged away meanwhile. */
const movedLimit = 10;

export interface ContentOptions {
  /** The current one unless said otherwise. */
  readonly generation?: number | undefined;
  /** The byte of the generation to begin at. */
  readonly from?: number;
  /** The bytes of one part from `from` on; from the store unless said otherwise. */
  readonly chunks?: (manifest: Manifest, entry: PartEntry, from: number) => AsyncIterable<Uint8Array>;
}

/**
 * The bytes of one generation of a session, part after part, each checked against the manifest. A part that was merged
 * away meanwhile is looked for in the manifest as it is now, and the reading goes on at the same byte. Holds one piece.
 */
export async function* contentOf(
  project: Project,
  found: Found<Manifest>,
  options: ContentOptions = {},
): AsyncGenerator<Uint8Array> {
  const generation = options.generation ?? found.record.generation;
  const { chunks = (manifest, entry, from) => partChunks(project.store, manifest, entry, from) } = options;
  let manifest = found.record;
  let position = options.from ?? 0;
  for (let moves = 0; ;) {
    const at = placeOf(partsOf(manifest, generation), position);
    if (at === undefined) return;
    try {
      for await (const chunk of chunks(manifest, at.entry, at.from)) {
        position += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (!(error instanceof PartGone) || moves++ >= movedLimit) throw error;
      const now = await findManifest(project, manifest.harness, manifest.session_id);
      if (now === undefined || now.record.nonce === manifest.nonce) throw error;
      manifest = now.record;
    }
  }
}

/** The part that holds the byte at `position` of a generation, and where in it. Undefined at the end. */
function placeOf(
  parts: readonly PartEntry[],
  position: number,
): { readonly entry: PartEntry; readonly from: number } | undefined {
  let start = 0;
  for (const entry of parts) {
    const end = start + entry.uploaded_bytes;
    if (position < end) return { entry, from: position - start };
    start = end;
  }
  return undefined;
}

/** A line that is longer than a reader takes: it is told by its length. */
export interface TooLong {
  readonly tooLong: number;
}

/**
 * The lines of a stream of bytes without their LF, wherever its chunks end; a last one without LF is a line too. Of a
 * line over `limit` bytes only the length is told, so that no line needs more memory than that.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Uint8Array | TooLong> {
  let held: Uint8Array[] = [];
  let length = 0;
  const line = (): Uint8Array | TooLong => {
    const whole = length > limit ? { tooLong: length } : held.length === 1 ? held[0]! : Buffer.concat(held);
    [held, length] = [[], 0];
    return whole;
  };
  const hold = (piece: Uint8Array): void => {
    length += piece.length;
    if (length > limit) held = [];
    else if (piece.length > 0 || held.length === 0) held.push(piece);
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const end = chunk.indexOf(0x0a, at);
      hold(chunk.subarray(at, end < 0 ? chunk.length : end));
      if (end < 0) break;
      yield line();
      at = end + 1;
    }
  }
  if (length > 0) yield line();
}

export function isTooLong(line: Uint8Array | TooLong): line is TooLong {
  return "tooLong" in line;
}

/** The generation that was asked for, if the session has it. */
export function generationOf({ record }: Found<Manifest>, wanted: string | undefined): number | undefined {
  if (wanted === undefined) return record.generation;
  const generation = Number(wanted);
  if (/^\d{1,9}$/.test(wanted) && record.parts.some((entry) => entry.generation === generation))
    return generation;
  throw new TracecraftError(
    "not_found",
    `Cannot read generation ${wanted.slice(0, 20)}: "${record.session_id}" has none with a part`,
  );
}
