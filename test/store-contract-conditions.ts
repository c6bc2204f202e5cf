import { describe, expect, it } from "vitest";
import type { Store } from "../src/store/store.ts";
import { bytes, keysOf, limit, read, text, write } from "./store-contract-calls.ts";

export function conditionCases(open: () => Promise<Store>): void {
  describe("conditions", () => {
    it("put() expecting nothing is refused while the key is there, and changes nothing", async () => {
      const store = await open();
      const version = await write(store, "key", "first");
      expect(await store.put("key", bytes("second"), "nothing")).toEqual({ outcome: "refused" });
      expect(await read(store, "key")).toMatchObject({ version, body: Uint8Array.from(bytes("first")) });
      await write(store, "fresh", "first", "fresh");
      expect(await store.put("fresh", bytes("second"), "nothing")).toEqual({ outcome: "refused" });
      expect(text((await read(store, "fresh")).body)).toBe("first");
    });

    it("put() expecting a version replaces that one only", async () => {
      const store = await open();
      const first = await write(store, "key", "nonce 1");
      const second = await write(store, "key", "nonce 2", { version: first });
      expect(second).not.toBe(first);
      expect(await store.put("key", bytes("nonce 3"), { version: first })).toEqual({ outcome: "refused" });
      expect(text((await read(store, "key")).body)).toBe("nonce 2");
      expect((await read(store, "key")).version).toBe(second);
      await write(store, "key", "nonce 4", { version: second });
    });

    it("put() expecting a version of a key that is not there is refused", async () => {
      const store = await open();
      const version = await write(store, "other", "1");
      expect(await store.put("key", bytes("1"), { version })).toEqual({ outcome: "refused" });
      expect(await store.get("key", { limit })).toBeUndefined();
      expect(await keysOf(store, "")).toEqual(["other"]);
    });

    it("put() expecting the version of a deleted object is refused, also after it is created again", async () => {
      const store = await open();
      for (const expected of ["nothing", "fresh"] as const) {
        const first = await write(store, "key", "nonce 1", expected);
        await store.delete("key");
        expect(await store.put("key", bytes("nonce 2"), { version: first })).toEqual({ outcome: "refused" });
        expect(await store.get("key", { limit })).toBeUndefined();
        const third = await write(store, "key", "nonce 3", expected);
        expect(await store.put("key", bytes("nonce 4"), { version: first })).toEqual({ outcome: "refused" });
        expect(await read(store, "key")).toMatchObject({
          version: third,
          body: Uint8Array.from(bytes("nonce 3")),
        });
        await store.delete("key");
      }
    });

    it("put() expecting anything writes, whatever is there", async () => {
      const store = await open();
      for (const earlier of ["nothing", "fresh", "anything"] as const) {
        const first = await write(store, earlier, "nonce 1", earlier);
        const second = await write(store, earlier, "nonce 2", "anything");
        expect(second).not.toBe(first);
        expect(text((await read(store, earlier)).body)).toBe("nonce 2");
        expect(await store.put(earlier, bytes("nonce 3"), { version: first })).toEqual({
          outcome: "refused",
        });
        await store.delete(earlier);
        await write(store, earlier, "nonce 4", "anything");
        expect(text((await read(store, earlier)).body)).toBe("nonce 4");
      }
    });

    it("put() of fresh may be repeated, and is written each time", async () => {
      const store = await open();
      for (const place of ["key", "folder/key"]) {
        for (let time = 0; time < 3; time++) await write(store, place, "same", "fresh");
        expect(text((await read(store, place)).body)).toBe("same");
        expect(await keysOf(store, place)).toEqual([place]);
        await store.delete(place);
        await write(store, place, "again", "fresh");
        expect(text((await read(store, place)).body)).toBe("again");
      }
    });

    it("a fresh object can be compared and set like any other", async () => {
      const store = await open();
      const first = await write(store, "key", "nonce 1", "fresh");
      const second = await write(store, "key", "nonce 2", { version: first });
      expect(await store.put("key", bytes("nonce 3"), { version: first })).toEqual({ outcome: "refused" });
      expect(await read(store, "key")).toMatchObject({ version: second });
      expect(await keysOf(store, "")).toEqual(["key"]);
      await store.delete("key");
      expect(await keysOf(store, "")).toEqual([]);
    });

    it("identical bytes may be put again, and the version expected stays decisive", async () => {
      const store = await open();
      const body = '{"nonce":"a"}';
      let version = await write(store, "key", body);
      for (let time = 0; time < 3; time++) version = await write(store, "key", body, { version });
      expect(await read(store, "key")).toMatchObject({ version, size: body.length });
      const other = await write(store, "key", '{"nonce":"b"}', { version });
      expect(other).not.toBe(version);
      expect(await store.put("key", bytes(body), { version })).toEqual({ outcome: "refused" });
    });
  });
}
