import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { readLocal } from "../coord/local.ts";
import type { LocalState } from "../coord/project.ts";
import { isDiskFull, TracecraftError } from "../errors.ts";
import { cannotChange, type Target } from "./setup-target.ts";
import { makeFolder } from "../store/make-folder.ts";

const sizeLimit = 8 * 1024 * 1024;
const linksLimit = 40;

/** What is about to be done to one file. Nothing is, until `carryOut`. */
export interface Step {
  readonly target: Target;
  readonly shown: string;
  /** Behind links. */
  readonly real: string;
  readonly before: Buffer | undefined;
  /** Undefined: the file goes. */
  readonly after: Buffer | undefined;
  /** How much of our part comes or goes. */
  readonly count: number;
  /** The bytes are those from before the first change. */
  readonly restores: boolean;
}

/** What this machine wrote last, and where the bytes are that were there before. */
interface Written {
  readonly wrote: string;
  readonly before: "absent" | "backup" | "around";
  readonly backup?: string;
  readonly backup_hash?: string;
  /** That were made for it, the outermost first. */
  readonly folders: readonly string[];
}

export interface Files {
  readonly local: LocalState;
  /** Of files in here no link may lead out; undefined where all are the user's own. */
  readonly within: string | undefined;
  shown(path: string): string;
  /** Folders that were made for what has been taken out. */
  readonly emptied: string[];
}

export function planStep(target: Target, how: "add" | "remove", files: Files): Step {
  const shown = files.shown(target.path);
  const real = realOf(target.path, shown, files.within);
  const before = read(real, shown);
  const text = before === undefined ? "" : decode(before, target, shown);
  const step = { target, shown, real, before };
  if (how === "add") {
    const missing = target.missing(text);
    const added = target.add(text);
    const same = before !== undefined && added === text;
    if (!same) refuseReadOnly(real, shown);
    const after = same ? before : Buffer.from(added, target.encoding);
    return { ...step, after, count: missing, restores: false };
  }
  if (before === undefined) return { ...step, after: undefined, count: 0, restores: false };
  const count = target.held(text);
  const written = writtenTo(files.local, real);
  if (written?.wrote === hashOf(before)) {
    if (written.before === "absent") return { ...step, after: undefined, count, restores: true };
    const kept = backupOf(written);
    if (kept) return { ...step, after: kept, count, restores: true };
  }
  const removed = target.remove(text);
  if (removed === text) return { ...step, after: before, count: 0, restores: false };
  refuseReadOnly(real, shown);
  const gone = removed === "" && written?.before !== "around" && written?.before !== "backup";
  return { ...step, after: gone ? undefined : Buffer.from(removed, target.encoding), count, restores: false };
}

