import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Host, Session } from "../harness/harness.ts";

/** A file changed this recently may change again without another time of change: disks count coarsely. */
const racyMs = 2_000;
/** Whoever writes a file in one go is done when nothing came for so long. */
const stillMs = 500;
const mostLooks = 4;

export interface Fingerprint {
  /** The same text again: nothing was written since. Undefined while that cannot be told from the outside. */
  readonly text: string | undefined;
  /** Of the source that would be read; 0 where it is not there. */
  readonly size: number;
}

/**
 * What the file system says of a session without opening anything: which file it is, its size and time of change, and
 * those of a database's write-ahead log; and what the harness says of it. To be taken before the source is read.
 */
export async function fingerprintOf(host: Host, session: Session): Promise<Fingerprint> {
  const { id, paths, key, cwd, parent, title, ended, version, attachments = [] } = session;
  const source = await firstOf(paths);
  const log = source === undefined || key === undefined ? undefined : await look(`${source.path}-wal`);
  const files = await Promise.all(attachments.map(({ path }) => look(path)));
  const changedAt = Math.max(...[source, log, ...files].map((file) => file?.changedAt ?? 0));
  const parts = [
    id,
    key,
    cwd,
    parent,
    title,
    ended,
    version,
    source,
    log,
    files,
    attachments.map(({ name }) => name),
  ];
  const settled = host.now() - changedAt >= racyMs;
  return {
    text: settled ? createHash("sha256").update(JSON.stringify(parts)).digest("hex") : undefined,
    size: source?.size ?? 0,
  };
}

/** One file, as a word that is another one when the file is. Undefined when it is gone. */
export async function fileMark(host: Host, path: string): Promise<string | undefined> {
  const file = await look(path);
  return file === undefined || host.now() - file.changedAt < racyMs ? undefined : file.mark;
}

/**
 * Waits until nothing was written to a file for a moment. Answers a word that is another one once it is written again,
 * or says that it is gone, or that it is written all the time.
 */
export async function whenStill(host: Host, path: string): Promise<string | "gone" | "busy"> {
  for (let looks = 0; looks < mostLooks; looks++) {
    const file = await look(path);
    if (file === undefined) return "gone";
    const ageMs = host.now() - file.changedAt;
    if (ageMs < 0 || ageMs >= stillMs) return file.mark; // Or a clock that is no help.
    await setTimeout(stillMs - ageMs);
  }
  return "busy";
}

async function firstOf(paths: readonly string[]): Promise<(Look & { readonly path: string }) | undefined> {
  for (const path of paths) {
    const found = await look(path);
    if (found !== undefined) return { ...found, path };
  }
  return undefined;
}

interface Look {
  readonly mark: string;
  readonly size: number;
  readonly changedAt: number;
}

async function look(path: string): Promise<Look | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    const changedAt = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
    return { mark: `${dev}-${ino}-${size}-${mtimeNs}-${ctimeNs}`, size: Number(size), changedAt };
  } catch {
    return undefined; // Whoever reads it says why.
  }
}
