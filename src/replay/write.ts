import { mkdirSync, renameSync, rmSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { randomBytes } from "node:crypto";
import { pageHtml, type PageBlocks, type Viewer } from "./html.ts";

export interface Written {
  readonly bytes: number;
  /** False: it would have been over the limit, and nothing was left behind. */
  readonly written: boolean;
}

export interface WriteOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Writes a page as one file, which is there whole or not at all: under another name first, renamed when done. Over
 * `maxBytes` nothing is left, and `bytes` says how much it would have been. Rejects when the signal comes.
 */
export async function writePage(
  path: string,
  viewer: Viewer,
  blocks: PageBlocks,
  { maxBytes, signal }: WriteOptions,
): Promise<Written> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  const file = await open(temporary, "wx");
  let bytes = 0;
  try {
    for await (const piece of pageHtml(viewer, blocks)) {
      signal.throwIfAborted();
      const chunk = Buffer.from(piece);
      bytes += chunk.length;
      if (bytes <= maxBytes) await file.write(chunk);
    }
    await file.close();
    if (bytes <= maxBytes) renameSync(temporary, path);
    return { bytes, written: bytes <= maxBytes };
  } finally {
    await file.close();
    rmSync(temporary, { force: true });
  }
}

/**
 * Writes a page as a folder for any server of static files: `index.html`, and each block in a file of its own, fetched
 * when it is looked at. The page is named last. Answers the bytes of all of it.
 */
export async function writeSplit(
  folder: string,
  viewer: Viewer,
  blocks: PageBlocks,
  signal: AbortSignal,
): Promise<number> {
  const generation = randomBytes(4).readUInt32BE().toString();
  const place = join(folder, "blocks", generation);
  mkdirSync(place, { recursive: true });
  let bytes = 0;
  for (const name of blocks.names) {
    signal.throwIfAborted();
    const block = await blocks.read(name);
    bytes += block.length;
    await writeFile(join(place, name), block);
  }
  let html = "";
  for await (const piece of pageHtml(viewer, blocks, { blocks: "blocks/" })) html += piece;
  await writeFile(join(folder, "index.html"), html);
  await writeFile(join(folder, "blocks", "current"), generation);
  return bytes + Buffer.byteLength(html);
}
