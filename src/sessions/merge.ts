import { createHash } from "node:crypto";
import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { TracecraftError } from "../errors.ts";
import { partKey } from "../format/keys.ts";
import type { Source } from "../store/store.ts";
import { commitManifest } from "./manifest.ts";
import { withMerged } from "./manifest-changes.ts";
import { nameOfPart, partsOf, sumCounts, type Manifest, type PartEntry } from "./manifest-record.ts";
import { listParts, removeOrphans } from "./orphans.ts";
import type { Sizes } from "./part.ts";
import { partChunks } from "./part-chunks.ts";
import { uploadFresh } from "./upload.ts";

export interface Merged {
  readonly now: Found<Manifest>;
  readonly warnings: readonly string[];
}

/**
 * Makes one part of eight neighbours while the current generation has more than 64, the smallest eight first. The old
 * objects stay for whoever reads them now, and are removed as orphans later. Trouble is a warning: every line is in.
 */
export async function mergeParts(project: Project, base: Found<Manifest>, sizes: Sizes): Promise<Merged> {
  let now = base;
  for (;;) {
    const run = smallestRun(partsOf(now.record), sizes);
    if (run === undefined) return { now, warnings: [] };
    try {
      const merged = await mergeRun(project, now, run);
      if (merged === undefined) return { now, warnings: [] }; // Another mirror went on: the next one merges.
      now = merged;
    } catch (error) {
      if (!(error instanceof TracecraftError)) throw error;
      return { now, warnings: [`${now.record.session_id}: parts were not merged: ${error.message}`] };
    }
  }
}

async function mergeRun(
  project: Project,
  now: Found<Manifest>,
  run: readonly PartEntry[],
): Promise<Found<Manifest> | undefined> {
  const { harness, session_id: session } = now.record;
  const listing = await listParts(project, harness, session);
  const source = await joined(project, now.record, run);
  const uuid = project.world.randomHex(4);
  await uploadFresh(project, partKey(harness, session, run[0]!.seq, uuid), source);
  const next = withMerged(now.record, run, mergedEntry(run, uuid, source));
  const outcome = await commitManifest(project, now, next);
  if (!outcome.committed || outcome.ahead) return undefined;
  await removeOrphans(project, listing, outcome.now.record);
  return outcome.now;
}

/** The eight neighbours with the fewest bytes, where there are more parts than there should be. */
function smallestRun(parts: readonly PartEntry[], sizes: Sizes): readonly PartEntry[] | undefined {
  if (parts.length <= sizes.parts) return undefined;
  let best: { run: readonly PartEntry[]; bytes: number } | undefined;
  for (let at = 0; at + sizes.merged <= parts.length; at++) {
    const run = parts.slice(at, at + sizes.merged);
    const bytes = run.reduce((sum, { uploaded_bytes: size }) => sum + size, 0);
    const fits = bytes <= sizes.mergedBytes && run.every(({ redacted }) => redacted === run[0]?.redacted);
    if (fits && (best === undefined || bytes < best.bytes)) best = { run, bytes };
  }
  return best?.run;
}

/** The parts one after the other, each checked against the manifest before any of it is sent. */
async function joined(project: Project, manifest: Manifest, run: readonly PartEntry[]): Promise<Source> {
  const hash = createHash("sha256");
  let size = 0;
  for (const entry of run) {
    for await (const chunk of partChunks(project.store, manifest, entry)) {
      hash.update(chunk);
      size += chunk.length;
    }
  }
  return {
    size,
    sha256: hash.digest("hex"),
    async *open() {
      for (const entry of run) yield* partChunks(project.store, manifest, entry);
    },
  };
}

function mergedEntry(run: readonly PartEntry[], uuid: string, { size, sha256 }: Source): PartEntry {
  const [first, last] = [run[0]!, run.at(-1)!];
  const sum = (of: (entry: PartEntry) => number) => run.reduce((so, entry) => so + of(entry), 0);
  return {
    ...first,
    uuid,
    ...(first.cursor_range &&
      last.cursor_range && { cursor_range: [first.cursor_range[0], last.cursor_range[1]] }),
    source_bytes: sum(({ source_bytes: bytes }) => bytes),
    uploaded_bytes: size,
    redactions: sumCounts(run.map(({ redactions }) => redactions)),
    uploaded_at: last.uploaded_at,
    count: sum(({ count = 0 }) => count),
    sha256,
    merged: run.map(nameOfPart),
  };
}
