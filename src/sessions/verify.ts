import { createHash } from "node:crypto";
import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { asTracecraftError } from "../errors.ts";
import { attachmentKey } from "../format/keys.ts";
import { attachmentReadLimit } from "./attachments.ts";
import { commitManifest } from "./manifest.ts";
import {
  isOurs,
  nameOfPart,
  type AttachmentEntry,
  type Manifest,
  type PartEntry,
} from "./manifest-record.ts";
import { listParts, orphansIn, removeOrphans } from "./orphans.ts";
import { partChunks } from "./part-chunks.ts";

export interface Verified {
  readonly parts: number;
  /** Of all generations. */
  readonly records: number;
  readonly attachments: number;
  /** What is not as the manifest says: `part-00000-77aa01c2: hash differs`. */
  readonly faults: readonly string[];
  readonly badParts: number;
  /** Parts that no manifest names, and how many of them were removed. */
  readonly orphans: number;
  readonly removed: number;
}

/**
 * Reads every part and attachment that the manifest names and compares size, hash, number of lines, and that each part
 * begins where the one before ended. With `tidy` it also removes what no manifest has named for a day.
 */
export async function verifySession(
  project: Project,
  found: Found<Manifest>,
  tidy: boolean,
): Promise<Verified> {
  const manifest = found.record;
  const listing = await listParts(project, manifest.harness, manifest.session_id);
  const faults: string[] = [];
  let badParts = 0;
  let records = 0;
  const ends = new Map<number | undefined, { first: number; source: number }>();
  let lastSeq = -1;
  for (const entry of manifest.parts) {
    const end = ends.get(entry.generation) ?? { first: 0, source: 0 };
    const { fault, lines } = await checkPart(project, manifest, entry);
    const wrong = [...fault, ...gapsOf(entry, end, lastSeq)];
    if (wrong.length > 0) badParts++;
    faults.push(...wrong.map((why) => `${nameOfPart(entry)}: ${why}`));
    records += lines;
    lastSeq = entry.seq;
    ends.set(entry.generation, {
      first: end.first + (entry.count ?? lines),
      source: end.source + entry.source_bytes,
    });
  }
  const { generation, records: told } = manifest;
  const counted = ends.get(generation)?.first ?? 0;
  if (isOurs(manifest) && told !== undefined && told !== counted)
    faults.push(`${told} records in the manifest, ${counted} in its parts`);
  for (const entry of manifest.attachments) faults.push(...(await checkAttachment(project, manifest, entry)));

  const orphans = orphansIn(listing, manifest).length;
  const removed = tidy && orphans > 0 ? await removeUnnamed(project, found, listing) : 0;
  return {
    parts: manifest.parts.length,
    records,
    attachments: manifest.attachments.length,
    faults,
    badParts,
    orphans,
    removed,
  };
}

function gapsOf(
  { generation, first, cursor_range: range, seq }: PartEntry,
  end: { first: number; source: number },
  lastSeq: number,
): string[] {
  const faults: string[] = [];
  if (seq <= lastSeq) faults.push(`out of order, after ${lastSeq}`);
  if (generation === undefined) return faults; // Format 1 counts bytes alone, and its numbers go on after ours.
  if (first !== end.first) faults.push(`begins at record ${first}, ${end.first} come before`);
  if (range && (range[0] !== end.source || range[1] < range[0]))
    faults.push(`begins at byte ${range[0]} of the source, ${end.source} come before`);
  return faults;
}

async function checkPart(
  project: Project,
  manifest: Manifest,
  entry: PartEntry,
): Promise<{ fault: string[]; lines: number }> {
  let lines = 0;
  let last = 0x0a;
  try {
    for await (const chunk of partChunks(project.store, manifest, entry)) {
      for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines++;
      last = chunk.at(-1) ?? last;
    }
  } catch (error) {
    const { code, message, details } = asTracecraftError(error);
    if (code !== "malformed") throw error;
    return { fault: [String(details["why"] ?? message.slice(message.lastIndexOf(": ") + 2))], lines: 0 };
  }
  if (entry.count === undefined) return { fault: [], lines };
  if (last !== 0x0a) return { fault: ["ends inside a line"], lines };
  return { fault: lines === entry.count ? [] : [`${lines} records, ${entry.count} in the manifest`], lines };
}

async function checkAttachment(
  project: Project,
  manifest: Manifest,
  { name, sha256, size }: AttachmentEntry,
): Promise<string[]> {
  const key = attachmentKey(manifest.harness, manifest.session_id, sha256);
  try {
    const object = await project.store.get(key, { limit: attachmentReadLimit });
    if (object === undefined) return [`attachment ${name}: it is not there`];
    const same = object.size === size && createHash("sha256").update(object.body).digest("hex") === sha256;
    return same ? [] : [`attachment ${name}: hash differs`];
  } catch (error) {
    const { code, message } = asTracecraftError(error);
    if (code !== "malformed") throw error;
    return [`attachment ${name}: ${message}`];
  }
}

/** Under the rule of `removeOrphans`: the listing is older than the manifest that is written here. */
async function removeUnnamed(
  project: Project,
  found: Found<Manifest>,
  listing: Awaited<ReturnType<typeof listParts>>,
): Promise<number> {
  const outcome = await commitManifest(project, found, found.record);
  return outcome.committed ? await removeOrphans(project, listing, found.record) : 0;
}
