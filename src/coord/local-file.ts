import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { link, lstat, mkdir, open, rename, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { isDiskFull, TracecraftError } from "../errors.ts";
import type { Source } from "../store/store.ts";
import { makeFolder } from "../store/make-folder.ts";

const readAtOnce = 1024 * 1024;

interface FileSource extends Source {
  /** `seen` is told of every chunk after it was taken. */
  open(seen?: (bytes: number) => void): AsyncIterable<Uint8Array>;
}

/** A file of this machine as something to put: hashed now, read again by each attempt. */
export async function fileSource(
  path: string,
  shown: string,
  inspect?: (chunk: Uint8Array) => void,
): Promise<FileSource> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunksOf(path, shown)) {
    hash.update(chunk);
    size += chunk.length;
    inspect?.(chunk);
  }
  return {
    size,
    sha256: hash.digest("hex"),
    async *open(seen) {
      for await (const chunk of chunksOf(path, shown)) {
        yield chunk;
        seen?.(chunk.length);
      }
    },
  };
}

/** The SHA-256 and size of a regular file that is not reached through a link; undefined for anything else. */
export async function hashOfFile(path: string): Promise<{ sha256: string; size: number } | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const { sha256, size } = await fileSource(path, path);
  return { sha256, size };
}

async function* chunksOf(path: string, shown: string): AsyncGenerator<Uint8Array> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // A pipe without a writer must not hang us.
  } catch (error) {
    throw readError(error, shown);
  }
  try {
    const found = await file.stat();
    if (!found.isFile())
      throw new TracecraftError(
        "usage",
        `Cannot read "${shown}": it is ${found.isDirectory() ? "a folder" : "not a regular file"}`,
      );
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(readAtOnce), 0, readAtOnce, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** A file that takes its place only when it is whole. */
export interface Landing {
  write(chunk: Uint8Array): Promise<void>;
  /** Whether it is in place. False: something is there, and was to stay. */
  place(replace: boolean): Promise<boolean>;
  /** Leaves nothing behind. Harmless after `place`. */
  abandon(): Promise<void>;
}

/**
 * Opens a temporary file beside `path`, which must be inside `root`: missing folders between the two are made, and a
 * link among them is refused, because it could lead anywhere. `shown` is the path in messages.
 */
export async function landing(root: string, path: string, shown: string, nonce: string): Promise<Landing> {
  await makeFolders(root, dirname(path), shown);
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${nonce}.tmp`);
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw writeError(error, shown);
    }
  };
  const file = await guarded(open(temporary, flags, 0o666));
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await file.close();
    closed = true;
  };
  return {
    write: (chunk) => guarded(file.writeFile(chunk)),
    async place(replace) {
      await guarded(close());
      if (replace) {
        await guarded(rename(temporary, path));
        return true;
      }
      return await guarded(placeIfAbsent(temporary, path));
    },
    async abandon() {
      await close();
      await unlink(temporary).catch(() => undefined);
    },
  };
}

/** Unlike a rename, a link refuses when something is there. */
async function placeIfAbsent(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
  }
  try {
    await (await open(path, "wx")).close(); // A disk without hard links: the place is taken first, then filled.
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  await rename(temporary, path);
  return true;
}

async function makeFolders(root: string, folder: string, shown: string): Promise<void> {
  const way = relative(root, folder);
  if (way === ".." || way.startsWith(`..${sep}`))
    throw new TracecraftError("usage", `Cannot write "${shown}": it is outside of the folder that was named`);
  try {
    makeFolder(root); // Named by the user: links in it are his.
    let at = root;
    for (const name of way === "" ? [] : way.split(sep)) {
      at = join(at, name);
      await mkdir(at).catch((error: unknown) => {
        if (codeOf(error) !== "EEXIST") throw error;
      });
      if (!(await lstat(at)).isDirectory())
        throw new TracecraftError("usage", `Cannot write "${shown}": "${name}" is not a folder`);
    }
  } catch (error) {
    throw error instanceof TracecraftError ? error : writeError(error, shown);
  }
}

function readError(error: unknown, shown: string): TracecraftError {
  const code = codeOf(error);
  if (code === "ENOENT" || code === "ENOTDIR")
    return new TracecraftError("not_found", `Cannot read "${shown}": no such file`);
  return new TracecraftError("usage", `Cannot read "${shown}": ${wordsOf(error)}`);
}

function writeError(error: unknown, path: string): TracecraftError {
  const full = isDiskFull(error);
  return new TracecraftError(
    full ? "disk_full" : "usage",
    `Cannot write "${path}": ${full ? "no space left" : wordsOf(error)}`,
  );
}

/** Node's own words without the code before them and the call after them. */
function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
