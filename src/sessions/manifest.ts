import { manifestKey } from "../format/keys.ts";
import { schemaNumber } from "../format/records.ts";
import { updateOwn } from "../coord/own-record.ts";
import type { Project } from "../coord/project.ts";
import { readFound, type Found } from "../coord/update.ts";
import { TracecraftError } from "../errors.ts";
import { manifestLimit, nameOfPart, readManifest, type Manifest } from "./manifest-record.ts";

/** The manifest of a session, or undefined where there is none. */
export function findManifest(
  project: Project,
  harness: string,
  session: string,
): Promise<Found<Manifest> | undefined> {
  return readFound(project.store, {
    key: manifestKey(harness, session),
    read: readManifest,
    limit: manifestLimit,
  });
}

export type Committed =
  /** `ahead`: and another mirror has gone on from it. */
  | { readonly committed: true; readonly ahead: boolean; readonly now: Found<Manifest> }
  /** Another mirror of this session went on in the meantime: go on from what it left. */
  | { readonly committed: false; readonly now: Found<Manifest> | undefined };

/**
 * Makes `next` the manifest, if `base` still is. That is what makes a part count. A mirror that finds its own part in
 * the manifest that it reads back has committed, whoever wrote it since. An outcome that stays unknown throws: the
 * next mirror finds out.
 */
export async function commitManifest(
  project: Project,
  base: Found<Manifest> | undefined,
  next: Manifest,
): Promise<Committed> {
  const { harness, session_id: session } = next;
  const nonce = project.world.randomHex(16);
  const newest = next.parts.at(-1);
  const outcome = await updateOwn<Manifest, "moved">(project, {
    key: manifestKey(harness, session),
    nonce,
    limit: manifestLimit,
    read: readManifest,
    assume: base ?? "nothing",
    landed(now, mine) {
      if (now.nonce === mine.nonce) return "yes";
      const counts = newest && now.parts.some((part) => namesIt(part, nameOfPart(newest)));
      return counts && newest !== base?.record.parts.at(-1) ? "yes" : "no";
    },
    decide(found) {
      if (found?.version !== base?.version) return { answer: "moved" };
      return { put: { ...next, schema: schemaNumber, nonce } };
    },
  });
  if (outcome.kind === "written") {
    return { committed: true, ahead: outcome.now.record.nonce !== nonce, now: outcome.now };
  }
  if (outcome.kind === "answered") return { committed: false, now: outcome.found };
  throw new TracecraftError(
    "outcome_unknown",
    `Cannot mirror "${session}": outcome unknown after ${project.deadlineMs / 1000}s`,
    {
      cause: outcome.cause,
      hint: `tracecraft session mirror --harness ${harness}`,
    },
  );
}

function namesIt(part: Manifest["parts"][number], name: string): boolean {
  return nameOfPart(part) === name || part.merged?.includes(name) === true;
}
