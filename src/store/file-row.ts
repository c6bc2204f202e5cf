// A mutable key is a row of immutable files, `.v/<name>/<20 digits>`; the greatest number is current. A key written
// once is one file, `<name>` beside `.v`, and stands for number 1 of a row that is not there yet.
//
// Names in a row come by link(2), which fails when the name is there, and go by unlink(2). What holds at every moment,
// whoever is killed or stopped where:
//
// 1. The greatest number is never removed. So a row that once had a number always has one.
// 2. Numbers go in ascending order: k is removed only after all below k that were there when the remover looked. A
//    number that was current came before all greater ones, so it was among those. Hence: while file n is there, and is
//    the file that was current, no number above n was ever removed.
// 3. From 2: a link to n + 1 that succeeds before a moment at which n is still that file is the first ever at n + 1,
//    so whoever expected n has won, and nobody else can. When n is gone by then, it may have landed below the row's
//    greatest number (a ghost, after the remover passed) or be right and superseded: unknown.
// 4. From 1: a link to 1 is the first ever at 1 if no number above 1 is there afterwards. Otherwise unknown.
// 5. A ghost is below the greatest number when it lands. Whoever looks, then reads, and sees the same greatest number
//    in a second look, has read no ghost; and no version of a link whose look failed is told. So nobody expects a ghost.
//
// A version is number, inode and mtime. The mtime was set before the link and does not change; a ghost has the number
// of a removed file, but an inode that was in use beside it or an mtime that came later.
//
// Arrival is ctime, which link(2) sets and the next change of the link count moves. So the temporary name that was
// linked stays beside the number and goes after it: what a reader is told of the current version never changes. It
// costs a second name for each version, and no system call where it matters.
//
// A look is one readdir. Up to some hundred names (50 with musl) it is one getdents(2) under the folder's lock, and
// so a snapshot; but a signal, SIGSTOP too, cuts that short, and a longer one takes several. Such a look may miss what
// comes and goes meanwhile. A version goes `versionsMs` after its successor came, so a look that took less has seen one
// that was current during it, or a later one; and a look that took half of that is repeated.
import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { closeSync, fstatSync, linkSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { TracecraftError } from "../errors.ts";
import {
  arrivalOf,
  codeOf,
  diskError,
  isAbsent,
  openIfThere,
  readBytes,
  statIfThere,
  type Temporary,
} from "./file-disk.ts";
import type { Place } from "./file-root.ts";

/** The body of a version that says: deleted. No other object may have it. */
export const deletedMark = Buffer.from("tracecraft: this object was deleted\n");

/** One version in its file. */
export interface Current {
  readonly number: number;
  readonly path: string;
  readonly version: string;
  readonly size: number;
  readonly writtenAt: number;
  /** It says that the object is gone. */
  readonly deleted: boolean;
}

/** What one look saw: the greatest number, undefined in an empty row, and every name there is, in no order. */
export interface Look {
  readonly top: number | undefined;
  readonly names: readonly string[];
}

export type Published =
  | { readonly outcome: "written"; readonly version: string; readonly storeNow: number }
  | { readonly outcome: "refused" | "unknown" | "again" };

/** Ages, by the clock that stamps the files, after which cleaning removes a superseded version or an unused name. */
export interface Keep {
  /** 0 is for one process alone: whoever looks meanwhile may see nothing. */
  readonly versionsMs: number;
  readonly temporariesMs: number;
}

const findAttempts = 100;
export const numberName = /^(?!0{20})[0-9]{20}$/;

/** Where links do not work as we need them: FAT, exFAT, some containers' mounts. */
const noLinks = new Set(["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

export function look(row: string, { versionsMs }: Keep): Look {
  for (;;) {
    const began = Date.now(); // Not `performance`: it takes a millisecond to load, and does not count a suspended machine.
    const names = namesIn(row);
    const tookMs = Date.now() - began;
    if (versionsMs > 0 && (tookMs < 0 || tookMs > versionsMs / 2)) continue;
    let top = "";
    for (const name of names) if (name > top && numberName.test(name)) top = name;
    if (Number(top) < Number.MAX_SAFE_INTEGER) return { top: top ? Number(top) : undefined, names };
    throw new TracecraftError("malformed", `Cannot use "${row}": it holds a number that we never wrote`);
  }
}

/**
 * The current version, one that says "deleted" included, and the names beside it. Looks again after it saw the file:
 * while number n was the greatest before and after, the file there was no ghost.
 */
export function find(place: Place, keep: Keep): Look & { readonly current: Current | undefined } {
  for (let attempt = 0; attempt < findAttempts; attempt++) {
    const { top, names } = look(place.row, keep);
    if (top === undefined) return { top, names, current: fileAt(place, 1, place.plain) };
    const current = fileAt(place, top, numberPath(place.row, top));
    if (current !== undefined && look(place.row, keep).top === top) return { top, names, current };
  }
  throw new TracecraftError("unreachable", `Cannot read "${place.key}": it changed at each of our looks`);
}

/** Opens that very version; undefined when it is gone by now. */
export function openVersion(current: Current): number | undefined {
  const fd = openIfThere(current.path);
  if (fd === undefined || versionOf(current.number, fstatSync(fd, { bigint: true })) === current.version)
    return fd;
  closeSync(fd);
  return undefined;
}

/** A name for a body on its way to `number`: `t<20 digits>.<random>`. Cleaning finds it by that number. */
export function temporaryFor(row: string, number: number): string {
  return join(row, `t${digits(number)}.${randomBytes(8).toString("hex")}`);
}

/** The same body on its way to another number, after somebody was faster. */
export function redirect(row: string, temporary: Temporary, number: number): Temporary {
  const path = temporaryFor(row, number);
  renameSync(temporary.path, path);
  return { path, stat: temporary.stat };
}

/** Gives a key that is one file the row it needs to be changed: the same file, as number 1. */
export function adopt(place: Place): void {
  try {
    linkSync(place.plain, numberPath(place.row, 1));
  } catch (error) {
    if (codeOf(error) !== "EEXIST" && !isAbsent(error)) throw linkError(error, place);
  }
}

/**
 * Links a temporary file as the version after `base`, or as the first one, and looks whether that was the race it
 * meant to win. `again`: nothing was linked, because the temporary file is gone. Throws only when nothing was linked.
 */
export function publish(
  place: Place,
  temporary: Temporary,
  base: Current | undefined,
  keep: Keep,
): Published {
  const number = base === undefined ? 1 : base.number + 1;
  const path = numberPath(place.row, number);
  try {
    linkSync(temporary.path, path);
  } catch (error) {
    if (isAbsent(error)) return { outcome: "again" };
    if (codeOf(error) !== "EEXIST") throw linkError(error, place);
    if (statIfThere(path)?.ino !== temporary.stat.ino) return { outcome: "refused" };
  }
  try {
    const stat = statIfThere(path);
    if (stat === undefined || !(base ? isStillThere(base) : isFirst(place, keep)))
      return { outcome: "unknown" };
    return { outcome: "written", version: versionOf(number, stat), storeNow: arrivalOf(stat) };
  } catch {
    return { outcome: "unknown" };
  }
}

function namesIn(row: string): string[] {
  try {
    return readdirSync(row);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function fileAt(place: Place, number: number, path: string): Current | undefined {
  const stat = statIfThere(path);
  if (stat === undefined || (path === place.plain && stat.isDirectory())) return undefined;
  if (!stat.isFile()) throw new TracecraftError("malformed", `Cannot use "${place.key}": not a file`);
  const deleted = isDeleted(path, stat);
  if (deleted === undefined) return undefined;
  const version = versionOf(number, stat);
  return { number, path, version, size: Number(stat.size), writtenAt: arrivalOf(stat), deleted };
}

/** Only a file of the mark's length is opened. Undefined when it is another file by now. */
function isDeleted(path: string, stat: BigIntStats): boolean | undefined {
  if (stat.size !== BigInt(deletedMark.length)) return false;
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    if (fstatSync(fd, { bigint: true }).ino !== stat.ino) return undefined;
    return deletedMark.equals(readBytes(fd, 0, deletedMark.length));
  } finally {
    closeSync(fd);
  }
}

function isStillThere(base: Current): boolean {
  const stat = statIfThere(base.path);
  return stat !== undefined && versionOf(base.number, stat) === base.version;
}

function isFirst(place: Place, keep: Keep): boolean {
  return look(place.row, keep).top === 1 && statIfThere(place.plain)?.isFile() !== true;
}

function linkError(error: unknown, place: Place): unknown {
  const code = codeOf(error) ?? "";
  if (!noLinks.has(code)) return diskError(error, "write", place.key);
  return new TracecraftError("unfit_store", `Cannot write "${place.key}": no hard links here`, {
    cause: code,
    hint: "tracecraft init --store s3://BUCKET",
  });
}

export function numberPath(row: string, number: number): string {
  return join(row, digits(number));
}

function digits(number: number): string {
  return String(number).padStart(20, "0");
}

export function versionOf(number: number, stat: BigIntStats): string {
  return `${number}-${stat.ino}-${stat.mtimeNs}`;
}
