import { TracecraftError } from "../errors.ts";
import { memoryPrefix, parseMemoryKey } from "../format/keys.ts";
import { recordReadLimit } from "../format/records.ts";
import type { Listed } from "../store/store.ts";
import { readLocal } from "./local.ts";
import { readMemory, type Memory } from "./memory-record.ts";
import type { Project } from "./project.ts";

const parallelReads = 64;
/** Keys of which this machine remembers whether they are deleted, so that a list need not read them. */
const knownLimit = 10_000;
const knownName = "memory-states";

export interface MemoryList {
  /** Keys in their dotted form, by name; `record` where the values were asked for. */
  readonly keys: readonly { readonly key: string; readonly record: Memory | undefined }[];
  readonly problems: readonly { readonly key: string; readonly why: string }[];
}

/**
 * The keys that start with `prefix`, without deleted ones. Whether one is deleted is only in its record, so what this
 * machine has not read in that version is read, 64 at a time.
 */
export async function listMemory(
  project: Project,
  prefix: string,
  { values = false } = {},
): Promise<MemoryList> {
  const listed: Listed[] = [];
  for await (const page of project.store.list(`${memoryPrefix}${prefix.replaceAll(".", "/")}`))
    listed.push(...page.objects.filter(({ key }) => parseMemoryKey(key) !== undefined));

  const known =
    readLocal<Record<string, [version: string, deleted: boolean]>>(project.local, knownName) ?? {};
  const states = new Map(Object.entries(known).filter(([, state]) => Array.isArray(state)));
  const records = new Map<string, Memory>();
  const problems: { key: string; why: string }[] = [];
  const unknown = listed.filter(({ key, version }) => values || states.get(key)?.[0] !== version);
  for (let start = 0; start < unknown.length; start += parallelReads) {
    const read = async ({ key, version }: Listed): Promise<void> => {
      try {
        const object = await project.store.get(key, { limit: recordReadLimit });
        if (!object) return;
        const record = readMemory(key, object.body);
        records.set(key, record);
        states.delete(key); // Set anew, so that what is longest unused comes first.
        states.set(key, [object.version, record.deleted === true]);
        if (object.version !== version) return;
      } catch (error) {
        if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
        problems.push({ key, why: String(error.details["why"] ?? error.message) });
      }
    };
    await Promise.all(unknown.slice(start, start + parallelReads).map(read));
  }
  if (unknown.length > 0) project.local.write(knownName, Object.fromEntries([...states].slice(-knownLimit)));

  const keys = listed
    .filter(({ key }) => states.has(key) && !states.get(key)?.[1])
    .map(({ key }) => ({ key: parseMemoryKey(key)!, record: records.get(key) }));
  return { keys: keys.toSorted((a, b) => (a.key < b.key ? -1 : 1)), problems };
}
