import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { asTracecraftError, type TracecraftError } from "../errors.ts";
import { isFields, type Fields } from "./events.ts";
import type { Attachment, Folder, Found, Session } from "./harness.ts";
import { valuesOf } from "./json-values.ts";
import { isGone, unreadable } from "./plain-file.ts";
import { unpacked } from "./zstd.ts";

/** How much of a transcript is looked at to learn what it is. The first cwd was rarely seen beyond 27 KiB. */
const headBytes = 64 * 1024;
const longHeadBytes = 4 * 1024 * 1024;

/** The entries of a folder in the order of their names; none where there is no folder. */
export async function entries(folder: string): Promise<Dirent[]> {
  try {
    const found = await readdir(folder, { withFileTypes: true });
    return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isGone(error)) return [];
    throw unreadable(folder, error);
  }
}

/** The paths of the folders in a folder. Links to folders count: projects are often linked. */
export async function foldersIn(folder: string): Promise<string[]> {
  const found = (await entries(folder)).filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  return found.map((entry) => join(folder, entry.name));
}

/** The regular files in a folder whose name fits. A link is none: what it points to is not the harness's own. */
export async function filesIn(folder: string, name: RegExp): Promise<string[]> {
  return (await entries(folder))
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((e) => e.name);
}

/** The regular files below a folder whose name fits, as paths relative to it with "/", to a depth of eight. */
export async function filesBelow(folder: string, name: RegExp, depth = 8): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await entries(folder)) {
    if (entry.isFile() && name.test(entry.name)) found.push(entry.name);
    if (!entry.isDirectory() || depth === 0) continue;
    const below = await filesBelow(join(folder, entry.name), name, depth - 1);
    found.push(...below.map((path) => `${entry.name}/${path}`));
  }
  return found;
}

/** Size and last change of a file; undefined when it is gone. */
export async function about(path: string): Promise<{ size: number; changedAt: number } | undefined> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { size, changedAt: mtimeMs };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw unreadable(path, error);
  }
}

/** The start of a transcript. */
export interface Head {
  /** In its whole lines. */
  readonly objects: readonly Fields[];
  /** The file ends here, and each of its lines is objects. */
  readonly complete: boolean;
}

/**
 * The start of a transcript: 64 KiB of it, or 4 MiB where in those there is nothing that is wanted, which is any object
 * unless it is said. Empty when the file is gone.
 */
export async function headOf(path: string, isWanted: (line: Fields) => boolean = () => true): Promise<Head> {
  const read = async (bytes: number): Promise<Head & { more: boolean }> => {
    const head = await (path.endsWith(".zst") ? packedHead(path, bytes) : piece(path, 0, bytes));
    const more = head.length === bytes; // Its last line may be cut.
    const { objects, whole } = objectsIn(more ? head.subarray(0, head.lastIndexOf(0x0a) + 1) : head);
    return { objects, complete: whole && !more, more };
  };
  const head = await read(headBytes);
  return head.more && !head.objects.some(isWanted) ? await read(longHeadBytes) : head;
}

/** The objects in the last 64 KiB. */
export async function tailOf(path: string, size: number): Promise<Fields[]> {
  return objectsIn(await piece(path, Math.max(0, size - headBytes), headBytes)).objects;
}

async function packedHead(path: string, wanted: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of unpacked(path)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= wanted) break;
  }
  return Buffer.concat(chunks).subarray(0, wanted);
}

async function piece(path: string, from: number, bytes: number): Promise<Buffer> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, from);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isGone(error)) return Buffer.alloc(0);
    throw unreadable(path, error);
  }
}

function objectsIn(bytes: Buffer): { objects: Fields[]; whole: boolean } {
  const objects: Fields[] = [];
  let whole = true;
  for (let at = 0; at < bytes.length;) {
    const lf = bytes.indexOf(0x0a, at);
    const end = lf < 0 ? bytes.length : lf;
    const values = valuesOf(bytes.subarray(at, end)) ?? [undefined];
    objects.push(...values.filter(isFields));
    whole &&= values.every(isFields);
    at = end + 1;
  }
  return { objects, whole };
}

/** The names of a folder. What is asked for may be in it, too. */
export interface Names extends Iterable<string> {
  /** Whether that is the folder, by any of its names, or one in it where such are wanted. */
  has(cwd: string): boolean;
  readonly below: boolean;
}

/** A folder as the system names it, in NFC, and as it was given: a transcript may say either. */
export async function namesOf(folder: Folder): Promise<Names> {
  const below = typeof folder !== "string";
  const given = below ? folder.below : folder;
  const real = await realpath(given).catch(() => given);
  const names = new Set([real.normalize("NFC"), given.normalize("NFC")]);
  const bare = [...names].map((name) => name.replace(/[/\\]$/, ""));
  const starts = bare.flatMap((name) => (below ? [`${name}/`, `${name}\\`] : []));
  const isForeign = (below && folder.foreign) || (() => false);
  return {
    has(cwd) {
      const name = cwd.normalize("NFC");
      return names.has(name) || (starts.some((start) => name.startsWith(start)) && !isForeign(cwd));
    },
    below,
    [Symbol.iterator]: () => names.values(),
  };
}

/** Whether a session id may be part of a key, and so of a path. */
export function isKeyName(id: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id);
}

/** A name fit for a key: other characters become "-", and then, or past 128, a hash of the whole keeps it unique. */
export function sessionId(...parts: readonly string[]): string {
  const whole = parts.join(".");
  const fit = whole.replaceAll(/[^A-Za-z0-9._-]/g, "-").replace(/^[._-]+/, "");
  if (fit === whole && fit.length <= 128 && fit !== "") return fit;
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  return `${fit.slice(0, 119)}${fit === "" ? "x" : ""}-${hash}`;
}

/** The file as an attachment of that name, when it is there. */
export async function attachment(name: string, path: string): Promise<Attachment[]> {
  const found = await about(path);
  return found === undefined ? [] : [{ name, path, size: found.size }];
}

/** Collects sessions from many sources: what one of them throws is a problem of that one and hides no other. */
export function collector() {
  const sessions: Session[] = [];
  const problems: TracecraftError[] = [];
  const warnings: string[] = [];
  return {
    warnings,
    async from(source: () => Promise<readonly Session[]>): Promise<void> {
      try {
        sessions.push(...(await source()));
      } catch (error) {
        problems.push(asTracecraftError(error));
      }
    },
    found: (): Found => ({
      sessions: newestOfEach(sessions.toSorted(byActivity), warnings),
      problems,
      warnings,
    }),
  };
}

export type Collector = ReturnType<typeof collector>;

/** A session that was moved may lie in two places for a while: the one written last is it. */
function newestOfEach(sessions: readonly Session[], warnings: string[]): Session[] {
  const found = new Map<string, Session>();
  for (const session of sessions) {
    if (!found.has(session.id)) found.set(session.id, session);
    else
      warnings.push(
        `session ${session.id} is also at ${session.paths[0] ?? ""}, which is older and was not read`,
      );
  }
  return [...found.values()];
}

function byActivity(a: Session, b: Session): number {
  const live = Number(b.live ?? false) - Number(a.live ?? false);
  return live || (b.activeAt ?? 0) - (a.activeAt ?? 0) || (a.id < b.id ? -1 : 1);
}
