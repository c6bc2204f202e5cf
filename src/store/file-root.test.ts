import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { listed, roots } from "../../test/file-calls.ts";
import { limit } from "../../test/store-contract-calls.ts";
import { fileStore } from "./file.ts";

const root = roots();
afterAll(root.remove);

describe("fileStore() follows no symbolic link below its root", () => {
  const number = "00000000000000000001";

  it.each([
    ["shop", "shop/k"],
    ["shop/steps", "shop/steps/k"],
    ["shop/steps", "shop/steps/deeper/k"],
    ["shop/steps/.v", "shop/steps/k"],
    ["shop/steps/.v/k", "shop/steps/k"],
  ])("planted at %s, for %s", async (planted, key) => {
    const path = root.next();
    const outside = root.next();
    for (const folder of [outside, join(outside, "k"), join(outside, ".v/k"), join(outside, "deeper")]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, number), "secret");
    }
    const before = readdirSync(outside, { recursive: true });
    mkdirSync(dirname(join(path, planted)), { recursive: true });
    symlinkSync(outside, join(path, planted));

    const store = fileStore(path);
    const refusal = { code: "malformed" };
    await expect(store.get(key, { limit })).rejects.toMatchObject(refusal);
    await expect(store.delete(key)).rejects.toMatchObject(refusal);
    for (const expected of ["nothing", "anything", { version: "1-1-1" }] as const) {
      await expect(store.put(key, Buffer.from("x"), expected)).rejects.toMatchObject(refusal);
    }
    expect(await listed(store)).toEqual([]);
    expect(readdirSync(outside, { recursive: true })).toEqual(before);
  });

  it("planted on the way to a key written once", async () => {
    const path = root.next();
    const outside = root.next();
    mkdirSync(outside);
    mkdirSync(path);
    symlinkSync(outside, join(path, "shop"));
    for (const key of ["shop/k", "shop/deeper/k"]) {
      const put = fileStore(path).put(key, Buffer.from("x"), "fresh");
      await expect(put).rejects.toMatchObject({ code: "malformed" });
    }
    expect(readdirSync(outside)).toEqual([]);
  });

  it("planted as an object", async () => {
    const path = root.next();
    const secret = `${path}-secret`;
    writeFileSync(secret, "secret");
    mkdirSync(join(path, ".v/row"), { recursive: true });
    symlinkSync(secret, join(path, "plain"));
    symlinkSync(secret, join(path, ".v/row", number));
    const store = fileStore(path);
    for (const key of ["plain", "row"]) {
      await expect(store.get(key, { limit })).rejects.toMatchObject({ code: "malformed" });
      for (const expected of ["nothing", "anything", "fresh"] as const) {
        await expect(store.put(key, Buffer.from("x"), expected)).rejects.toMatchObject({ code: "malformed" });
      }
    }
    await store.put("other", Buffer.from("x"), "nothing");
    expect(await listed(store)).toEqual([["other", 1]]);
    expect(readFileSync(secret, "utf8")).toBe("secret");
  });

  it("nor takes a number that it never wrote for a version", async () => {
    const path = root.next();
    mkdirSync(join(path, ".v/row"), { recursive: true });
    writeFileSync(join(path, ".v/row", "9".repeat(20)), "planted");
    const store = fileStore(path);
    await store.put("other", Buffer.from("x"), "nothing");
    await expect(store.get("row", { limit })).rejects.toMatchObject({ code: "malformed" });
    await expect(store.put("row", Buffer.from("x"), "anything")).rejects.toMatchObject({ code: "malformed" });
    expect(await listed(store)).toEqual([["other", 1]]);
  });
});
