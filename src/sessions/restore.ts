import { createHash } from "node:crypto";
import { lstat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { landing } from "../coord/local-file.ts";
import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { TracecraftError } from "../errors.ts";
import { attachmentKey } from "../format/keys.ts";
import { isSafePath } from "../format/names.ts";
import { inCheckout } from "../harness/checkout.ts";
import { attachmentReadLimit } from "./attachments.ts";
import { contentOf, isTooLong, linesOf } from "./content.ts";
import type { AttachmentEntry, Manifest } from "./manifest-record.ts";
import { makeFolder } from "../store/make-folder.ts";

/** A mirrored line has at most 256 MiB, and a little more once it was redacted. */
const lineLimit = 300 * 1024 * 1024;

/** The folder that a session says it worked in, and the one it is to say. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

export interface Restoration {
  /** The folder that nothing may leave; made when it is missing. Absolute, like the others. */
  readonly root: string;
  /** Where the lines go. */
  readonly path: string;
  /** Where the attachments go. */
  readonly attachments: string;
  readonly generation: number | undefined;
  /** Its lines are to name another folder; every other byte stays. Then one line is in memory, else one piece. */
  readonly move?: Move | undefined;
  readonly signal?: AbortSignal;
  progress?(done: number): void;
}

export interface Restored {
  readonly bytes: number;
  readonly records: number;
  readonly attachments: number;
  readonly warnings: readonly string[];
}

/**
 * Puts a mirrored session back as files: the redacted bytes exactly, but for what `move` says, checked against the
 * manifest, each file into its place only when it is whole, and the lines last. A file that is there is `exists`, and
 * then nothing is written. An attachment whose name could leave the folder is named in a warning and left out.
 */
export async function restoreSession(
  project: Project,
  found: Found<Manifest>,
  to: Restoration,
): Promise<Restored> {
  const warnings: string[] = [];
  const { harness, session_id: session } = found.record;
  const files = found.record.attachments.flatMap((entry) => {
    if (isFileName(entry.name)) return { entry, path: join(to.attachments, ...entry.name.split("/")) };
    warnings.push(
      `attachment ${JSON.stringify(entry.name.slice(0, 200))} is left out: its name is no file name`,
    );
    return [];
  });
  for (const { path } of [{ path: to.path }, ...files]) {
    if (await lstat(path).catch(() => undefined)) throw exists(session, path);
  }
  makeFolder(to.root);
  for (const { entry, path } of files) {
    await place(project, to.root, path, session, [await attachmentOf(project, harness, session, entry)]);
  }
  let bytes = 0;
  let records = 0;
  const lines = async function* () {
    let last = 0x0a;
    const content = contentOf(project, found, { generation: to.generation });
    for await (const chunk of to.move ? moved(content, to.move, found) : content) {
      if (to.signal?.aborted) throw new TracecraftError("interrupted", "Interrupted");
      for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) records++;
      bytes += chunk.length;
      last = chunk.at(-1) ?? last;
      to.progress?.(bytes);
      yield chunk;
    }
    if (last === 0x0a) return;
    bytes++;
    records++;
    yield Uint8Array.of(0x0a); // Format 1 may have ended inside a line.
  };
  await place(project, to.root, to.path, session, lines());
  return { bytes, records, attachments: files.length, warnings };
}

async function* moved(
  content: AsyncIterable<Uint8Array>,
  { from, to }: Move,
  { record: { session_id: session } }: Found<Manifest>,
): AsyncGenerator<Uint8Array> {
  for await (const line of linesOf(content, lineLimit)) {
    if (isTooLong(line))
      throw new TracecraftError("malformed", `Cannot restore "${session}": a line has ${line.tooLong} bytes`);
    yield inCheckout(line, from, to);
    yield Uint8Array.of(0x0a);
  }
}

async function place(
  project: Project,
  root: string,
  path: string,
  session: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const file = await landing(root, path, path, project.world.randomHex(4));
  try {
    for await (const chunk of chunks) await file.write(chunk);
    if (!(await file.place(false))) throw exists(session, path);
  } finally {
    await file.abandon();
  }
}

async function attachmentOf(
  project: Project,
  harness: string,
  session: string,
  { name, sha256, size }: AttachmentEntry,
): Promise<Uint8Array> {
  const key = attachmentKey(harness, session, sha256);
  const object = await project.store.get(key, { limit: attachmentReadLimit });
  const same = object?.size === size && createHash("sha256").update(object.body).digest("hex") === sha256;
  if (object && same) return object.body;
  const why = object ? "hash differs" : "it is not there";
  throw new TracecraftError("malformed", `Cannot restore "${session}": attachment ${name}: ${why}`, {
    details: { key },
  });
}

/** A name out of a bucket that may be a path below a folder: at most eight plain names, none hidden or odd. */
function isFileName(name: string): boolean {
  const segments = name.split("/");
  return (
    isSafePath(name) &&
    segments.length <= 8 &&
    segments.every((segment) => /^[A-Za-z0-9_@+,=() -][^:*?"<>|]{0,200}$/.test(segment))
  );
}

/** Its own folder when it has none yet: the nearest one above that is there, from which links are not followed. */
export async function nearestFolder(path: string): Promise<string> {
  for (let at = dirname(path); ; at = dirname(at)) {
    const found = await lstat(at).catch(() => undefined);
    if (found !== undefined || dirname(at) === at) return at;
  }
}

function exists(session: string, path: string): TracecraftError {
  return new TracecraftError("exists", `Cannot restore "${session}": ${basename(path)} is there already`, {
    hint: `tracecraft session restore ${session} --to ANOTHER`,
    details: { path },
  });
}
