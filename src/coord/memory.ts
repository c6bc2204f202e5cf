import { TracecraftError } from "../errors.ts";
import { memoryRecordKey } from "../format/keys.ts";
import { formatTime, valueLimit, writeRecord } from "../format/records.ts";
import { correctedNow } from "./clock.ts";
import { journal } from "./journal.ts";
import { checkKeyLength } from "./key-length.ts";
import { readLocal } from "./local.ts";
import { landedInMemory, nextMemory, readMemory, type Memory } from "./memory-record.ts";
import { updateOwn } from "./own-record.ts";
import type { Project } from "./project.ts";
import { readFound, type Found } from "./update.ts";

/** A record of up to this many bytes is kept on this machine, to be set again without a read. */
const cachedLimit = 32 * 1024;

/** Given as the expected revision: the key must not be set. */
export const notSet = "none";

export type MemoryResult =
  | { readonly kind: "done"; readonly already: boolean; readonly now: Memory }
  /** It is not what was expected: this is there, or nothing. */
  | { readonly kind: "changed"; readonly now: Memory | undefined }
  | { readonly kind: "absent" };

/** What a key holds, or undefined where it was never set. A deleted one says `deleted`. One round trip. */
export async function readMemoryKey(project: Project, key: string): Promise<Memory | undefined> {
  const found = await readFound(project.store, { key: memoryRecordKey(key), read: readMemory });
  remember(project, key, found);
  return found?.record;
}

/**
 * Sets a key, always by compare-and-set: on the version that this machine last saw, else as a new key, else on what
 * is read. With `ifRevision` only while that is its revision. A value over 256 KiB is the error `usage`; an outcome
 * that stays unknown is `outcome_unknown`.
 */
export async function setMemory(
  project: Project,
  key: string,
  value: unknown,
  { ifRevision }: { ifRevision?: string | undefined } = {},
): Promise<MemoryResult> {
  checkKeyLength(project, memoryRecordKey(key), "set", key);
  checkValue(project, key, value);
  const cached = recall(project, key);
  const fits = ifRevision === undefined || cached?.record.revision === ifRevision;
  const assume =
    cached && fits ? cached : ifRevision === undefined || ifRevision === notSet ? "nothing" : undefined;
  return await change(project, key, { value, deleted: false, act: "set", assume, ifRevision });
}

/** Deletes a key by setting it to nothing: a late repetition of an earlier set then revives nothing. */
export async function deleteMemory(
  project: Project,
  key: string,
  { ifRevision }: { ifRevision?: string | undefined } = {},
): Promise<MemoryResult> {
  const cached = recall(project, key);
  // Not one that was deleted already: only the bucket can say that it still is.
  const fits =
    cached && !cached.record.deleted && (ifRevision ?? cached.record.revision) === cached.record.revision;
  return await change(project, key, {
    value: "",
    deleted: true,
    act: "delete",
    assume: fits ? cached : undefined,
    ifRevision,
  });
}

interface Wanted {
  readonly value: unknown;
  readonly deleted: boolean;
  readonly act: "set" | "delete";
  readonly assume: Found<Memory> | "nothing" | undefined;
  readonly ifRevision: string | undefined;
}

async function change(project: Project, key: string, wanted: Wanted): Promise<MemoryResult> {
  const { ifRevision } = wanted;
  if (ifRevision !== undefined && project.store.traits.conditions === "ignored") {
    throw new TracecraftError(
      "unfit_store",
      `Cannot ${wanted.act} "${key}" if its revision is ${ifRevision}: ${project.store.name} has no conditional writes`,
      { hint: "tracecraft doctor" },
    );
  }
  const revision = project.world.randomHex(4);
  const outcome = await updateOwn<Memory, "changed" | "absent" | "already">(project, {
    key: memoryRecordKey(key),
    nonce: revision,
    read: readMemory,
    ...(wanted.assume && { assume: wanted.assume }),
    landed: landedInMemory,
    decide(found) {
      const base = found?.record;
      if (ifRevision !== undefined && !isRevision(base, ifRevision)) return { answer: "changed" };
      if (wanted.deleted && !base) return { answer: "absent" };
      if (wanted.deleted && base?.deleted) return { answer: "already" };
      const at = formatTime(correctedNow(project));
      const { value, deleted } = wanted;
      return { put: nextMemory(base, { revision, value, by: project.agent, at, deleted }) };
    },
  });

  if (outcome.kind === "unknown") {
    throw new TracecraftError(
      "outcome_unknown",
      `Cannot ${wanted.act} "${key}": outcome unknown after ${project.deadlineMs / 1000}s`,
      { cause: outcome.cause, hint: `tracecraft memory get ${key}` },
    );
  }
  if (outcome.kind === "answered") {
    remember(project, key, outcome.found);
    const now = outcome.found?.record;
    if (outcome.answer === "already" && now) return { kind: "done", already: true, now };
    return outcome.answer === "absent" ? { kind: "absent" } : { kind: "changed", now };
  }
  remember(project, key, outcome.now);
  journal(project, {
    kind: "memory",
    op: wanted.act,
    key,
    revision,
    previous: outcome.mine.revisions?.at(-2)?.revision ?? null,
    ...(journalled(wanted.value) && { value: wanted.value }),
  });
  return { kind: "done", already: false, now: outcome.mine };
}

function isRevision(found: Memory | undefined, revision: string): boolean {
  if (revision === notSet) return found === undefined || found.deleted === true;
  return found?.revision === revision;
}

/** Whether a value that fits into its own record also fits into the journal's, however it has to be escaped. */
function journalled(value: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(value)) <= 2 * valueLimit;
}

/** Refuses what we could not read back: too large, or nested too deep. */
function checkValue(project: Project, key: string, value: unknown): void {
  const bytes = Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));
  if (bytes > valueLimit) {
    throw new TracecraftError(
      "usage",
      `Cannot set "${key}": the value has ${bytes} bytes, over ${valueLimit}`,
      {
        hint: "tracecraft artifact upload FILE",
      },
    );
  }
  if (typeof value === "string") return;
  try {
    const at = formatTime(correctedNow(project));
    const record = { value, set_by: project.agent, set_at: at };
    readMemory(key, writeRecord(key, record));
  } catch (error) {
    if (!(error instanceof TracecraftError)) throw error;
    throw new TracecraftError(
      "usage",
      `Cannot set "${key}": the value is ${error.details["why"] ?? "too large"}`,
    );
  }
}

function recall({ local }: Project, key: string): Found<Memory> | undefined {
  const found = readLocal<{ version: string; text: string }>(local, cacheName(key));
  if (typeof found?.version !== "string" || typeof found.text !== "string") return undefined;
  try {
    const record = readMemory(memoryRecordKey(key), Buffer.from(found.text));
    return { record, version: found.version, writtenAt: undefined, storeNow: undefined };
  } catch {
    return undefined; // Damaged on this machine: it is only a cache.
  }
}

function remember({ local }: Project, key: string, found: Found<Memory> | undefined): void {
  const text = found && JSON.stringify(found.record);
  if (text !== undefined && text.length <= cachedLimit)
    local.write(cacheName(key), { version: found!.version, text });
  else if (local.read(cacheName(key)) !== undefined) local.remove(cacheName(key));
}

function cacheName(key: string): string {
  return `memory/${key}`;
}