/** Whole or not at all, by a rename; what was there before is kept beside it. The backup's path, if one was made. */
export function carryOut(step: Step, how: "add" | "remove", { local, emptied }: Files): string | undefined {
  const { real, before, after, target, shown } = step;
  const written = writtenTo(local, real);
  try {
    if (how === "remove") {
      if (after === undefined) rmSync(real, { force: true });
      else if (!before?.equals(after)) replace(real, after, modeOf(real));
      if (step.restores && written?.backup !== undefined) rmSync(written.backup, { force: true });
      emptied.push(...(written?.folders ?? []));
      local.remove(nameOf(real));
      return undefined;
    }
    if (after === undefined || before?.equals(after)) return undefined;
    const folders = makeFolders(dirname(real));
    const ours = before !== undefined && written?.wrote === hashOf(before) ? written : undefined;
    const backup = !ours && before !== undefined && target.backup ? keep(step) : undefined;
    replace(real, after, before === undefined ? (target.executable ? 0o755 : 0o644) : modeOf(real));
    const history = ours ?? {
      before: before === undefined ? "absent" : backup === undefined ? "around" : "backup",
      ...(backup !== undefined && { backup, backup_hash: hashOf(before!) }),
      folders,
    };
    local.write(nameOf(real), { ...history, wrote: hashOf(after) } satisfies Written);
    return backup;
  } catch (error) {
    if (error instanceof TracecraftError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (isDiskFull(error)) throw new TracecraftError("disk_full", `Cannot change "${shown}": no space left`);
    throw cannotChange(
      shown,
      code === "EACCES" || code === "EPERM" || code === "EROFS" ? "permission denied" : message,
    );
  }
}

function keep({ target, before, real }: Step): string {
  const names = [".bak", ".tracecraft.bak"].map((end) => target.path + end);
  const path =
    names.find((name) => !existsSync(name)) ?? `${target.path}.${randomBytes(4).toString("hex")}.bak`;
  writeFileSync(path, before!, { mode: modeOf(real), flag: "wx" });
  return path;
}

/** Through links, also those of folders; a file that is not there yet is where it would be. */
function realOf(path: string, shown: string, within: string | undefined): string {
  const real = resolveLinks(path, linksLimit, shown);
  const inside = within !== undefined && path.startsWith(within + sep);
  const root = inside ? realpathSync(within) : undefined;
  if (root !== undefined && !real.startsWith(root.endsWith(sep) ? root : root + sep))
    throw cannotChange(shown, "it is a link that leads out of this folder");
  return real;
}

function resolveLinks(path: string, left: number, shown: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || left === 0)
      throw cannotChange(shown, (error as Error).message.split(",")[0]!);
  }
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
    throw cannotChange(shown, "it is a link that leads nowhere");
  return join(resolveLinks(dirname(path), left - 1, shown), basename(path));
}

function read(real: string, shown: string): Buffer | undefined {
  const found = lstatSync(real, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (!found.isFile()) throw cannotChange(shown, "it is no file");
  if (found.size > sizeLimit) throw cannotChange(shown, `it has more than ${sizeLimit / 1024 / 1024} MiB`);
  try {
    return readFileSync(real);
  } catch (error) {
    throw cannotChange(shown, (error as Error).message.split(",")[0]!);
  }
}

function decode(bytes: Buffer, { encoding }: Target, shown: string): string {
  if (bytes.includes(0)) throw cannotChange(shown, "it is no text");
  if (encoding === "latin1") return bytes.toString("latin1");
  const text = bytes.toString("utf8");
  if (!Buffer.from(text).equals(bytes)) throw cannotChange(shown, "it is not UTF-8");
  return text;
}

/** Whoever took the right to write away, also from himself, meant it. */
function refuseReadOnly(real: string, shown: string): void {
  if (existsSync(real) && (lstatSync(real).mode & 0o222) === 0) throw cannotChange(shown, "it is read-only");
}

function modeOf(real: string): number {
  return lstatSync(real).mode & 0o7777;
}

function replace(path: string, bytes: Buffer, mode: number): void {
  const temporary = join(dirname(path), `.tracecraft-${randomBytes(6).toString("hex")}.tmp`);
  try {
    writeFileSync(temporary, bytes, { mode, flag: "wx" });
    chmodSync(temporary, mode); // Whatever the umask took.
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function makeFolders(folder: string): string[] {
  const made: string[] = [];
  for (let at = folder; !existsSync(at); at = dirname(at)) made.unshift(at);
  makeFolder(folder);
  return made;
}

/** Folders that we made, where nothing is left in them. */
export function removeEmptied({ emptied }: Files): void {
  for (const folder of [...new Set(emptied)].toSorted((a, b) => b.length - a.length)) {
    try {
      rmdirSync(folder);
    } catch {
      // Others have put something there.
    }
  }
}

function backupOf({ backup, backup_hash: hash }: Written): Buffer | undefined {
  try {
    const bytes = backup === undefined ? undefined : readFileSync(backup);
    return bytes && hashOf(bytes) === hash ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function writtenTo(local: LocalState, real: string): Written | undefined {
  const found = readLocal<Written>(local, nameOf(real));
  return typeof found?.wrote === "string"
    ? { before: "around", folders: [], wrote: "", ...found }
    : undefined;
}

function nameOf(real: string): string {
  return `setup/${hashOf(Buffer.from(real)).slice(0, 32)}`;
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
