import { TracecraftError } from "../errors.ts";
import { eachOf, type Bench } from "./probe-bench.ts";
import type { Page } from "./store.ts";

/** Older than any probe that still runs. */
const leftoverMs = 3_600_000;

/** Deletes what this measurement wrote. What may not be deleted, or now cannot be, is left for a later sweep. */
export async function tidy({ store, keys }: Bench): Promise<void> {
  await eachOf(keys, async (key) => {
    await store.delete(key).catch(ignoreTrouble);
    keys.delete(key);
  });
}

/** Deletes what probes left behind that were killed: keys under `prefix` over an hour old by the store's clock. */
export async function sweepOld(bench: Bench, prefix: string): Promise<void> {
  try {
    for await (const page of bench.store.list(prefix)) return await sweepPage(bench, page);
  } catch (error) {
    ignoreTrouble(error);
  }
}

/** At most one page, so that sweeping costs no more than a request for each leftover. */
export async function sweepPage({ store, place }: Bench, { storeNow, objects }: Page): Promise<void> {
  if (storeNow === undefined) return;
  const old = objects.filter(
    ({ key, writtenAt }) => storeNow - writtenAt > leftoverMs && !key.startsWith(place),
  );
  await eachOf(old, ({ key }) => store.delete(key).catch(ignoreTrouble));
}

function ignoreTrouble(error: unknown): void {
  if (!(error instanceof TracecraftError)) throw error;
}
