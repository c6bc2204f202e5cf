import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { TracecraftError } from "../errors.ts";
import { clean } from "./file-clean.ts";
import {
  arrivalOf,
  isAbsent,
  removeIfThere,
  statIfThere,
  temporaryName,
  timeThere,
  writeTemporary,
  type Temporary,
} from "./file-disk.ts";
import { isThere, makeDirectory, placeOf, type Place } from "./file-root.ts";
import {
  adopt,
  deletedMark,
  find,
  publish,
  redirect,
  temporaryFor,
  versionOf,
  type Current,
  type Keep,
} from "./file-row.ts";
import type { Expect, PutResult, Source } from "./store.ts";

/** Each lost round means that somebody else's write went through. */
const rounds = 1000;

/** The put of a file store, `root` being there. Bodies that would read as deleted are the error `usage`. */
export async function putObject(
  root: string,
  key: string,
  body: Uint8Array | Source,
  expect: Expect,
  keep: Keep,
): Promise<PutResult> {
  const place = placeOf(root, key);
  if (isMark(body)) {
    throw new TracecraftError("usage", `Cannot write "${key}": its bytes are the mark of a deleted object`);
  }
  if (expect !== "fresh") return replace(root, place, body, expect, keep);

  makeDirectory(root, place.directory);
  for (let round = 0; round < rounds; round++) {
    const { current, top } = find(place, keep);
    if (current && !current.deleted) {
      return { outcome: "written", version: current.version, storeNow: timeThere(root) };
    }
    const free = top === undefined && statIfThere(place.plain) === undefined;
    if (free) return writeOnce(place, body);
    const result = await replace(root, place, body, "nothing", keep); // Beside a folder, or after a deleted version.
    if (result.outcome !== "refused") return result;
  }
  return unknown(place);
}

/** Succeeds when the object is gone, or the whole root. A row gets a version that says so; one file is removed. */
export async function deleteObject(root: string | undefined, key: string, keep: Keep): Promise<void> {
  const place = placeOf(root ?? "/", key);
  if (root === undefined || !(isThere(root, place.row) || isThere(root, place.directory))) return;

  for (let round = 0; round < rounds; round++) {
    const { current, top } = find(place, keep);
    if (current === undefined || current.deleted) return;
    if (top === undefined) {
      removeIfThere(place.plain);
      continue; // Somebody may just have given it a row.
    }
    const expect = { version: current.version };
    if ((await replace(root, place, deletedMark, expect, keep)).outcome === "written") return;
  }
  throw new TracecraftError(
    "unreachable",
    `Cannot delete "${key}": it was changed ${rounds} times meanwhile`,
  );
}

/** A key that only we write: one file, renamed into place. */
async function writeOnce(place: Place, body: Uint8Array | Source): Promise<PutResult> {
  const temporary = await writeTemporary(join(place.directory, temporaryName()), body);
  try {
    renameSync(temporary.path, place.plain);
  } catch (error) {
    removeIfThere(temporary.path);
    throw error;
  }
  const stat = statIfThere(place.plain) ?? temporary.stat;
  return { outcome: "written", version: versionOf(1, stat), storeNow: arrivalOf(stat) };
}

/** The put of a mutable key. Only "anything" goes round after a lost race; the other puts answer it. */
async function replace(
  root: string,
  place: Place,
  body: Uint8Array | Source,
  expect: Exclude<Expect, "fresh">,
  keep: Keep,
): Promise<PutResult> {
  if (!isThere(root, place.row)) {
    const there = isThere(root, place.directory) && statIfThere(place.plain) !== undefined;
    if (typeof expect === "object" && !there) return { outcome: "refused" };
    makeDirectory(root, place.row);
  }
  let unlinked: Temporary | undefined;
  try {
    for (let round = 0; round < rounds; round++) {
      const { current, top, names } = find(place, keep);
      if (!isExpected(current, expect)) return { outcome: "refused" };
      if (current && top === undefined) {
        adopt(place);
        continue;
      }
      const number = current ? current.number + 1 : 1;
      unlinked = await temporaryOn(place, number, unlinked, body);
      if (unlinked === undefined) continue;

      const result = publish(place, unlinked, current, keep);
      if (result.outcome !== "refused") unlinked = undefined; // Its name stays beside the version: file-row.ts.
      if (result.outcome === "written") {
        clean(place, names, result.storeNow, keep);
        return result;
      }
      if (expect === "anything" || result.outcome === "again") continue;
      return result.outcome === "refused" ? { outcome: "refused" } : unknown(place);
    }
    return unknown(place);
  } finally {
    if (unlinked) removeIfThere(unlinked.path);
  }
}

function isExpected(current: Current | undefined, expect: Exclude<Expect, "fresh">): boolean {
  if (expect === "anything") return true;
  const live = current?.deleted === false ? current.version : undefined;
  return expect === "nothing" ? live === undefined : live === expect.version;
}

/** The body in a file that is named for `number`; undefined when that was removed under us (we slept for an hour). */
async function temporaryOn(
  place: Place,
  number: number,
  earlier: Temporary | undefined,
  body: Uint8Array | Source,
): Promise<Temporary | undefined> {
  if (!earlier) return writeTemporary(temporaryFor(place.row, number), body);
  try {
    return redirect(place.row, earlier, number);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isMark(body: Uint8Array | Source): boolean {
  if (body instanceof Uint8Array) return deletedMark.equals(body);
  if (body.size !== deletedMark.length) return false;
  return body.sha256 === createHash("sha256").update(deletedMark).digest("hex");
}

function unknown(place: Place): PutResult {
  const cause = new TracecraftError("outcome_unknown", `Cannot write "${place.key}": outcome unknown`);
  return { outcome: "unknown", cause };
}
