import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../store/make-folder.ts";

/** Larger objects are not kept, … */
const objectLimit = 16 * 1024 * 1024;
/** … and of all that are kept the least lately used go past this. */
const totalLimit = 512 * 1024 * 1024;

/** Immutable objects that this machine has read, as files of this user's own. It may be lost, and no error of it matters. */
export interface ObjectCache {
  /** The bytes with that SHA-256; undefined where they are not kept, or not whole. */
  read(sha256: string): Promise<Uint8Array | undefined>;
  keep(sha256: string, bytes: Uint8Array): Promise<void>;
  /** The same for objects that only a name tells apart, such as their key and version. */
  readNamed(name: string): Promise<Uint8Array | undefined>;
  keepNamed(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes what is too much. To be called once, at the end. */
  trim(): Promise<void>;
}

export function objectCache(folder: string): ObjectCache {
  let kept = 0;

  async function take(file: string): Promise<Uint8Array | undefined> {
    const path = join(folder, file);
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes === undefined) return undefined;
    const now = new Date();
    await utimes(path, now, now).catch(() => undefined);
    return bytes;
  }

  async function put(file: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > objectLimit) return;
    const temporary = join(folder, `.${randomBytes(6).toString("hex")}.tmp`);
    try {
      makeFolder(folder, 0o700);
      await writeFile(temporary, bytes, { mode: 0o600, flag: "wx" });
      await rename(temporary, join(folder, file));
      kept++;
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  return {
    async read(sha256) {
      const bytes = isHash(sha256) ? await take(sha256) : undefined;
      return bytes && hashOf(bytes) === sha256 ? bytes : undefined;
    },
    async keep(sha256, bytes) {
      if (isHash(sha256)) await put(sha256, bytes);
    },
    readNamed: (name) => take(`n-${hashOf(name)}`),
    keepNamed: (name, bytes) => put(`n-${hashOf(name)}`, bytes),

    async trim() {
      if (kept === 0) return;
      const names = await readdir(folder).catch(() => []);
      const files = await Promise.all(
        names.map(async (name) => ({ name, found: await stat(join(folder, name)).catch(() => undefined) })),
      );
      let total = 0;
      for (const { name, found } of files.toSorted(
        (a, b) => (b.found?.mtimeMs ?? 0) - (a.found?.mtimeMs ?? 0),
      )) {
        total += found?.size ?? 0;
        if (total > totalLimit) await rm(join(folder, name), { force: true }).catch(() => undefined);
      }
    },
  };
}

function hashOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
