import { checkedChunks } from "./source.ts";
import type {
  Expect,
  Listed,
  PutResult,
  Source,
  Store,
  StoredObject,
  StoreTraits,
  Unchanged,
} from "./store.ts";
import { tooLarge } from "./too-large.ts";

const usualPage = 1000;

/** Keeps everything in this process: for tests, and the reference for what a store does. `now` is its clock, in ms. */
export function memoryStore(now: () => number = Date.now): Store {
  const objects = new Map<string, { body: Uint8Array; version: string; writtenAt: number }>();
  let writes = 0;

  async function get(
    key: string,
    options: { limit: number; range?: readonly [number, number]; unless?: string },
  ): Promise<StoredObject | Unchanged | undefined> {
    const found = objects.get(key);
    if (!found) return undefined;
    const { version, writtenAt, body } = found;
    if (version === options.unless) return { unchanged: true, version, writtenAt, storeNow: now() };
    const part = options.range ? body.slice(...options.range) : body.slice();
    if (part.length > options.limit) throw tooLarge(key, body.length, options.limit);
    return { body: part, version, size: body.length, writtenAt, storeNow: now() };
  }

  const traits: StoreTraits = {
    endpoint: "memory:",
    bucket: "",
    prefix: "",
    server: undefined,
    conditions: "enforced",
  };
  return {
    name: "memory:",
    traits,
    get: get as Store["get"],

    async put(key: string, body: Uint8Array | Source, expect: Expect): Promise<PutResult> {
      const bytes = body instanceof Uint8Array ? body.slice() : await readAll(body); // The caller may reuse its buffer.
      const found = objects.get(key)?.version;
      if (expect === "fresh" && found !== undefined)
        return { outcome: "written", version: found, storeNow: now() };
      const wanted =
        expect === "anything" || expect === "fresh"
          ? found
          : expect === "nothing"
            ? undefined
            : expect.version;
      if (found !== wanted || (typeof expect === "object" && found === undefined))
        return { outcome: "refused" };

      const version = String(++writes);
      objects.set(key, { body: bytes, version, writtenAt: now() });
      return { outcome: "written", version, storeNow: now() };
    },

    async *list(prefix, after = "") {
      const keys = [...objects.keys()]
        .filter((key) => key.startsWith(prefix) && byBytes(key, after) > 0)
        .toSorted(byBytes);
      const { pageSize = usualPage } = traits;
      for (let start = 0; start === 0 || start < keys.length; start += pageSize) {
        const page: Listed[] = [];
        for (const key of keys.slice(start, start + pageSize)) {
          const found = objects.get(key);
          if (found)
            page.push({ key, size: found.body.length, version: found.version, writtenAt: found.writtenAt });
        }
        yield { storeNow: now(), objects: page };
      }
    },

    async delete(key) {
      objects.delete(key);
    },
  };
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function readAll(source: Source): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of checkedChunks(source)) chunks.push(chunk.slice());
  return new Uint8Array(Buffer.concat(chunks));
}
