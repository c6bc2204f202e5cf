import type { FileHandle } from "node:fs/promises";
import { isDiskFull, TracecraftError } from "../errors.ts";

const states: Readonly<Record<string, string>> = {
  ENOSPC: "no space left",
  EDQUOT: "no space left",
  EFBIG: "a file cannot be that large there",
  EROFS: "it is read-only",
  EACCES: "no permission",
  EPERM: "no permission",
  ENOTDIR: "a file is where a folder is wanted",
  EISDIR: "a folder is there",
  ENOENT: "there is no such folder",
};

const writes = /^(?:access|write|open|mkdir|mkdtemp|rename|close|ftruncate)$/;

/**
 * What the system said of a file of this machine, in words: `disk_full`, or `usage` for a place that cannot be written
 * to. Whatever else was thrown is given back as it is.
 */
export function diskTrouble(error: unknown, place: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!(error instanceof Error) || !("syscall" in error) || !writes.test(String(error.syscall))) return error;
  const full = isDiskFull(error);
  return new TracecraftError(
    full ? "disk_full" : "usage",
    `Cannot write "${place}": ${states[code] ?? code}`,
  );
}

/** Writes all of it, from that byte on or behind what is there: the system may take less at once, on a full disk above all. */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? undefined : position + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
    done += bytesWritten;
  }
}

/** The end of a file: what is added goes there in pieces, once more than so many bytes are held. */
export interface Appender {
  /** Of all that was added. */
  size(): number;
  add(bytes: Uint8Array): Promise<void>;
  flush(): Promise<void>;
}

export function appender(file: FileHandle, heldMost: number): Appender {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let size = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(held);
    [held, heldBytes] = [[], 0];
    await writeWhole(file, bytes);
  };
  return {
    size: () => size,
    flush,
    async add(bytes) {
      held.push(bytes);
      heldBytes += bytes.length;
      size += bytes.length;
      if (heldBytes > heldMost) await flush();
    },
  };
}
