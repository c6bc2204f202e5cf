import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileStore } from "../src/store/file.ts";
import type { Expect, Store } from "../src/store/store.ts";
import { overtake, sourceOf, textOf, versionsAtOnce } from "./file-calls.ts";
import { limit, write } from "./store-contract-calls.ts";

/** What a late writer is told, and what is there then. */
export interface Told {
  readonly outcome: string;
  readonly there: string | undefined;
}

/** Between its look and its link, five others come and go, and what they superseded is cleaned away. */
async function late(expected: (store: Store) => Promise<Expect>): Promise<Told> {
  const root = mkdtempSync(join(tmpdir(), "tracecraft-file-"));
  try {
    const store = fileStore(root, { keep: versionsAtOnce });
    const expect = await expected(store);
    const body = sourceOf(Buffer.from("late"), async () => {
      if (expect === "nothing") await write(store, "k", "first", "nothing");
      await overtake(store, "k", 5);
    });
    const { outcome } = await store.put("k", body, expect);
    return { outcome, there: textOf(await store.get("k", { limit })) };
  } finally {
    rmSync(root, { recursive: true });
  }
}

export const lateCreation = (): Promise<Told> => late(async () => "nothing");
export const lateVersion = (): Promise<Told> =>
  late(async (store) => ({ version: await write(store, "k", "first", "nothing") }));
