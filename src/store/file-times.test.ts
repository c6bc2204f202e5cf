import { readdirSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { atOnce, listed, overtake, roots, sourceOf } from "../../test/file-calls.ts";
import { limit, write } from "../../test/store-contract-calls.ts";
import { fileStore } from "./file.ts";

const root = roots();
afterAll(root.remove);

describe("fileStore() tells times", () => {
  it("arrival is the time of the link, not of the writing, and nothing that follows moves it", async () => {
    const path = root.next();
    const store = fileStore(path, { keep: atOnce });
    await write(store, "k", "0", "nothing");
    await overtake(store, "k", 5);
    let streamed = 0;
    const slow = sourceOf(Buffer.from("x"), async () => {
      await write(store, "clock", "1", "nothing");
      streamed = (await store.get("clock", { limit }))!.writtenAt!;
    });
    const version = (await store.get("k", { limit }))!.version;
    const put = await store.put("k", slow, { version });
    const { writtenAt } = (await store.get("k", { limit }))!;
    expect(writtenAt).toBeGreaterThanOrEqual(streamed);
    expect(put).toMatchObject({ storeNow: writtenAt });

    const names = readdirSync(join(path, ".v/k"));
    await store.put("k", Buffer.from("lost"), { version });
    await store.put("k", Buffer.from("lost"), "nothing");
    await store.put(
      "k",
      sourceOf(Buffer.from("lost"), () => {}),
      "nothing",
    );
    await listed(store);
    expect((await store.get("k", { limit }))!.writtenAt).toBe(writtenAt);
    expect(readdirSync(join(path, ".v/k"))).toEqual(names);
  });

  it("arrival of a fresh key is the time when it came into place", async () => {
    const store = fileStore(root.next());
    let streamed = 0;
    const slow = sourceOf(Buffer.from("x"), async () => {
      await store.put("other", Buffer.from("1"), "fresh");
      streamed = (await store.get("other", { limit }))!.writtenAt!;
    });
    await store.put("k", slow, "fresh");
    const { writtenAt, storeNow } = (await store.get("k", { limit }))!;
    expect(writtenAt).toBeGreaterThanOrEqual(streamed);
    expect(storeNow).toBeGreaterThanOrEqual(writtenAt!);
  });

  it("mtimes that somebody sets, and a clock file that is not ours, do not matter", async () => {
    const path = root.next();
    const store = fileStore(path);
    await store.put("k", Buffer.from("1"), "fresh");
    utimesSync(join(path, "k"), 1, 1);
    const before = Date.now() - 60_000;
    symlinkSync("/dev/null", `${path}-elsewhere`);
    rmSync(join(path, ".now"), { force: true });
    symlinkSync(`${path}-elsewhere`, join(path, ".now"));
    const found = (await store.get("k", { limit }))!;
    expect(found.writtenAt).toBeGreaterThan(before);
    expect(found.storeNow).toBeGreaterThan(before);
  });
});
