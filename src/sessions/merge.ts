import { createHash } from "node:crypto";
import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { TracecraftError } from "../errors.ts";
import { partKey } from "../format/keys.ts";
import type { Source } from "../store/store.ts";
import { commitManifest } from "./manifest.ts";
import { withMerged } from "./manifest-changes.ts";
import { nameOfPart, partsOf, sumCounts, type Manifest, type PartEntry } from "./manifest-record.ts";
import { listOrphans, removeOrphans } from "./orphans.ts";
import { partChunks } from "./part-chunks.ts";
import { uploadFresh } from "./upload.ts";

/** Past this many parts of a generation … */
const partsLimit = 64;
/** … this many neighbours become one, … */
const mergedAtOnce = 8;
/** … unless that would be larger. */
const mergedLimit = 512 * 1024 * 1024;

export interface Merged {
  readonly now: Found<Manifest>;
  readonly warnings: readonly string[];
}

/**
 * Makes one part of eight neighbours while the current generation has more than 64, the smallest eight first. The old
 * objects stay for whoever reads them now, and are removed as orphans later. Reads them twice, in pieces.
 */
export async function mergeParts(project: Project, base: Found<Manifest>): Promise<Merged> {
  let now = base;
  for (;;) {
    const run = smallestRun(partsOf(now.record));
    if (run === undefined) return { now, warnings: [] };
    const { harness, session_id: session } = now.record;
    const orphans = await listOrphans(project, harness, session);
    try {
      const source = await joined(project, now.record, run);
      const uuid = project.world.randomHex(4);
      const [first] = run;
      await uploadFresh(project, partKey(harness, session, first!.seq, uuid), source);
      const next = withMerged(now.record, run, mergedEntry(run, uuid, source));
      const outcome = await commitManifest(project, now, next);
      if (!outcome.committed || outcome.ahead) return { now: outcome.now ?? now, warnings: [] }; // The next mirror merges.
      ({ now } = outcome);
    } catch (error) {
      if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
      return { now, warnings: [`${session}: its parts were not merged: ${error.message}`] };
    }
    await removeOrphans(project, orphans, now.record);
  }
}

/** The eight neighbours with the fewest bytes, where there are more parts than there should be. */
function smallestRun(parts: readonly PartEntry[]): readonly PartEntry[] | undefined {
  if (parts.length <= partsLimit) return undefined;
  let best: { run: readonly PartEntry[]; bytes: number } | undefined;
  for (let at = 0; at + mergedAtOnce <= parts.length; at++) {
    const run = parts.slice(at, at + mergedAtOnce);
    const bytes = run.reduce((sum, { uploaded_bytes: size }) => sum + size, 0);
    const fits = bytes <= mergedLimit && run.every(({ redacted }) => redacted === run[0]?.redacted);
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
