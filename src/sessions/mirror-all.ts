import type { Project } from "../coord/project.ts";
import { asTracecraftError, type TracecraftError } from "../errors.ts";
import type { Chosen } from "./choose.ts";
import type { UploadedPart } from "./commits.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { mirrorSession, type Mirrored, type MirrorOptions } from "./mirror.ts";

export interface MirrorAllOptions extends Omit<MirrorOptions, "harness" | "uploaded" | "progress"> {
  uploaded?(chosen: Chosen, part: UploadedPart): void;
  progress?(at: Progress): void;
}

export interface Progress {
  /** Sessions that are done, of how many. */
  readonly sessions: number;
  readonly of: number;
  /** Bytes that were read, of about how many. */
  readonly bytes: number;
  readonly ofBytes: number;
}

export type Outcome = Chosen & ({ readonly mirrored: Mirrored } | { readonly error: TracecraftError });

/** One session after the other. What one of them throws is its own outcome and keeps no other from being mirrored. */
export async function mirrorAll(
  project: Project,
  chosen: readonly Chosen[],
  options: MirrorAllOptions,
): Promise<Outcome[]> {
  const sizes = await Promise.all(
    chosen.map(async ({ session }) => (await fingerprintOf(options.host, session)).size),
  );
  const ofBytes = sizes.reduce((sum, size) => sum + size, 0);
  const outcomes: Outcome[] = [];
  let before = 0;
  for (const [at, one] of chosen.entries()) {
    if (options.signal?.aborted) break;
    let bytes = before;
    const tell = () =>
      options.progress?.({ sessions: at, of: chosen.length, bytes: Math.min(bytes, ofBytes), ofBytes });
    tell();
    try {
      const mirrored = await mirrorSession(project, one.session, {
        ...options,
        harness: one.harness,
        uploaded: (part) => options.uploaded?.(one, part),
        progress(read) {
          bytes += read;
          tell();
        },
      });
      outcomes.push({ ...one, mirrored });
    } catch (error) {
      const known = asTracecraftError(error);
      if (known.code === "internal") throw error;
      outcomes.push({ ...one, error: known });
    }
    before += sizes[at] ?? 0;
  }
  return outcomes;
}
