import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import type { Batch, Session } from "../harness/harness.ts";
import { committer, type CommitOptions } from "./commits.ts";
import type { Manifest } from "./manifest-record.ts";
import type { MirrorOptions } from "./mirror.ts";
import { partBuilder, redactBatch, usualSizes } from "./part.ts";

export interface FollowOptions
  extends Omit<MirrorOptions, "uploaded" | "redactor">, Omit<CommitOptions, "harness"> {}

export interface Followed {
  readonly now: Found<Manifest> | undefined;
  /** Undefined: another mirror went on meanwhile. It is to be followed again from `now`. */
  readonly end: End | undefined;
}

export interface End {
  readonly kind: "caught_up" | "vanished" | "stopped";
  /** Bytes of whole lines that wait for more. */
  readonly waiting: number;
  /** Bytes that are no whole line yet. */
  readonly pending: number;
  readonly warnings: readonly string[];
}

/**
 * One pass over what is new since the cursor of `base`. While a part is on its way the next one is read and redacted:
 * two parts are in memory, or one long line. What another mirror overtakes is forgotten, its object is left alone.
 */
export async function follow(project: Project, session: Session, options: FollowOptions): Promise<Followed> {
  const { harness, host, redactor, signal, minBytes = 1, sizes = usualSizes } = options;
  const commits = committer(project, session, { ...options, harness: harness.name });
  const part = partBuilder(sizes);
  const from = commits.manifest.cursor;
  const reading = { ended: session.ended === true, batchBytes: sizes.batchBytes };
  let began: string | undefined;
  let last: Batch | undefined;

  /** False: overtaken. */
  async function flush(): Promise<boolean> {
    if (part.records === 0) return true;
    const taken = part.take(began);
    began = undefined;
    return await commits.put(taken);
  }

  try {
    for await (const batch of harness.read(host, session, from, reading)) {
      last = { ...batch, records: [] }; // A record of 64 MB need not wait for its own upload.
      if (batch.began !== undefined) {
        if (!(await flush())) return await commits.overtaken();
        ({ began } = batch);
      }
      const redacted = redactBatch(batch, redactor);
      if (part.isFullFor(redacted) && !(await flush())) return await commits.overtaken();
      part.add(redacted);
      options.progress?.(redacted.sourceBytes);
      if (signal?.aborted) break;
    }
    const waits = part.records > 0 && part.sourceBytes < minBytes && !commits.any() && !signal?.aborted;
    const waiting = waits ? part.sourceBytes : 0;
    if (!waits && !(await flush())) return await commits.overtaken();
    const emptied = waits || !last || !isEmptied(last, began, from !== undefined) ? undefined : began;
    if (!(await commits.finish(last?.cursor, emptied))) return await commits.overtaken();

    const kind = last?.end ?? "stopped";
    const gone = kind === "vanished" && commits.base !== undefined;
    const warnings = gone ? [`${session.id}: its source is gone; what is mirrored stays`] : [];
    return { now: commits.base, end: { kind, waiting, pending: last?.pending ?? 0, warnings } };
  } finally {
    await commits.settled();
  }
}

/** Whether a generation without any line is news: its source was emptied. One that is away, or was never read, is not. */
function isEmptied({ end }: Batch, began: string | undefined, hadCursor: boolean): boolean {
  return began !== undefined && hadCursor && end === "caught_up" && began !== "first" && began !== "cursor";
}
