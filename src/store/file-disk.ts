import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { TracecraftError, type ErrorCode } from "../errors.ts";
import { checkedChunks } from "./source.ts";
import type { Source } from "./store.ts";

const denied = ["no permission", "denied"] as const;
const full = ["no space left", "disk_full"] as const;
const states: Readonly<Record<string, readonly [state: string, code: ErrorCode]>> = {
  ENOSPC: full,
  EDQUOT: full,
  EACCES: denied,
  EPERM: denied,
  EROFS: ["the file system is read-only", "denied"],
  ENAMETOOLONG: ["the path is too long", "usage"],
  ENOTDIR: ["a folder of it is an object here", "usage"],
  EISDIR: ["a folder has that name here", "usage"],
};

/** A written file that no reader can see yet. */
export interface Temporary {
  readonly path: string;
  readonly stat: BigIntStats;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** True for what means "not there" to a reader. ENOTDIR: a key below a key that is one file. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** A file system error in the words of the store. A code that has no other meaning is `unreachable`. */
export function diskError(error: unknown, act: string, thing: string): unknown {
  const code = codeOf(error);
  if (error instanceof TracecraftError || code === undefined) return error;
  const [state, kind] = states[code] ?? ["the file system does not answer", "unreachable"];
  return new TracecraftError(kind, `Cannot ${act} "${thing}": ${state}`, { cause: code });
}

/** Writes a new file. A source that is not what it said is the error `changed`; whatever fails leaves no file. */
export async function writeTemporary(path: string, body: Uint8Array | Source): Promise<Temporary> {
  const fd = openSync(path, "wx");
  try {
    if (body instanceof Uint8Array) writeAll(fd, body);
    else for await (const chunk of checkedChunks(body)) writeAll(fd, chunk);
    return { path, stat: fstatSync(fd, { bigint: true }) };
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Opens a file of ours to read: no symbolic link is followed, and no pipe waits for its other end. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The bytes from `from` to before `to`, fewer where the file ends. */
export function readBytes(fd: number, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, bytes.length - done, from + done);
    if (count === 0) break;
    done += count;
  }
  return done === bytes.length ? bytes : bytes.slice(0, done);
}

/** The clock that stamps files there: the `ctime` of one that was touched just now. Undefined where none may be. */
export function timeThere(directory: string): number | undefined {
  try {
    return touch(join(directory, ".now"), constants.O_CREAT);
  } catch {
    // Another user's file cannot be touched: a new one can be.
  }
  const path = join(directory, temporaryName());
  try {
    const now = touch(path, constants.O_CREAT | constants.O_EXCL);
    unlinkSync(path);
    return now;
  } catch {
    return undefined;
  }
}

/** A name that no key has, for a file that is to be renamed or removed at once. */
export function temporaryName(): string {
  return `.t${randomBytes(8).toString("hex")}`;
}

/** When a name was last linked or renamed, in whole ms: by the same clock, and rounded as, `timeThere`. */
export function arrivalOf(stat: BigIntStats): number {
  return Number(stat.ctimeNs / 1_000_000n);
}

/** Undefined for a file that is not there. */
export function statIfThere(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Removes a name that somebody else may have removed already. */
export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** Changes no byte: the name may be a hard link that somebody planted. */
function touch(path: string, flags: number): number {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | flags);
  try {
    futimesSync(fd, 0, 0);
    return arrivalOf(fstatSync(fd, { bigint: true }));
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}
