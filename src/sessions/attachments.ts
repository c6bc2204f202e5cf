import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { Project } from "../coord/project.ts";
import { attachmentKey } from "../format/keys.ts";
import type { Attachment, Host, Session } from "../harness/harness.ts";
import type { Redactor } from "../redact/redact.ts";
import { fileMark, whenStill } from "./fingerprint.ts";
import type { AttachmentEntry } from "./manifest-record.ts";
import { uploadFresh } from "./upload.ts";

/** A larger file is named and left out: an attachment is redacted as one record. */
const attachmentLimit = 64 * 1024 * 1024;
/** What a reader takes: the marks of redaction may be longer than what they stand for. */
export const attachmentReadLimit = 2 * attachmentLimit;

/** Of one that changes while it is read. */
const mostReads = 3;

export interface Attached {
  /** What the manifest is to name from now on. */
  readonly changed: readonly AttachmentEntry[];
  /** By name, for the next time. */
  readonly marks: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface AttachOptions {
  readonly harness: string;
  readonly host: Host;
  readonly redactor: Redactor | undefined;
  /** As the manifest has them. */
  readonly known: readonly AttachmentEntry[];
  /** Marks of the last time. */
  readonly marks: Readonly<Record<string, string>>;
  /** Called before the first write. */
  ready(): Promise<unknown>;
}

/**
 * Puts the attachments of a session that the manifest does not have yet, each redacted as a whole. A file that was
 * mirrored and has not changed is not read again. One that vanishes meanwhile is left out.
 */
export async function mirrorAttachments(
  project: Project,
  session: Session,
  options: AttachOptions,
): Promise<Attached> {
  const { host, harness, redactor, known } = options;
  const changed: AttachmentEntry[] = [];
  const marks: Record<string, string> = {};
  const warnings: string[] = [];
  for (const { name, path } of session.attachments ?? []) {
    const shownName = redactor?.text(name).text ?? name;
    const there = known.find((entry) => entry.name === shownName);
    const mark = await fileMark(host, path);
    if (there && mark !== undefined && options.marks[name] === mark) {
      marks[name] = mark;
      continue;
    }
    const file = await wholeFile(host, { name, path });
    if (typeof file === "string") warnings.push(`${session.id}: ${file}`);
    if (file === undefined || typeof file === "string") continue;
    const { bytes, counts } = redactor?.line(file) ?? { bytes: file, counts: {} };
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (there?.sha256 !== sha256) {
      await options.ready();
      await uploadFresh(project, attachmentKey(harness, session.id, sha256), bytes);
      changed.push({ name: shownName, sha256, size: bytes.length, redactions: counts });
    }
    if (mark !== undefined) marks[name] = mark;
  }
  return { changed, marks, warnings };
}

/**
 * The bytes of a file that nobody was writing meanwhile: the end of half a file may be half a secret, in which no rule
 * sees one. Undefined when it is gone; words about why it is left out.
 */
async function wholeFile(
  host: Host,
  { name, path }: Pick<Attachment, "name" | "path">,
): Promise<Uint8Array | string | undefined> {
  for (let reads = 0; reads < mostReads; reads++) {
    const before = await whenStill(host, path);
    if (before === "gone") return undefined;
    if (before === "busy") break;
    const file = await bytesOf(name, path);
    if (file === undefined || typeof file === "string") return file;
    if ((await whenStill(host, path)) === before) return file;
  }
  return `attachment ${name} is being written: the next mirror takes it`;
}

async function bytesOf(name: string, path: string): Promise<Uint8Array | string | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > attachmentLimit)
        return `attachment ${name} has ${size} bytes, over the limit of ${attachmentLimit}`;
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    return `attachment ${name} cannot be read (${code ?? "unknown"})`;
  }
}
