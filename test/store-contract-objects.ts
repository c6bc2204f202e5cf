import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Store } from "../src/store/store.ts";
import { bytes, keysOf, limit, pagesOf, read, sourceOf, text, write } from "./store-contract-calls.ts";
import type { Differs } from "./store-contract.ts";

export function objectCases(open: () => Promise<Store>, { unlessIgnored, missingBucket }: Differs): void {
  describe("one object", () => {
    it("get() of a key never written is undefined", async () => {
      const store = await open();
      expect(await store.get("none", { limit })).toBeUndefined();
      expect(await store.get("no/such/folder", { limit })).toBeUndefined();
      await write(store, "no/such", "a neighbour");
      expect(await store.get("no", { limit })).toBeUndefined();
      expect(await store.get("no/such/folder", { limit })).toBeUndefined();
      expect(await store.get("no/suc", { limit })).toBeUndefined();
    });

    it.each(["nothing", "anything", "fresh"] as const)(
      "put() expecting %s writes what get() reads",
      async (expected) => {
        const store = await open();
        const version = await write(store, "a/b.json", '{"x":1}', expected);
        const found = await read(store, "a/b.json");
        expect(text(found.body)).toBe('{"x":1}');
        expect(found).toMatchObject({ version, size: 7 });
      },
    );

    it.each(["nothing", "anything", "fresh"] as const)(
      "put() expecting %s takes an empty body and every byte",
      async (expected) => {
        const store = await open();
        await write(store, "empty", "", expected);
        expect(await read(store, "empty")).toMatchObject({ body: new Uint8Array(), size: 0 });
        const all = Uint8Array.from({ length: 256 * 300 }, (_, n) => n ^ (n >> 8));
        await write(store, "all", all, expected);
        expect(Buffer.compare((await read(store, "all")).body, all)).toBe(0);
      },
    );

    it("the caller may reuse its buffer, and change what it was given", async () => {
      const store = await open();
      const buffer = bytes("first");
      const put = store.put("key", buffer, "nothing");
      await put;
      buffer.fill(0);
      const found = await read(store, "key");
      expect(text(found.body)).toBe("first");
      found.body.fill(0);
      expect(text((await read(store, "key")).body)).toBe("first");
    });

    it.each(["nothing", "anything", "fresh"] as const)(
      "put() expecting %s takes a source of many chunks, opened anew if need be",
      async (expected) => {
        const store = await open();
        const chunks = Array.from({ length: 40 }, (_, n) => Buffer.alloc(n * 1000, n));
        await write(store, "big", sourceOf(chunks), expected);
        const found = await read(store, "big");
        expect(found.size).toBe(780_000);
        expect(Buffer.compare(found.body, Buffer.concat(chunks))).toBe(0);
        await write(store, "none", sourceOf([]), expected);
        expect((await read(store, "none")).size).toBe(0);
      },
    );

    it.each([
      ["another hash", { sha256: createHash("sha256").update("other").digest("hex") }],
      ["fewer bytes than it said", { size: 6 }],
      ["more bytes than it said", { size: 4 }],
    ])("put() of a source with %s throws and writes nothing", async (_, lie) => {
      const store = await open();
      const source = { ...sourceOf([bytes("ab"), bytes("cde")]), ...lie };
      for (const expected of ["nothing", "anything", "fresh"] as const) {
        await expect(store.put(expected, source, expected)).rejects.toMatchObject({ code: "changed" });
        expect(await store.get(expected, { limit })).toBeUndefined();
      }
      expect(await keysOf(store, "")).toEqual([]);
    });

    it("get() with a range gives those bytes and the size of the whole", async () => {
      const store = await open();
      await write(store, "key", "0123456789");
      const range = async (from: number, to: number) => {
        const found = await store.get("key", { limit: 10, range: [from, to] });
        expect(found?.size).toBe(10);
        return text(found!.body);
      };
      expect(await range(0, 3)).toBe("012");
      expect(await range(4, 5)).toBe("4");
      expect(await range(8, 100)).toBe("89");
      expect(await range(0, 10)).toBe("0123456789");
      expect(await range(10, 20)).toBe("");
      expect(await range(99, 100)).toBe("");
      await write(store, "empty", "");
      expect((await store.get("empty", { limit, range: [0, 9] }))?.body).toEqual(new Uint8Array());
    });

    it("get() takes up to `limit` bytes, and one more is malformed", async () => {
      const store = await open();
      await write(store, "key", "0123456789");
      expect((await store.get("key", { limit: 10 }))?.size).toBe(10);
      await expect(store.get("key", { limit: 9 })).rejects.toMatchObject({ code: "malformed" });
      expect(text((await store.get("key", { limit: 4, range: [2, 6] }))!.body)).toBe("2345");
      await expect(store.get("key", { limit: 3, range: [2, 6] })).rejects.toMatchObject({
        code: "malformed",
      });
    });

    it("get() unless it has that version says that it is unchanged, and after a change what it is now", async () => {
      const store = await open();
      const first = await write(store, "key", "one");
      const same = await store.get("key", { limit, unless: first });
      if (unlessIgnored) expect(same).toMatchObject({ version: first });
      else {
        expect(same).toMatchObject({ unchanged: true, version: first });
        expect(same).not.toHaveProperty("body");
      }
      const second = await write(store, "key", "two", { version: first });
      expect(await store.get("key", { limit, unless: first })).toMatchObject({
        version: second,
        body: Uint8Array.from(bytes("two")),
      });
      await store.delete("key");
      expect(await store.get("key", { limit, unless: second })).toBeUndefined();
    });

    it("tells when an object arrived, the same in get() and list(), and its own clock", async () => {
      const store = await open();
      const before = await write(store, "earlier", "x").then(() => read(store, "earlier"));
      const put = await store.put("key", bytes("1"), "nothing");
      const first = await read(store, "key");
      expect(first.writtenAt).toBeTypeOf("number");
      expect(first.storeNow).toBeTypeOf("number");
      expect(first.writtenAt).toBeGreaterThanOrEqual(before.writtenAt!);
      expect(first.storeNow! + 1000).toBeGreaterThanOrEqual(first.writtenAt!);
      expect(first.storeNow! - first.writtenAt!).toBeLessThan(30_000);
      expect(put).toMatchObject({ storeNow: expect.any(Number) });
      if (put.outcome === "written") expect(Math.abs(put.storeNow! - first.writtenAt!)).toBeLessThan(30_000);

      await write(store, "later", "x");
      const again = await read(store, "key");
      expect(again.writtenAt).toBe(first.writtenAt);
      const [page] = await pagesOf(store, "key");
      expect(page!.storeNow).toBeTypeOf("number");
      const listed = page!.objects[0]!;
      expect(Math.abs(listed.writtenAt - first.writtenAt!)).toBeLessThan(1000); // Last-Modified has whole seconds.
      expect(listed).toMatchObject({ key: "key", size: 1, version: first.version });
    });

    it("delete() removes the object, and succeeds when it is gone", async () => {
      const store = await open();
      await write(store, "a/nothing", "1", "nothing");
      await write(store, "a/fresh", "1", "fresh");
      await store.delete("a/nothing");
      await store.delete("a/fresh");
      await store.delete("a/nothing");
      await store.delete("a/never");
      await store.delete("never/a");
      expect(await store.get("a/nothing", { limit })).toBeUndefined();
      expect(await store.get("a/fresh", { limit })).toBeUndefined();
      expect(await keysOf(store, "")).toEqual([]);
    });

    it.runIf(missingBucket)("a bucket that is not there is an error for every call", async () => {
      const store = await missingBucket!();
      const error = { name: "TracecraftError" };
      await expect(store.get("key", { limit })).rejects.toMatchObject(error);
      for (const expected of ["nothing", "anything", "fresh", { version: "v" }] as const) {
        await expect(store.put("key", bytes("1"), expected)).rejects.toMatchObject(error);
      }
      await expect(pagesOf(store, "")).rejects.toMatchObject(error);
      await expect(store.delete("key")).rejects.toMatchObject(error);
    });
  });
}
