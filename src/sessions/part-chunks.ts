import { createHash } from "node:crypto";
import { TracecraftError } from "../errors.ts";
import { partKey } from "../format/keys.ts";
import type { Store } from "../store/store.ts";
import type { Manifest, PartEntry } from "./manifest-record.ts";

/** What is read is in memory in pieces of this many bytes. */
const pieceBytes = 8 * 1024 * 1024;

/** Where the object of a part lies. */
export function keyOfPart({ harness, session_id: session }: Manifest, { seq, uuid }: PartEntry): string {
  return partKey(harness, session, seq, uuid);
}

/** A part that the manifest names is not there. It may have been merged away since the manifest was read. */
export class PartGone extends TracecraftError {
  constructor(key: string) {
    super("malformed", `Cannot read "${key}": it is not there`, { details: { key } });
  }
}

/**
 * The bytes of a part from `from` on, in pieces. Throws `malformed` for an object that is not what the manifest says:
 * another size at once, and another hash, where it is read from the beginning, before its last piece.
 */
export async function* partChunks(
  store: Store,
  manifest: Manifest,
  entry: PartEntry,
  from = 0,
): AsyncGenerator<Uint8Array> {
  const key = keyOfPart(manifest, entry);
  const { uploaded_bytes: size, sha256 } = entry;
  const hash = createHash("sha256");
  let version: string | undefined;
  for (let at = from; at < size;) {
    const piece = await store.get(key, { range: [at, Math.min(size, at + pieceBytes)], limit: pieceBytes });
    if (piece === undefined) throw new PartGone(key);
    version ??= piece.version;
    const wanted = Math.min(size, at + pieceBytes) - at;
    if (piece.size !== size || piece.body.length !== wanted)
      throw isNot(key, `${piece.size} bytes, ${size} in the manifest`);
    if (piece.version !== version) throw isNot(key, "it was replaced while it was read");
    hash.update(piece.body);
    at += piece.body.length;
    if (at >= size && from === 0 && sha256 !== undefined && hash.digest("hex") !== sha256)
      throw isNot(key, "hash differs");
    yield piece.body;
  }
}

function isNot(key: string, why: string): TracecraftError {
  return new TracecraftError("malformed", `Cannot read "${key}": ${why}`, { details: { key, why } });
}
