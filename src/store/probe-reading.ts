import { TracecraftError } from "../errors.ts";
import {
  bodyOf,
  eachOf,
  keyOf,
  look,
  newNonce,
  ownerOf,
  plainPut,
  type Bench,
  type Check,
} from "./probe-bench.ts";
import type { Listed } from "./store.ts";

const looksAfterPut = 8;
const deletions = 4;
/** Names that a listing must tell apart, in the order of their UTF-8 bytes. */
const names = ["A", "a", "a b", "a+b", "a/x", "ab", "ab/y", "b", "~", "é"].map((name) => `list/${name}`);
const pagesOfProject = 3;
const smallPage = 3;
const emptyPages = 10;

export const readFaults = {
  read: "answers reads with something else than what was written",
  list: "does not list what is there",
  delete: "shows what was deleted",
} as const;

/** A range is that range; an old version is told apart from the current one. */
export async function reads(bench: Bench): Promise<Check> {
  const name = "read";
  const bad = (detail: string): Check => ({ name, result: "bad", detail, fault: readFaults.read });
  const key = keyOf(bench, "read");
  const [first, second] = [newNonce(bench), newNonce(bench)];
  const old = await plainPut(bench, key, bodyOf(first));
  const now = await plainPut(bench, key, bodyOf(second));

  const part = await bench.store.get(key, { limit: 64, range: [4, 12] });
  if (Buffer.from(part?.body ?? []).toString() !== second.slice(4, 12)) return bad("a range is another one");
  const changed = await bench.store.get(key, { limit: 64, unless: old });
  if (!changed || "unchanged" in changed || ownerOf(changed) !== second)
    return bad("a changed object read as unchanged");
  const again = await bench.store.get(key, { limit: 64, unless: now });
  const told = again && "unchanged" in again ? "unchanged told apart" : "unchanged read whole";
  return { name, result: "ok", detail: `ranges; ${told}` };
}

/** What was put is listed at once, each key once and in byte order, after the key that was asked for. */
export async function lists(bench: Bench): Promise<Check> {
  const name = "list";
  const bad = (detail: string): Check => ({ name, result: "bad", detail, fault: readFaults.list });
  try {
    await eachOf(names, async (one) => {
      await plainPut(bench, keyOf(bench, one), bodyOf(newNonce(bench)));
    });
    const wanted = names.map((one) => keyOf(bench, one));
    const siblings = await keysUnder(bench, keyOf(bench, "list/a"));
    const after = await keysUnder(bench, keyOf(bench, "list/"), keyOf(bench, "list/ab"));
    const all = await keysUnder(bench, keyOf(bench, "list/"));
    if (!isAscending(all) || !isAscending(after)) return bad("keys out of order");
    if (!same(all, wanted)) return bad(`${all.length} of ${wanted.length} keys listed`);
    const below = wanted.filter((key) => key.startsWith(keyOf(bench, "list/a")));
    if (!same(siblings, below))
      return bad(`${siblings.length} of ${below.length} keys listed under a prefix of a name`);
    const later = wanted.slice(wanted.indexOf(keyOf(bench, "list/ab")) + 1);
    if (!same(after, later)) return bad("start-after is not where it was asked for");

    let missed = 0;
    await eachOf(Array.from({ length: looksAfterPut }).keys(), async (number) => {
      const key = keyOf(bench, `seen/${number}/k`);
      await plainPut(bench, key, bodyOf(newNonce(bench)));
      if (!(await keysUnder(bench, keyOf(bench, `seen/${number}/`))).includes(key)) missed++;
    });
    if (missed > 0) return bad(`${missed} of ${looksAfterPut} keys not listed when they had been written`);
    const small = await pagedKeysUnder(bench, keyOf(bench, "list/"));
    if (!same(small.keys, wanted))
      return bad(`${small.keys.length} of ${wanted.length} keys listed page by page`);
    const pages = Math.max(small.pages, await projectPages(bench));
    const order = pages > 1 ? "paging, order, start-after" : "order, start-after; paging not tried";
    return { name, result: "ok", detail: order };
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
    return bad(typeof error.cause === "string" ? error.cause : error.message);
  }
}

/** How many pages of what the project has follow one another, each key once and in order; it is not read to its end. */
async function projectPages(bench: Bench): Promise<number> {
  let pages = 0;
  let last = "";
  for await (const { objects } of bench.store.list("")) {
    pages++;
    last = ascend(objects, last);
    if (pages === pagesOfProject) break;
  }
  return pages;
}

/** The keys under a prefix. A listing that makes no progress, or has a key twice, is `malformed` and not endless. */
async function keysUnder(bench: Bench, prefix: string, after?: string): Promise<readonly string[]> {
  return (await allPages(bench, prefix, after)).keys;
}

async function allPages(
  bench: Bench,
  prefix: string,
  after?: string,
): Promise<{ keys: readonly string[]; pages: number }> {
  const keys: string[] = [];
  let pages = 0;
  for await (const { objects } of bench.store.list(prefix, after)) {
    keys.push(...objects.map(({ key }) => key));
    if (++pages > emptyPages) throw madeNoSense("its pages do not end");
  }
  return { keys, pages };
}

/** The same in pages of three keys; a store that gives more at once has one page, and its paging was not tried. */
async function pagedKeysUnder(
  bench: Bench,
  prefix: string,
): Promise<{ keys: readonly string[]; pages: number }> {
  const { traits } = bench.store;
  traits.pageSize = smallPage;
  try {
    return await allPages(bench, prefix);
  } finally {
    traits.pageSize = undefined;
  }
}

function ascend(objects: readonly Listed[], last: string): string {
  for (const { key } of objects) {
    if (byBytes(key, last) <= 0) throw madeNoSense(`"${key}" came after "${last}"`);
    last = key;
  }
  return last;
}

function madeNoSense(cause: string): TracecraftError {
  return new TracecraftError("malformed", "Cannot list: its pages make no sense", { cause });
}

/** A deleted object is gone for a read and for a listing as soon as the answer is there. */
export async function deletes(bench: Bench, listed: boolean): Promise<Check> {
  const name = "delete";
  const bad = (detail: string): Check => ({ name, result: "bad", detail, fault: readFaults.delete });
  let read = 0;
  let seen = 0;
  await eachOf(Array.from({ length: deletions }).keys(), async (number) => {
    const key = keyOf(bench, `deleted/${number}/k`);
    await plainPut(bench, key, bodyOf(newNonce(bench)));
    await bench.store.delete(key);
    if (await look(bench, key)) read++;
    if (listed && (await keysUnder(bench, keyOf(bench, `deleted/${number}/`))).length > 0) seen++;
  });
  if (read > 0) return bad(`${read} of ${deletions} still read`);
  if (seen > 0) return bad(`${seen} of ${deletions} still listed`);
  return { name, result: "ok", detail: "visible at once" };
}

function same(found: readonly string[], wanted: readonly string[]): boolean {
  return found.length === wanted.length && wanted.every((key, at) => found[at] === key);
}

function isAscending(keys: readonly string[]): boolean {
  return keys.every((key, at) => at === 0 || byBytes(keys[at - 1]!, key) < 0);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
