import { createHash } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { access, copyFile, mkdtemp, open, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { TracecraftError } from "../errors.ts";
import type { Host } from "./harness.ts";
import { isGone, unreadable } from "./plain-file.ts";
import { run, type Database } from "./sqlite-run.ts";

/** Another program's live database, opened anew for each read and closed at once. */
export interface DatabaseReader {
  /** Runs `use` on one consistent state. Throws `unreachable` (locked), `malformed` (corrupt), `denied`, `not_found`. */
  read<T>(use: (db: Database) => T): Promise<T>;
  /** Equal as long as nothing was committed; undefined when it cannot tell. Throws `not_found`. */
  gate(): Promise<string | undefined>;
  /** Removes the private copy, if one had to be made. */
  close(): Promise<void>;
}

const attempts = 6;
const waitMs = 50;
const headerBytes = 32;
/** A file changed less than this ago may change again without another time or size. */
const settledMs = 2000;
/** A larger database is not copied: it is read when its owner runs, or after it was closed well. */
const maxCopyBytes = 2 * 1024 ** 3;
export function databaseReader(host: Host, path: string): DatabaseReader {
  let copy: { readonly stamp: string; readonly folder: string } | undefined;

  async function close(): Promise<void> {
    if (copy !== undefined) await rm(copy.folder, { recursive: true, force: true });
    copy = undefined;
  }

  async function copied(): Promise<string> {
    const before = await stamp(path);
    if (copy?.stamp === before) return join(copy.folder, "db");
    await close();
    copy = { stamp: before, folder: await mkdtemp(join(host.temp, "tracecraft-db-")) };
    const { size } = await stat(path);
    if (size > maxCopyBytes) throw failed(path, "its owner left it open, and it is too large to copy");
    await copyFile(path, join(copy.folder, "db"), constants.COPYFILE_FICLONE);
    await copyFile(`${path}-wal`, join(copy.folder, "db-wal")).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
    // Pages that a checkpoint moves meanwhile are still in the log, unless it began anew.
    if ((await stamp(path)) !== before) throw new Changed();
    return join(copy.folder, "db");
  }

  async function once<T>(use: (db: Database) => T): Promise<T> {
    const { db, wal, shm, journal } = await look(path);
    if (db === undefined) throw new TracecraftError("not_found", `Cannot read "${path}": no such file`);
    const writable = await access(dirname(path), constants.W_OK).then(
      () => true,
      () => false,
    );
    // Its owner has it open, or died with it open: both files are there and stay as they are.
    if (wal !== undefined && shm !== undefined && writable) return run(path, use);
    if (size(wal) === 0n) {
      if (size(journal) > 0n && (await isHot(`${path}-journal`))) throw new Changed();
      // Alone and at rest. An ordinary open would create -wal and -shm beside it and leave them there.
      const url = pathToFileURL(path);
      url.searchParams.set("immutable", "1");
      const before = await stamp(path);
      const answer = run(url.href, use);
      if ((await stamp(path)) !== before) throw new Changed();
      return answer;
    }
    return run(await copied(), use);
  }

  return {
    async read(use) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(use);
        } catch (error) {
          if (attempt === attempts || !isPassing(error)) throw explained(path, error);
          await wait(waitMs * attempt);
        }
      }
    },

    async gate() {
      const { db, wal } = await look(path);
      if (db === undefined) throw new TracecraftError("not_found", `Cannot read "${path}": no such file`);
      const newest = Math.max(Number(db.mtimeMs), Number(wal?.mtimeMs ?? 0n));
      return host.now() - newest < settledMs ? undefined : stamp(path);
    },

    close,
  };
}

async function look(path: string) {
  const [db, wal, shm, journal] = await Promise.all(
    ["", "-wal", "-shm", "-journal"].map((end) => statOf(path + end)),
  );
  return { db, wal, shm, journal };
}

const size = (stats: BigIntStats | undefined): bigint => stats?.size ?? 0n;

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw unreadable(path, error);
  }
}

/** What changes with every commit: sizes, times and inodes, and the salts in the head of the log. */
async function stamp(path: string): Promise<string> {
  const { db, wal, journal } = await look(path);
  const parts = [db, wal, journal].map((s) => (s === undefined ? "" : `${s.ino} ${s.size} ${s.mtimeNs}`));
  const head = wal === undefined ? "" : await startOf(`${path}-wal`);
  return createHash("sha256")
    .update([...parts, head].join("|"))
    .digest("hex");
}

/** A transaction is being written, or was when its writer died: the database alone is not whole. */
async function isHot(journal: string): Promise<boolean> {
  return /[1-9a-f]/.test((await startOf(journal)).slice(0, 16));
}

async function startOf(path: string): Promise<string> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { buffer } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return buffer.toString("hex");
  } finally {
    await file.close();
  }
}

/** The source changed under the read. */
class Changed extends Error {}

const busy = [5, 6]; // SQLITE_BUSY, SQLITE_LOCKED.
const opening = [10, 14]; // SQLITE_IOERR and SQLITE_CANTOPEN come and go while a writer opens and closes.
const corrupt = [11, 26]; // SQLITE_CORRUPT, SQLITE_NOTADB.

function sqliteCode(error: unknown): number {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : 0;
}

function isPassing(error: unknown): boolean {
  return error instanceof Changed || [...busy, ...opening].includes(sqliteCode(error));
}

function explained(path: string, error: unknown): unknown {
  if (error instanceof TracecraftError) {
    const { code, message, cause, hint, details } = error;
    return new TracecraftError(code, message, { cause, hint, details: { path, ...details } });
  }
  if (error instanceof Changed) return failed(path, "its owner is writing to it without pause");
  const code = sqliteCode(error);
  if (busy.includes(code)) return failed(path, "its owner has locked it", error);
  if (corrupt.includes(code)) return newer(path, "not a whole SQLite database", error);
  if (code === 1) return newer(path, "its tables are not those of a version known here", error);
  return code > 0 ? failed(path, "SQLite cannot open it", error) : unreadable(path, error);
}

function failed(path: string, state: string, cause?: unknown): TracecraftError {
  return new TracecraftError("unreachable", `Cannot read "${path}": ${state}`, { cause, details: { path } });
}

function newer(path: string, state: string, cause: unknown): TracecraftError {
  return new TracecraftError("malformed", `Cannot read "${path}": ${state}`, { cause, details: { path } });
}
