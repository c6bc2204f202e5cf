import { createHash, randomBytes } from "node:crypto";
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LocalState } from "../coord/project.ts";
import { discard } from "./private-file.ts";
import { makeFolder } from "../store/make-folder.ts";

/** Longer names become a hash: file systems take 255 bytes. */
const segmentLimit = 180;
// Outside of what an encoded segment may hold, so that no folder can have the name of a file.
const suffix = "~.json";
const sizeLimit = 64 * 1024 * 1024;

export interface FileLocalState extends LocalState {
  /** Writes where nothing is, in one step: the value that is there afterwards, whoever wrote it. */
  create(name: string, value: unknown): unknown;
}

/**
 * Values as files of this user's own (600, in folders 700), each replaced by a rename, so that a reader sees all of a
 * value or the one before. What cannot be written is told to `failed` and forgotten: this is a cache.
 */
export function fileLocalState(folder: string, failed: (error: Error) => void): FileLocalState {
  const pathOf = (name: string) => join(folder, ...name.split("/").map(encode)) + suffix;

  const state: FileLocalState = {
    read: (name) => readValue(pathOf(name))?.value,

    write(name, value) {
      const path = pathOf(name);
      try {
        if (readText(path) === textOf(name, value)) return; // A read costs a tenth of a write.
        put(path, name, value, (temporary) => renameSync(temporary, path));
      } catch (error) {
        failed(error as Error);
      }
    },

    remove(name) {
      try {
        rmSync(pathOf(name), { force: true });
      } catch (error) {
        failed(error as Error);
      }
    },

    names(prefix) {
      const within = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      const start = join(folder, ...within.split("/").filter(Boolean).map(encode));
      return [...namesIn(start, within)].filter((name) => name.startsWith(prefix)).toSorted();
    },

    create(name, value) {
      const path = pathOf(name);
      try {
        if (readText(path) === textOf(name, value)) return; // A read costs a tenth of a write.
        put(path, name, value, (temporary) => {
          linkSync(temporary, path);
          rmSync(temporary);
        });
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
        const there = state.read(name);
        if (there !== undefined) return there;
        put(path, name, value, (temporary) => renameSync(temporary, path)); // Damaged: it reads as absent.
      }
      return value;
    },
  };
  return state;
}

/** A temporary file beside it, which `place` then puts in its place. Folders are made when they are missed. */
function put(path: string, name: string, value: unknown, place: (temporary: string) => void): void {
  const temporary = join(dirname(path), `.${randomBytes(6).toString("hex")}.tmp`);
  const text = textOf(name, value);
  try {
    try {
      writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      makeFolder(dirname(path), 0o700);
      writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
    }
    place(temporary);
  } catch (error) {
    discard(temporary);
    throw error;
  }
}

function* namesIn(folder: string, before: string): Generator<string> {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const segment = decode(entry.name);
      if (segment !== undefined) yield* namesIn(path, `${before}${segment}/`);
    } else if (entry.name.endsWith(suffix)) {
      const segment = decode(entry.name.slice(0, -suffix.length));
      const name = segment === undefined ? readValue(path)?.name : before + segment;
      if (typeof name === "string") yield name;
    }
  }
}

function readValue(path: string): { name?: unknown; value?: unknown } | undefined {
  try {
    const text = readText(path);
    const found: unknown = text === undefined || text.length > sizeLimit ? undefined : JSON.parse(text);
    return typeof found === "object" && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function textOf(name: string, value: unknown): string {
  return JSON.stringify({ name, value });
}

function encode(segment: string): string {
  const made = segment.replaceAll(/[^A-Za-z0-9._-]|^\.+/gu, (found) =>
    [...Buffer.from(found)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
  if (made.length <= segmentLimit && made !== "") return made;
  return `~${createHash("sha256").update(segment).digest("hex").slice(0, 32)}`;
}

/** Undefined for a hash, whose name only the file itself has. */
function decode(encoded: string): string | undefined {
  if (encoded.startsWith("~")) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
