import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { atOnce, roots, sourceOf, textOf } from "../../test/file-calls.ts";
import { limit } from "../../test/store-contract-calls.ts";
import { storeContract } from "../../test/store-contract.ts";
import { deletedMark } from "./file-row.ts";
import { fileStore } from "./file.ts";
import { memoryStore } from "./memory.ts";
import type { Expect, Store } from "./store.ts";

const root = roots();
afterAll(root.remove);

storeContract("fileStore()", async () => fileStore(root.next()));
storeContract("fileStore() that cleans at once", async () => fileStore(root.next(), { keep: atOnce }));
storeContract("fileStore() with a prefix, through a link to its root", async () => {
  const path = root.next();
  mkdirSync(path);
  symlinkSync(path, `${path}-link`);
  return fileStore(`${path}-link`, { prefix: "Team/shop/" });
});

describe("fileStore()", () => {
  it("reads an absent root as empty, and makes it with the first write", async () => {
    const path = join(root.next(), "deep", "down");
    const store = fileStore(path);
    expect(await store.get("a", { limit })).toBeUndefined();
    for await (const page of store.list("")) expect(page).toEqual({ storeNow: undefined, objects: [] });
    await store.delete("a");
    expect(await store.put("a", Buffer.from("1"), { version: "1-2-3" })).toEqual({ outcome: "refused" });
    await expect(store.put("../a", Buffer.from("1"), "anything")).rejects.toMatchObject({ code: "usage" });
    expect(existsSync(join(path, "a"))).toBe(false);
    await store.put("a", Buffer.from("1"), "nothing");
    expect(textOf(await store.get("a", { limit }))).toBe("1");
    expect(store).toMatchObject({ name: `file://${path}`, traits: { endpoint: `file://${path}` } });
  });

  it("keeps keys where a person finds them, and nothing else", async () => {
    const path = root.next();
    const store = fileStore(path, { prefix: "shop" });
    await store.put("messages/bob/1.json", Buffer.from("hello"), "fresh");
    await store.put("steps/s1/claim.json", Buffer.from("mine"), "nothing");
    expect(readFileSync(join(path, "shop/messages/bob/1.json"), "utf8")).toBe("hello");
    const number = "00000000000000000001";
    expect(readFileSync(join(path, "shop/steps/s1/.v/claim.json", number), "utf8")).toBe("mine");
    expect(readdirSync(join(path, "shop/messages/bob"))).toEqual(["1.json"]);
  });

  it("does what memoryStore() does, call by call", async () => {
    const keys = fc.constantFrom("a", "A", "d/a", "d/b", "d/e/f");
    const call = fc.record({
      key: keys,
      act: fc.constantFrom("nothing", "anything", "fresh", "current", "first", "delete"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 40 }), async (calls) => {
        const stores = [fileStore(root.next(), { keep: atOnce }), memoryStore()];
        const traces = await Promise.all(stores.map((store) => traceOf(store, calls)));
        expect(traces[0]).toEqual(traces[1]);
      }),
      { numRuns: 30 },
    );
  });

  it("refuses a body that would read as deleted", async () => {
    const store = fileStore(root.next());
    const source = sourceOf(deletedMark, () => {});
    for (const body of [deletedMark, source]) {
      for (const expected of ["nothing", "anything", "fresh"] as const) {
        await expect(store.put("a", body, expected)).rejects.toMatchObject({ code: "usage" });
      }
    }
  });

  it("refuses a key below a key that is one file, and loses neither", async () => {
    const store = fileStore(root.next());
    await store.put("a", Buffer.from("1"), "fresh");
    for (const expected of ["nothing", "anything", "fresh"] as const) {
      await expect(store.put("a/b", Buffer.from("1"), expected)).rejects.toMatchObject({ code: "usage" });
    }
    expect(await store.get("a/b", { limit })).toBeUndefined();
    expect(textOf(await store.get("a", { limit }))).toBe("1");
  });
});

/** What each call answered, and what is there after it, in words that do not depend on the store. */
async function traceOf(
  store: Store,
  calls: readonly { readonly key: string; readonly act: string }[],
): Promise<readonly string[]> {
  const firsts = new Map<string, string>();
  const trace: string[] = [];
  for (const [index, { key, act }] of calls.entries()) {
    const current = (await store.get(key, { limit }))?.version;
    const versions: Record<string, string | undefined> = { current, first: firsts.get(key) };
    if (act === "delete") await store.delete(key);
    else {
      const expected = act in versions ? { version: versions[act] ?? "none" } : (act as Expect);
      const put = await store.put(key, Buffer.from(`${index}`), expected);
      if (put.outcome === "written" && !firsts.has(key)) firsts.set(key, put.version);
      trace.push(`${act} ${key}: ${put.outcome}`);
    }
    trace.push(`${key} = ${textOf(await store.get(key, { limit }))}`);
  }
  for await (const page of store.list(""))
    trace.push(...page.objects.map(({ key, size }) => `${key} ${size}`));
  return trace;
}
