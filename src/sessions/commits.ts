import { correctedNow } from "../coord/clock.ts";
import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { partKey } from "../format/keys.ts";
import { formatTime } from "../format/records.ts";
import type { Cursor, Session } from "../harness/harness.ts";
import type { Redactor } from "../redact/redact.ts";
import type { Attached } from "./attachments.ts";
import { commitManifest } from "./manifest.ts";
import {
  beginManifest,
  type Added,
  nextSeq,
  withAttachments,
  withDescription,
  withGeneration,
  withPart,
} from "./manifest-changes.ts";
import { partName, type Manifest } from "./manifest-record.ts";
import type { Part } from "./part.ts";
import { uploadFresh } from "./upload.ts";

export interface UploadedPart {
  readonly part: string;
  readonly sourceBytes: number;
  readonly uploadedBytes: number;
  readonly redactions: Readonly<Record<string, number>>;
}

export interface CommitOptions {
  readonly harness: string;
  readonly redactor: Redactor | undefined;
  readonly base: Found<Manifest> | undefined;
  /** Ends when the store may be written to. */
  ready(): Promise<unknown>;
  /** The attachments, put before a manifest names them. */
  attach(): Promise<Attached>;
  uploaded(part: UploadedPart): void;
}

/**
 * The commits of one pass over one session, one after the other, each by compare-and-set on what the one before left:
 * the part first, then the manifest that names it and has the cursor after it.
 */
export function committer(project: Project, session: Session, options: CommitOptions) {
  const { harness, redactor, ready, attach, uploaded } = options;
  const at = () => formatTime(correctedNow(project));
  const described = describe(session, redactor);
  let { base } = options;
  let manifest = beginManifest(base?.record, { harness, session, agent: project.agent, at: at() });
  let onItsWay: Promise<boolean> | undefined;

  const begun = (from: Manifest, why: string | undefined): Manifest =>
    why === undefined ? from : withGeneration(from, why, at());
  async function commit(next: Manifest): Promise<"in" | "in, and overtaken" | "overtaken"> {
    const outcome = await commitManifest(project, base, next);
    base = outcome.now;
    if (!outcome.committed) return "overtaken";
    manifest = outcome.now.record;
    return outcome.ahead ? "in, and overtaken" : "in";
  }

  async function upload(part: Part): Promise<boolean> {
    await ready();
    const { changed } = await attach();
    const uuid = project.world.randomHex(4);
    const seq = nextSeq(manifest);
    await uploadFresh(project, partKey(harness, session.id, seq, uuid), part.body);
    const added = withPart(begun(manifest, part.began), addedBy(part, uuid, at(), redactor !== undefined));
    const next = { ...withAttachments(added, changed), agent_id: project.agent, cursor: { ...part.cursor } };
    const ended = session.ended === true ? (manifest.ended_at ?? at()) : null;
    const outcome = await commit(withDescription(next, described, ended));
    if (outcome === "overtaken") return false;
    const { sourceBytes, redactions, body } = part;
    uploaded({ part: partName(seq, uuid), sourceBytes, uploadedBytes: body.size, redactions });
    return outcome === "in";
  }

  return {
    get base(): Found<Manifest> | undefined {
      return base;
    },
    get manifest(): Manifest {
      return manifest;
    },
    /** Whether anything was sent. */
    any: (): boolean => onItsWay !== undefined,

    /** Sends a part on its way once the one before is in. False: another mirror went on meanwhile. */
    async put(part: Part): Promise<boolean> {
      if (onItsWay && !(await onItsWay)) return false;
      onItsWay = upload(part);
      onItsWay.catch(() => undefined); // Whoever waits for it next is told.
      return true;
    },

    /**
     * Waits for the last part, then commits what came without lines: attachments, a title, the end, a generation of a
     * source that was emptied. False: another mirror went on meanwhile.
     */
    async finish(cursor: Cursor | undefined, emptied: string | undefined): Promise<boolean> {
      if (onItsWay && !(await onItsWay)) return false;
      if (manifest.cursor === undefined) return true; // Nothing of this session is there to be described.
      const { changed } = await attach();
      const began = emptied === undefined ? manifest : { ...begun(manifest, emptied), cursor: { ...cursor } };
      const ended = session.ended === true ? (manifest.ended_at ?? at()) : (manifest.ended_at ?? null);
      const next = withDescription(withAttachments(began, changed), described, ended);
      if (next === manifest) return true;
      await ready();
      return (await commit({ ...next, agent_id: project.agent })) === "in";
    },

    async overtaken(): Promise<{ now: Found<Manifest> | undefined; end: undefined }> {
      await onItsWay?.catch(() => undefined);
      return { now: base, end: undefined };
    },

    async settled(): Promise<void> {
      await onItsWay?.catch(() => undefined);
    },
  };
}

function addedBy(part: Part, uuid: string, at: string, redacted: boolean): Added {
  return {
    uuid,
    source_bytes: part.sourceBytes,
    uploaded_bytes: part.body.size,
    redactions: { ...part.redactions },
    uploaded_at: at,
    count: part.records,
    sha256: part.body.sha256,
    malformed: part.malformed,
    oversize: part.oversize,
    ...(!redacted && { redacted }),
  };
}

function describe(session: Session, redactor: Redactor | undefined) {
  const clean = (text: string | undefined) =>
    text === undefined ? null : (redactor?.text(text).text ?? text);
  return {
    source_path: clean(session.paths[0]),
    cwd: clean(session.cwd),
    title: clean(session.title),
    parent: session.parent ?? null,
    harness_version: clean(session.version),
  };
}
