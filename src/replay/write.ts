import { renameSync, rmSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { randomBytes } from "node:crypto";
import { diskTrouble, writeWhole } from "./disk.ts";
import { pageHtml, type PageBlocks, type Viewer } from "./html.ts";
import { makeFolder } from "../store/make-folder.ts";

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
  const file = await open(temporary, "wx").catch((error: unknown) => {
    throw diskTrouble(error, path);
  });
  let bytes = 0;
  try {
    for await (const piece of pageHtml(viewer, blocks)) {
      signal.throwIfAborted();
      const chunk = Buffer.from(piece);
      bytes += chunk.length;
      if (bytes <= maxBytes) await writeWhole(file, chunk);
    }
    await file.close();
    if (bytes <= maxBytes) renameSync(temporary, path);
    return { bytes, written: bytes <= maxBytes };
  } catch (error) {
    throw diskTrouble(error, path);
  } finally {
    await file.close().catch(() => undefined);
    rmSync(temporary, { force: true });
  }
}

/**
 * Writes a page as a folder for any server of static files: `index.html`, and each block in a file of its own, fetched
 * when it is looked at. The page is named last, and what was there before stands until then; the blocks of one that did
 * not come to its end are removed. Answers the bytes of all of it.
 */
export async function writeSplit(
  folder: string,
  viewer: Viewer,
  blocks: PageBlocks,
  signal: AbortSignal,
): Promise<number> {
  const generation = randomBytes(4).readUInt32BE().toString();
  const place = join(folder, "blocks", generation);
  const fresh = [
    join(folder, `.index.${generation}.tmp`),
    join(folder, `.current.${generation}.tmp`),
  ] as const;
  try {
    makeFolder(place);
    let bytes = 0;
    for (const name of blocks.names) {
      signal.throwIfAborted();
      const block = await blocks.read(name);
      bytes += block.length;
      await writeFile(join(place, name), block);
    }
    let html = "";
    for await (const piece of pageHtml(viewer, blocks, { blocks: "blocks/" })) html += piece;
    await writeFile(fresh[0], html);
    await writeFile(fresh[1], generation);
    signal.throwIfAborted();
    renameSync(fresh[0], join(folder, "index.html"));
    renameSync(fresh[1], join(folder, "blocks", "current"));
    return bytes + Buffer.byteLength(html);
  } catch (error) {
    discard(place);
    throw diskTrouble(error, folder);
  } finally {
    fresh.forEach(discard);
  }
}

/** What cannot be removed could not be made either, or is told by the error that led here. */
function discard(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {}
}
