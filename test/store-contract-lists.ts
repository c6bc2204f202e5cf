import { describe, expect, it } from "vitest";
import type { Listed, Store } from "../src/store/store.ts";
import { inParallel, keysOf, pagesOf, read, text, write } from "./store-contract-calls.ts";

/** Keys that a store may fold, decode or split: each is another object. Ascending by UTF-8 bytes. */
const oddKeys = [
  " lead",
  "%41",
  "%61",
  "+plus",
  "A",
  "CON",
  "a",
  "a b",
  "a%20b",
  "a%2Fb",
  "a&b=c?d#e",
  "a+b",
  "a.",
  "a.v/x",
  "a/b",
  "a/b ",
  "aa",
  "con",
  "con.txt",
  "e\u0301", // NFD of the one below.
  `long-${"Ab.".repeat(60)}/${"x".repeat(250)}/end`,
  "name.json",
  "name.json/below",
  "quote'\"<>|*:\\",
  "~tilde",
  "\u00c9",
  "\u00e9",
  "\uffee",
  "\u{1f600}", // In UTF-16 it would come before the one above.
];

export function listCases(open: () => Promise<Store>): void {
  describe("list()", () => {
    it("of an empty store is one empty page", async () => {
      const store = await open();
      for (const prefix of ["", "a", "a/", "a/b/c"]) {
        expect((await pagesOf(store, prefix)).map(({ objects }) => objects)).toEqual([[]]);
      }
    });

    it("gives each odd key that was written, in the order of UTF-8 bytes", async () => {
      const store = await open();
      await inParallel(oddKeys, (key) => write(store, key, `body of ${key}`));
      expect(await keysOf(store, "")).toEqual(oddKeys);
      for (const key of oddKeys) expect(text((await read(store, key)).body)).toBe(`body of ${key}`);
      await store.delete("A");
      expect(text((await read(store, "a")).body)).toBe("body of a");
      expect(await keysOf(store, "")).toEqual(oddKeys.filter((key) => key !== "A"));
    });

    it("gives odd keys that were written as fresh", async () => {
      const store = await open();
      const keys = oddKeys
        .filter((key) => !key.endsWith("/below"))
        .map((key) => `f/${key.replace("/", "-")}`);
      await inParallel(keys, (key) => write(store, key, `body of ${key}`, "fresh"));
      const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keysOf(store, "f/")).toEqual(sorted);
      for (const key of keys) expect(text((await read(store, key)).body)).toBe(`body of ${key}`);
    });

    it("gives the keys under a prefix, not its siblings", async () => {
      const store = await open();
      const keys = ["a", "a-b", "a.b", "a/", "a/b", "a/bc", "a/b/c", "a0", "ab", "b"].filter(
        (key) => key !== "a/",
      );
      await inParallel(keys, (key) => write(store, key, key, key.includes("b/") ? "fresh" : "nothing"));
      expect(await keysOf(store, "a/")).toEqual(["a/b", "a/b/c", "a/bc"]);
      expect(await keysOf(store, "a/b")).toEqual(["a/b", "a/b/c", "a/bc"]);
      expect(await keysOf(store, "a/b/")).toEqual(["a/b/c"]);
      expect(await keysOf(store, "a")).toEqual(["a", "a-b", "a.b", "a/b", "a/b/c", "a/bc", "a0", "ab"]);
      expect(await keysOf(store, "a/b/c")).toEqual(["a/b/c"]);
      expect(await keysOf(store, "c")).toEqual([]);
    });

    it("starts after the key it is given, there or not", async () => {
      const store = await open();
      await inParallel(["p/a", "p/b", "p/c", "q"], (key) => write(store, key, "1"));
      expect(await keysOf(store, "p/", "p/a")).toEqual(["p/b", "p/c"]);
      expect(await keysOf(store, "p/", "p/aa")).toEqual(["p/b", "p/c"]);
      expect(await keysOf(store, "p/", "a")).toEqual(["p/a", "p/b", "p/c"]);
      expect(await keysOf(store, "p/", "p/c")).toEqual([]);
      expect(await keysOf(store, "", "p/b")).toEqual(["p/c", "q"]);
    });

    it("goes on past a page, each key once", async () => {
      const store = await open();
      const keys = Array.from({ length: 1203 }, (_, n) => `many/${String(n * 7).padStart(5, "0")}.json`);
      await inParallel(keys, (key) => write(store, key, "1", "fresh"));
      const pages = await pagesOf(store, "many/");
      expect(pages.length).toBeGreaterThan(1);
      expect(pages.flatMap(({ objects }) => objects.map(({ key }) => key))).toEqual(keys);
      expect(pages.every(({ storeNow }) => typeof storeNow === "number")).toBe(true);
      expect(await keysOf(store, "many/", keys[1001])).toEqual(keys.slice(1002));
    });

    it("tells sizes and versions as they are now", async () => {
      const store = await open();
      await write(store, "a", "1");
      const version = await write(store, "a", "four", { version: (await read(store, "a")).version });
      const [found] = (await pagesOf(store, "")).flatMap(({ objects }) => objects as Listed[]);
      expect(found).toMatchObject({ key: "a", size: 4, version });
    });
  });
}
