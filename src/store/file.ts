import { closeSync } from "node:fs";
import { TracecraftError } from "../errors.ts";
import type { Keep } from "./file-row.ts";
import { diskError, readBytes, timeThere } from "./file-disk.ts";
import { listFiles } from "./file-list.ts";
import { nameOf } from "./file-names.ts";
import { deleteObject, putObject } from "./file-put.ts";
import { isThere, openRoot, placeOf } from "./file-root.ts";
import { find, openVersion, type Current } from "./file-row.ts";
import type { GetOptions, Store, StoredObject, StoreTraits, Unchanged, Version } from "./store.ts";
import { tooLarge } from "./too-large.ts";

export interface FileStoreOptions {
  /** Under which the keys lie. A "/" at either end says nothing. */
  readonly prefix?: string;
  readonly keep?: Keep;
}

const usualKeep: Keep = { versionsMs: 600_000, temporariesMs: 3_600_000 };
const readAttempts = 100;

/**
 * A directory as a store: the default, for any number of processes of one machine. Nothing waits for a lock, so a
 * process that is killed or stopped at any point blocks nobody, and what was acknowledged survives it. Nothing is
 * forced to the disk: a power cut may lose what was just written. The root is made by the first write. Network and
 * FUSE file systems, and those without hard links, are `unfit_store`. Why it is safe: file-row.ts.
 */
export function fileStore(root: string, options: FileStoreOptions = {}): Store {
  const { keep = usualKeep } = options;
  const prefix = (options.prefix ?? "").replaceAll(/^\/+|\/+$/g, "");
  const full = (key: string) => (prefix ? `${prefix}/${key}` : key);
  const traits: StoreTraits = {
    endpoint: `file://${root}`,
    bucket: "",
    prefix,
    server: undefined,
    conditions: "enforced",
  };

  return {
    name: `file://${root}${prefix && `/${prefix}`}`,
    traits,

    get: (async (key, wanted) => {
      try {
        return readObject(openRoot(root), full(key), key, wanted, keep);
      } catch (error) {
        throw diskError(error, "read", key);
      }
    }) as Store["get"],

    async put(key, body, expect) {
      nameOf(full(key)); // Nothing is made for what is no key.
      try {
        return await putObject(openRoot(root, "make")!, full(key), body, expect, keep);
      } catch (error) {
        throw diskError(error, "write", key);
      }
    },

    async *list(start, after) {
      try {
        const first = after === undefined ? "" : full(after);
        const pages = listFiles(openRoot(root), full(start), first, keep, traits.pageSize);
        for (const { storeNow, objects } of pages) {
          const skip = full("").length;
          yield {
            storeNow,
            objects: objects.map((object) => ({ ...object, key: object.key.slice(skip) })),
          };
        }
      } catch (error) {
        throw diskError(error, "list", start);
      }
    },

    async delete(key) {
      try {
        await deleteObject(openRoot(root), full(key), keep);
      } catch (error) {
        throw diskError(error, "delete", key);
      }
    },
  };
}

function readObject(
  root: string | undefined,
  fullKey: string,
  key: string,
  options: GetOptions & { readonly unless?: Version },
  keep: Keep,
): StoredObject | Unchanged | undefined {
  const place = placeOf(root ?? "/", fullKey);
  if (root === undefined || !(isThere(root, place.row) || isThere(root, place.directory))) return undefined;

  for (let attempt = 0; attempt < readAttempts; attempt++) {
    const { current } = find(place, keep);
    if (current === undefined || current.deleted) return undefined;
    const fd = openVersion(current);
    if (fd === undefined) continue;
    try {
      return readVersion(fd, root, key, current, options);
    } finally {
      closeSync(fd);
    }
  }
  throw new TracecraftError("unreachable", `Cannot read "${key}": it changed at each of our looks`);
}

function readVersion(
  fd: number,
  root: string,
  key: string,
  { version, size, writtenAt }: Current,
  { limit, range, unless }: GetOptions & { readonly unless?: Version },
): StoredObject | Unchanged {
  if (version === unless) return { unchanged: true, version, writtenAt, storeNow: timeThere(root) };

  const [from, to] = range ?? [0, size];
  const start = Math.min(from, size);
  const end = Math.max(start, Math.min(to, size));
  if (end - start > limit) throw tooLarge(key, size, limit);
  return { body: readBytes(fd, start, end), version, size, writtenAt, storeNow: timeThere(root) };
}
