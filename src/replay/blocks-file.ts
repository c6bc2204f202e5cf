import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { diskTrouble, writeWhole } from "./disk.ts";
import type { PageBlocks } from "./html.ts";

const deflated = promisify(deflate);
/** Blocks that are being deflated at the same time. */
const atOnce = 4;
/** Quick: a page is read once or twice, and its text is repetitive. */
const level = 4;

/** Blocks on their way into a page, in a temporary file so that no page is too large for memory. */
export interface BlocksFile {
  readonly blocks: PageBlocks;
  /** Deflates and keeps it. Waits only while several others are on their way. */
  add(name: string, bytes: Uint8Array): Promise<void>;
  /** Until all that was added is there; `blocks` is complete then. */
  settle(): Promise<void>;
  /** A file of its own beside the blocks, for what does not fit into memory either. */
  path(name: string): string;
  close(): Promise<void>;
}

export async function openBlocksFile(): Promise<BlocksFile> {
  const folder = temporaryFolder();
  const file = await open(join(folder, "blocks"), "wx+");
  const places = new Map<string, readonly [start: number, length: number]>();
  const names: string[] = [];
  const running = new Set<Promise<void>>();
  let failed: unknown;
  let end = 0;
  const keep = async (name: string, bytes: Uint8Array): Promise<void> => {
    // One piece of output: the usual 16 KiB cost a callback each, more than a third of the time of a page.
    const chunkSize = Math.max(64, bytes.length + (bytes.length >> 6) + 64);
    const packed = await deflated(bytes, { level, chunkSize });
    const start = end;
    end += packed.length;
    places.set(name, [start, packed.length]);
    await writeWhole(file, packed, start);
  };
  return {
    blocks: {
      names,
      async read(name) {
        const place = places.get(name);
        if (!place) throw new Error(`no block ${name}`);
        const bytes = Buffer.alloc(place[1]);
        await file.read(bytes, 0, place[1], place[0]);
        return bytes;
      },
    },
    async add(name, bytes) {
      names.push(name);
      while (running.size >= atOnce) await Promise.race(running);
      if (failed) throw failed;
      const work = keep(name, bytes)
        .catch((error: unknown) => void (failed ??= diskTrouble(error, folder)))
        .finally(() => running.delete(work));
      running.add(work);
    },
    async settle() {
      await Promise.all(running);
      if (failed) throw failed;
      names.sort(inPage);
    },
    path: (name) => join(folder, name),
    async close() {
      await Promise.allSettled(running);
      await file.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function temporaryFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "tracecraft-replay-"));
  } catch (error) {
    throw diskTrouble(error, tmpdir());
  }
}

const order = ["header", "pyramid", "moments", "ix", "pv", "b"];

function inPage(a: string, b: string): number {
  const [sortA = "", numberA = "0"] = a.split(".");
  const [sortB = "", numberB = "0"] = b.split(".");
  return order.indexOf(sortA) - order.indexOf(sortB) || Number(numberA) - Number(numberB);
}
