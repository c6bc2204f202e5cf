import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as zlib from "node:zlib";
import { TracecraftError } from "../errors.ts";

/** No compressed transcript unpacks to more: beyond it the file is refused as malformed. */
const maxUnpackedBytes = 4 * 1024 ** 3;

type Transform = NodeJS.ReadWriteStream;

/** The bytes of a .zst file, unpacked as they come: by Node where it can, by fzstd on Node 20. */
export async function* unpacked(path: string): AsyncIterable<Uint8Array> {
  let total = 0;
  try {
    for await (const chunk of decompress(createReadStream(path))) {
      total += chunk.length;
      if (total > maxUnpackedBytes) throw new Error(`more than ${maxUnpackedBytes} bytes when unpacked`);
      yield chunk;
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall !== undefined) throw cause;
    throw new TracecraftError("malformed", `Cannot read "${path}": not a whole zstd file`, { cause });
  }
}

/** One value that a database keeps as zstd, unpacked. */
export async function unpackedBytes(packed: Uint8Array): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of decompress(Readable.from([Buffer.from(packed)]))) {
    total += chunk.length;
    if (total > maxUnpackedBytes) throw new Error("more than the limit when unpacked");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* decompress(packed: Readable): AsyncIterable<Uint8Array> {
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform }; // Node 22.15 and later.
  if (createZstdDecompress !== undefined) {
    const stream = createZstdDecompress();
    packed.on("error", (error) => stream.emit("error", error));
    yield* packed.pipe(stream) as unknown as AsyncIterable<Uint8Array>;
    return;
  }
  const { Decompress } = await import("fzstd");
  let out: Uint8Array[] = [];
  const stream = new Decompress((chunk) => void out.push(chunk));
  for await (const chunk of packed) {
    stream.push(chunk as Uint8Array);
    yield* out;
    out = [];
  }
  stream.push(new Uint8Array(0), true);
  yield* out;
}

/**
 * Unpacks a .zst file into a private file of this process and opens that, so that there is one way to read: by
 * position. Nothing of it is left after `remove`.
 */
export async function openUnpacked(path: string, temp: string) {
  const folder = await mkdtemp(join(temp, "tracecraft-zst-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const file = await open(join(folder, "plain"), "wx+", 0o600);
    try {
      for await (const chunk of unpacked(path)) await file.writeFile(chunk);
    } catch (error) {
      await file.close();
      throw error;
    }
    return { file, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
