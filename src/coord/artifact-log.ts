import { createHash } from "node:crypto";
import { eventsDayPrefix, eventsFrom, parseRecordName } from "../format/keys.ts";
import { eventRecord, readRecord, recordReadLimit } from "../format/records.ts";
import { TracecraftError } from "../errors.ts";
import { dayMs } from "./arrivals.ts";
import { journal } from "./journal.ts";
import type { Project } from "./project.ts";

/** How far an event's name may be ahead of the arrival of the artifact that it speaks of. */
const clockSlackMs = 15 * 60_000;
/** Pages of a day's journal that are looked through; an artifact whose entry is further off counts as not recorded. */
const pagesLimit = 20;

/** What the journal says of one version of an artifact. */
export interface Recorded {
  readonly sha256: string;
  readonly by: string;
  /** As in the record. */
  readonly at: string;
}

/**
 * An artifact's key holds the file itself and nothing else, so who uploaded it and its SHA-256 are in the journal, in
 * an event of the kind `artifact` that names the version. The first four digits of that event's id are those of the
 * SHA-256 of the key: it is found by listing a day, without reading the day.
 */
export function recordArtifact(
  project: Project,
  artifact: { key: string; size: number; sha256: string; version: string; replaced: boolean },
): void {
  const id = idPrefix(artifact.key) + project.world.randomHex(2);
  journal(project, { kind: "artifact", ...artifact }, id);
}

/** What was recorded of this very version when it was uploaded, or undefined: format 1 records nothing. */
export async function recordedArtifact(
  project: Project,
  { key, version, writtenAt }: { key: string; version: string; writtenAt: number },
): Promise<Recorded | undefined> {
  const wanted = idPrefix(key);
  for (const day of [writtenAt - clockSlackMs, writtenAt, writtenAt + dayMs].filter(isNewDay)) {
    const prefix = eventsDayPrefix(day);
    const from = eventsFrom(writtenAt - clockSlackMs);
    let pages = 0;
    for await (const page of project.store.list(prefix, from.startsWith(prefix) ? from : undefined)) {
      for (const object of page.objects) {
        if (!parseRecordName(object.key)?.id.startsWith(wanted)) continue;
        const recorded = await readEvent(project, object.key, key, version);
        if (recorded) return recorded;
      }
      if (++pages === pagesLimit) break;
    }
  }
  return undefined;
}

async function readEvent(
  project: Project,
  eventAt: string,
  key: string,
  version: string,
): Promise<Recorded | undefined> {
  try {
    const object = await project.store.get(eventAt, { limit: recordReadLimit });
    const event = object && readRecord(eventRecord, eventAt, object.body);
    const sha256 = event?.["sha256"];
    if (!event || event.kind !== "artifact" || event["key"] !== key || event["version"] !== version)
      return undefined;
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    return { sha256, by: event.agent, at: event.at };
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
    return undefined;
  }
}

function isNewDay(day: number, index: number, days: readonly number[]): boolean {
  return days.findIndex((other) => eventsDayPrefix(other) === eventsDayPrefix(day)) === index;
}

function idPrefix(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 4);
}
