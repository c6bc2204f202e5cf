import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { TracecraftError } from "../errors.ts";

/** Nothing compressed unpacks to more: beyond it the source is refused as malformed. */
const maxUnpackedBytes = 4 * 1024 ** 3;

/** The bytes of a .zst file, unpacked as they come. */
export async function* unpacked(path: string): AsyncIterable<Uint8Array> {
  try {
    yield* decompress(createReadStream(path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall !== undefined) throw cause;
    throw new TracecraftError("malformed", `Cannot read "${path}": not a whole zstd file`, {
      cause,
      details: { path },
    });
  }
}

/** One value that a database keeps as zstd, unpacked. Throws for what is not whole. */
export async function unpackedBytes(packed: Uint8Array): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompress([packed])) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * By fzstd on every Node. Node's own decoder is twice as fast, but that of Node 22 ends without a word where a file
 * was cut short, and after the first of several frames.
 */
async function* decompress(
  packed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const { Decompress } = await import("fzstd");
  let out: Uint8Array[] = [];
  let total = 0;
  const stream = new Decompress((chunk) => void out.push(chunk));
  const take = () => {
    const taken = out;
    out = [];
    for (const { length } of taken) total += length;
    if (total > maxUnpackedBytes) throw new Error(`more than ${maxUnpackedBytes} bytes when unpacked`);
    return taken;
  };
  for await (const chunk of packed) {
    stream.push(chunk);
    yield* take();
  }
  stream.push(new Uint8Array(0), true);
  yield* take();
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
