import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDiskFull, TracecraftError } from "../errors.ts";
import { makeFolder } from "../store/make-folder.ts";

/** Puts a file in place whole, by a rename. A full disk is `disk_full`, anything else `config`; nothing is left behind. */
export function replaceFile(path: string, text: string, mode: number): void {
  const temporary = join(dirname(path), `.tracecraft-${randomBytes(6).toString("hex")}.tmp`);
  try {
    makeFolder(dirname(path), 0o700);
    writeFileSync(temporary, text, { mode, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    discard(temporary);
    const { code, message } = error as NodeJS.ErrnoException;
    const full = isDiskFull(error);
    const state = full
      ? "no space left"
      : code === "EACCES" || code === "EPERM"
        ? "permission denied"
        : message;
    throw new TracecraftError(full ? "disk_full" : "config", `Cannot write "${path}": ${state}`);
  }
}

/** Removes a file that may never have come to be, where its folder may be none. */
export function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // There is nothing to remove.
  }
}
