import { createHash } from "node:crypto";
import type { Expect, Page, Source, Store, StoredObject, Version } from "../src/store/store.ts";

/** More than any body of the suite. */
export const limit = 1 << 20;

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (body: Uint8Array) => new TextDecoder().decode(body);

/** A put that has to be written. */
export async function write(
  store: Store,
  key: string,
  body: string | Uint8Array | Source,
  expected: Expect = "nothing",
): Promise<Version> {
  const result = await store.put(key, typeof body === "string" ? bytes(body) : body, expected);
  if (result.outcome !== "written") throw new Error(`${key}: ${result.outcome}`);
  return result.version;
}

/** A get that has to find the key. */
export async function read(store: Store, key: string): Promise<StoredObject> {
  const found = await store.get(key, { limit });
  if (!found) throw new Error(`${key} is not there`);
  return { ...found, body: Uint8Array.from(found.body) };
}

export async function pagesOf(store: Store, prefix: string, after?: string): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of store.list(prefix, after)) pages.push(page);
  return pages;
}

export async function keysOf(store: Store, prefix: string, after?: string): Promise<string[]> {
  return (await pagesOf(store, prefix, after)).flatMap(({ objects }) => objects.map(({ key }) => key));
}

export function sourceOf(chunks: readonly Uint8Array[]): Source {
  const whole = Buffer.concat(chunks);
  return {
    size: whole.length,
    sha256: createHash("sha256").update(whole).digest("hex"),
    async *open() {
      yield* chunks;
    },
  };
}

/** At most 16 at once: real servers have few connections for one client. */
export async function inParallel(
  keys: readonly string[],
  act: (key: string) => Promise<unknown>,
): Promise<void> {
  const left = [...keys];
  const worker = async () => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) await act(key);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
