import type { Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { TracecraftError } from "../errors.ts";
import { openUnpacked } from "./zstd.ts";

/** A transcript opened for reading by position, whatever it is packed in. */
export interface PlainFile {
  readonly path: string;
  /** Of a compressed file: changes when it is another one. Such files are written once and renamed into place. */
  readonly packed: string | undefined;
  size(): Promise<number>;
  /** Fills the whole of `into` from `position`; false when the file ends before. */
  fill(into: Uint8Array, position: number): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Opens the first of these paths that is there; undefined when none is. `seen` is the `packed` of a file that need
 * not be unpacked again: it is answered unopened. Throws `denied` and `unreachable`, never a bare system error.
 */
export async function openFirst(
  paths: readonly string[],
  temp: string,
  seen: string | undefined,
): Promise<PlainFile | { readonly unchanged: true } | undefined> {
  for (const path of paths) {
    const file = await openIfThere(path);
    if (file === undefined) continue;
    if (!path.endsWith(".zst")) return plainFile(path, file, undefined, () => Promise.resolve());
    try {
      const { size, mtimeNs, ino } = await reading(path, () => file.stat({ bigint: true }));
      const packed = `${size}-${mtimeNs}-${ino}`;
      if (packed === seen) return { unchanged: true };
      const plain = await reading(path, () => openUnpacked(path, temp));
      return plainFile(path, plain.file, packed, plain.remove);
    } finally {
      await file.close();
    }
  }
  return undefined;
}

function plainFile(
  path: string,
  file: FileHandle,
  packed: string | undefined,
  remove: () => Promise<void>,
): PlainFile {
  return {
    path,
    packed,
    size: async () => (await reading(path, () => file.stat())).size,

    async fill(into, position) {
      for (let done = 0; done < into.length;) {
        const { bytesRead } = await reading(path, () =>
          file.read(into, done, into.length - done, position + done),
        );
        if (bytesRead === 0) return false;
        done += bytesRead;
      }
      return true;
    },

    async close() {
      await file.close();
      await remove();
    },
  };
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, "r");
    const stats: Stats = await file.stat();
    if (stats.isFile()) return file;
    await file.close();
    return undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw unreadable(path, error);
  }
}

async function reading<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof TracecraftError ? error : unreadable(path, error);
  }
}

/** Whether an error of node:fs says that nothing is there. */
export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** An error of node:fs about reading `path`, as one that the user can act on. */
export function unreadable(path: string, cause: unknown): TracecraftError {
  const { code } = cause as NodeJS.ErrnoException;
  const denied = code === "EACCES" || code === "EPERM";
  const state = denied
    ? "access denied"
    : code === "ENOSPC"
      ? "no space left for a private copy"
      : "the read failed";
  const kind = denied ? "denied" : code === "ENOSPC" ? "disk_full" : "unreachable";
  return new TracecraftError(kind, `Cannot read "${path}": ${state}`, { cause, details: { path } });
}
