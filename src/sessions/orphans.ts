import type { Project } from "../coord/project.ts";
import { sessionPrefix } from "../format/keys.ts";
import type { Listed } from "../store/store.ts";
import { nameOfPart, type Manifest } from "./manifest-record.ts";

/** A mirror that is at work may still name a younger part. */
const keptMs = 86_400_000;

/** The parts of a session as a listing had them, and what the store's clock said in it. */
export interface PartListing {
  readonly parts: readonly Listed[];
  readonly storeNow: number | undefined;
}

/** To be made before the manifest is written by whoever wants to remove what is unnamed in it. */
export async function listParts(project: Project, harness: string, session: string): Promise<PartListing> {
  const parts: Listed[] = [];
  let storeNow: number | undefined;
  for await (const page of project.store.list(`${sessionPrefix(harness, session)}part-`)) {
    storeNow ??= page.storeNow;
    parts.push(...page.objects);
  }
  return { parts, storeNow };
}

/** What no entry of the manifest names. Merged-away parts are such. */
export function orphansIn({ parts }: PartListing, manifest: Manifest): Listed[] {
  const named = new Set(manifest.parts.map((entry) => `${nameOfPart(entry)}.jsonl`));
  return parts.filter(({ key }) => !named.has(key.slice(key.lastIndexOf("/") + 1)));
}

/**
 * Removes what was over a day old in a listing made before `written` was put by compare-and-set, and is unnamed in it:
 * whoever might still name it would have to write on a manifest that is no longer current, and so cannot. Answers how
 * many went; none where the store has no conditions or told no time.
 */
export async function removeOrphans(
  project: Project,
  listing: PartListing,
  written: Manifest,
): Promise<number> {
  const { storeNow } = listing;
  if (project.store.traits.conditions === "ignored" || storeNow === undefined) return 0;
  const old = orphansIn(listing, written).filter(({ writtenAt }) => storeNow - writtenAt > keptMs);
  for (const { key } of old) await project.store.delete(key);
  return old.length;
}
