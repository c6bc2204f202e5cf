import { createHash } from "node:crypto";
import { TracecraftError } from "../errors.ts";
import type { Source } from "./store.ts";

/**
 * The chunks of a source, the last one only once all of it has the promised length and hash: a file that changes
 * while it is sent then never arrives whole. Throws `changed` otherwise.
 */
export async function* checkedChunks(source: Source): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of source.open()) {
    if (chunk.length === 0) continue;
    size += chunk.length;
    if (size > source.size) throw changed();
    hash.update(chunk);
    if (held) yield held;
    held = chunk;
  }
  if (size !== source.size || hash.digest("hex") !== source.sha256) throw changed();
  if (held) yield held;
}

/** The same bytes in pieces of `pieceBytes`, the last one shorter; one empty piece of an empty source. */
export async function* pieces(source: Source, pieceBytes: number): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(Math.min(pieceBytes, source.size));
  let filled = 0;
  let sent = 0;
  for await (const chunk of checkedChunks(source)) {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < piece.length || sent + filled >= source.size) continue;
      yield piece;
      sent += filled;
      piece = new Uint8Array(Math.min(pieceBytes, source.size - sent));
      filled = 0;
    }
  }
  yield piece;
}

function changed(): TracecraftError {
  return new TracecraftError("changed", "Cannot send the source: it changed while it was read");
}
