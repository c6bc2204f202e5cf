import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Keep } from "../src/store/file-row.ts";
import type { Source, Store, StoredObject } from "../src/store/store.ts";
import { limit, write } from "./store-contract-calls.ts";

export const atOnce: Keep = { versionsMs: 0, temporariesMs: 0 };
/** A superseded version goes at once, a living writer's temporary file does not. */
export const versionsAtOnce: Keep = { versionsMs: 0, temporariesMs: 3_600_000 };

export const textOf = (found: StoredObject | undefined) => found && Buffer.from(found.body).toString();

/** New roots, none of them there yet, all gone after `remove`. */
export function roots(): { readonly next: () => string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-file-"));
  let opened = 0;
  return {
    next: () => join(folder, `${++opened}`),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** So many rivals' writes, one after the other: "rival 1", … */
export async function overtake(store: Store, key: string, times: number): Promise<void> {
  for (let time = 1; time <= times; time++) {
    const { version } = (await store.get(key, { limit }))!;
    await write(store, key, `rival ${time}`, { version });
  }
}

export async function listed(store: Store): Promise<(readonly [key: string, size: number])[]> {
  const found: (readonly [string, number])[] = [];
  for await (const page of store.list("")) for (const { key, size } of page.objects) found.push([key, size]);
  return found;
}

/** A body during whose reading something else happens: after the store looked, before it links. */
export function sourceOf(body: Uint8Array, meanwhile: () => unknown): Source {
  return {
    size: body.length,
    sha256: createHash("sha256").update(body).digest("hex"),
    async *open() {
      await meanwhile();
      yield body;
    },
  };
}
