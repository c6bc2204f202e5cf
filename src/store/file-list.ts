import { readdirSync, type Dirent } from "node:fs";
import { join } from "node:path";
import type { Keep } from "./file-row.ts";
import { TracecraftError } from "../errors.ts";
import { arrivalOf, isAbsent, removeIfThere, statIfThere, timeThere } from "./file-disk.ts";
import { keyOf, nameOf, prefixOf } from "./file-names.ts";
import { isThere, placeOf, type Place } from "./file-root.ts";
import { find, versionOf } from "./file-row.ts";
import type { Listed, Page } from "./store.ts";

const usualPage = 1000;

/**
 * The pages of a listing. Names are gathered first, versions looked up page by page: a key that comes meanwhile may be
 * missing, one that goes is left out. Files that are not ours, and symbolic links, are passed over. Removes old
 * temporary names that it meets.
 */
export function* listFiles(
  root: string | undefined,
  prefix: string,
  after: string,
  keep: Keep,
  pageSize = usualPage,
): Generator<Page> {
  let storeNow = root === undefined ? undefined : timeThere(root);
  const keys = root === undefined ? [] : gather(root, prefix, after, { now: storeNow, keep });
  for (let start = 0; start === 0 || start < keys.length; start += pageSize) {
    if (start > 0) storeNow = timeThere(root!);
    const objects: Listed[] = [];
    for (const { key, row } of keys.slice(start, start + pageSize)) {
      const listed = describe(placeOf(root!, key), row, keep);
      if (listed) objects.push(listed);
    }
    yield { storeNow, objects };
  }
}

/** A key that may be there, and whether a row was seen for it, not only its one file. */
interface Candidate {
  readonly key: string;
  readonly row: boolean;
}

interface Sweep {
  readonly now: number | undefined;
  readonly keep: Keep;
}

/** Undefined for what is gone, and for what `get` says is malformed: one planted file must not hide the others. */
function describe(place: Place, row: boolean, keep: Keep): Listed | undefined {
  const stat = row ? undefined : statIfThere(place.plain);
  if (stat?.isFile()) {
    return {
      key: place.key,
      size: Number(stat.size),
      version: versionOf(1, stat),
      writtenAt: arrivalOf(stat),
    };
  }
  try {
    const { current } = find(place, keep);
    if (current === undefined || current.deleted) return undefined;
    return {
      key: place.key,
      size: current.size,
      version: current.version,
      writtenAt: current.writtenAt,
    };
  } catch (error) {
    if (error instanceof TracecraftError && error.code === "malformed") return undefined;
    throw error;
  }
}

/** Sorted by their bytes: as text in Latin-1 they compare as such. */
function gather(root: string, prefix: string, after: string, sweep: Sweep): Candidate[] {
  const start = startOf(prefix);
  if (start === undefined || !isThere(root, join(root, start))) return [];
  const from = byteText(after);
  const found = new Map<string, Candidate>();
  for (const { path, row } of walk(root, start, prefix, sweep)) {
    const key = keyOf(path);
    if (key === undefined || !key.startsWith(prefix)) continue;
    const bytes = byteText(key);
    if (bytes > from) found.set(bytes, { key, row: row || found.get(bytes)?.row === true });
  }
  return [...found.keys()].toSorted((a, b) => (a < b ? -1 : 1)).map((bytes) => found.get(bytes)!);
}

/** The deepest folder that holds every key of that prefix; undefined where there can be none. */
function startOf(prefix: string): string | undefined {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf("/")));
  if (folder === "") return prefix.startsWith("/") ? undefined : "";
  try {
    const { directory, name } = nameOf(folder);
    return directory ? `${directory}/${name}` : name;
  } catch {
    return undefined; // No key begins like that.
  }
}

/** Escaped paths of whatever may be a key. */
function* walk(
  root: string,
  directory: string,
  prefix: string,
  sweep: Sweep,
): Generator<{ readonly path: string; readonly row: boolean }> {
  const below = (name: string) => (directory ? `${directory}/${name}` : name);
  for (const entry of entriesOf(join(root, directory))) {
    const path = below(entry.name);
    if (entry.name === ".v" && entry.isDirectory()) {
      for (const row of entriesOf(join(root, path)))
        if (row.isDirectory()) yield { path: below(row.name), row: true };
    } else if (entry.name.startsWith(".t")) {
      removeOld(join(root, path), sweep);
    } else if (entry.name.startsWith(".")) {
      continue;
    } else if (entry.isFile()) {
      yield { path, row: false };
    } else if (entry.isDirectory()) {
      const start = prefixOf(path);
      if (start === undefined || start.startsWith(prefix) || prefix.startsWith(start)) {
        yield* walk(root, path, prefix, sweep);
      }
    }
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** What a killed writer left. Whoever may not remove it leaves it. */
function removeOld(path: string, { now, keep }: Sweep): void {
  try {
    const stat = statIfThere(path);
    if (now !== undefined && stat?.isFile() && arrivalOf(stat) < now - keep.temporariesMs)
      removeIfThere(path);
  } catch {
    // Another user's.
  }
}

function byteText(key: string): string {
  return Buffer.from(key).toString("latin1");
}
