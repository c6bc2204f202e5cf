import type { Project } from "../coord/project.ts";
import { ensureVerdict, stillMatches } from "../coord/verdict.ts";
import { TracecraftError } from "../errors.ts";
import type { Harness, Host, Session } from "../harness/harness.ts";
import type { Redactor } from "../redact/redact.ts";
import { mirrorAttachments, type Attached } from "./attachments.ts";
import type { UploadedPart } from "./commits.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { follow } from "./follow.ts";
import { findManifest } from "./manifest.ts";
import { sourceEnd } from "./manifest-record.ts";
import { mergeParts } from "./merge.ts";
import { usualSizes, type Sizes } from "./part.ts";
import { readState, writeState } from "./mirror-state.ts";

/** Other mirrors of one session go on before us this often before we leave it to them. */
const overtakenLimit = 100;

export interface MirrorOptions {
  readonly harness: Harness;
  readonly host: Host;
  /** Asked for before anything is read; if it throws, nothing is uploaded. Absent: the user said that nothing is to be taken out. */
  readonly redactor?: (() => Promise<Redactor>) | undefined;
  /** Less new source than this, in bytes of whole lines, waits. More than one part never waits. */
  readonly minBytes?: number;
  readonly sizes?: Sizes;
  /** Ends the mirroring after what has been read so far. */
  readonly signal?: AbortSignal;
  uploaded?(part: UploadedPart): void;
  /** Bytes of the source that were read since the last call. */
  progress?(bytes: number): void;
}

export interface Mirrored {
  readonly parts: readonly UploadedPart[];
  /** How many were put or replaced. */
  readonly attachments: number;
  readonly generation: number;
  /** How much of the source is in the bucket, and how much there is, in bytes. */
  readonly cursorBytes: number;
  readonly sizeBytes: number;
  readonly warnings: readonly string[];
}

/**
 * Brings one session into the bucket, from where its manifest stands to the end of its source (design 3.3). A part
 * counts once the manifest names it, so a mirror may be killed at any moment, and any number of them may run at once.
 * Nothing new costs no request. Throws what cannot be read or written; what was committed until then stays.
 */
export async function mirrorSession(
  project: Project,
  session: Session,
  options: MirrorOptions,
): Promise<Mirrored> {
  const { harness, host, signal } = options;
  const fingerprint = await fingerprintOf(host, session);
  const known = readState(project, harness.name, session.id);
  if (fingerprint.text !== undefined && fingerprint.text === known.fingerprint) {
    const { generation, cursorBytes } = known;
    const sizeBytes = Math.max(cursorBytes, session.key === undefined ? fingerprint.size : 0);
    return { parts: [], attachments: 0, generation, cursorBytes, sizeBytes, warnings: [] };
  }

  const redactor = await options.redactor?.();
  let base = known.manifest ?? (await findManifest(project, harness.name, session.id));
  const began = base?.version;
  const ready = once(() => ensureVerdict(project));
  let attached: Attached | undefined;
  const attach = once(async () => {
    const { attachments } = base?.record ?? { attachments: [] };
    const more = {
      host,
      redactor,
      harness: harness.name,
      known: attachments,
      marks: known.attachments,
      ready,
    };
    return (attached = await mirrorAttachments(project, session, more));
  });

  const parts: UploadedPart[] = [];
  const uploaded = (part: UploadedPart): void => {
    parts.push(part);
    options.uploaded?.(part);
  };
  for (let round = 0; round < overtakenLimit; round++) {
    const { now, end } = await follow(project, session, {
      ...options,
      redactor,
      base,
      ready,
      attach,
      uploaded,
    });
    base = now;
    if (end === undefined) continue; // Another mirror went on: so does this one, from where that stands.

    const merged = base && (await mergeParts(project, base, options.sizes ?? usualSizes));
    base = merged?.now ?? base;
    const cursorBytes = base === undefined ? 0 : sourceEnd(base.record);
    const generation = base?.record.generation ?? 0;
    const all = end.kind === "caught_up" && end.waiting === 0 && !signal?.aborted;
    const state = {
      fingerprint: all ? fingerprint.text : undefined,
      manifest: base,
      generation,
      cursorBytes,
      attachments: attached?.marks ?? known.attachments,
    };
    writeState(project, harness.name, session.id, state, known);
    const asked = base?.version !== began; // With nothing new, no server has said who it is.
    if (asked && !stillMatches(project)) await ensureVerdict(project); // Another one answered than was measured.
    return {
      parts,
      attachments: attached?.changed.length ?? 0,
      generation,
      cursorBytes,
      sizeBytes: cursorBytes + end.waiting + end.pending,
      warnings: [...(attached?.warnings ?? []), ...end.warnings, ...(merged?.warnings ?? [])],
    };
  }
  throw new TracecraftError(
    "unreachable",
    `Cannot mirror "${session.id}": other mirrors of it went on ${overtakenLimit} times`,
  );
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => (done ??= work());
}
