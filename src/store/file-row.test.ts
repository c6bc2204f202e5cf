import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { atOnce, listed, overtake, roots, sourceOf, textOf, versionsAtOnce } from "../../test/file-calls.ts";
import { limit, write } from "../../test/store-contract-calls.ts";
import { clean } from "./file-clean.ts";
import { placeOf } from "./file-root.ts";
import { look } from "./file-row.ts";
import { fileStore } from "./file.ts";

const root = roots();
afterAll(root.remove);

describe("fileStore() when others come in between", () => {
  it("a version that was overtaken and cleaned away is unknown, never written, and no reader sees it", async () => {
    const store = fileStore(root.next(), { keep: versionsAtOnce });
    const first = await write(store, "k", "1", "nothing");
    const late = sourceOf(Buffer.from("late"), () => overtake(store, "k", 5));
    expect(await store.put("k", late, { version: first })).toMatchObject({ outcome: "unknown" });
    expect(textOf(await store.get("k", { limit }))).toBe("rival 5");
    expect(await listed(store)).toEqual([["k", 7]]);
  });

  it("a creation that was overtaken and cleaned away is unknown, never written, and no reader sees it", async () => {
    const store = fileStore(root.next(), { keep: versionsAtOnce });
    const late = sourceOf(Buffer.from("late"), async () => {
      await write(store, "k", "1", "nothing");
      await overtake(store, "k", 5);
    });
    expect(await store.put("k", late, "nothing")).toMatchObject({ outcome: "unknown" });
    expect(textOf(await store.get("k", { limit }))).toBe("rival 5");
    expect(await listed(store)).toEqual([["k", 7]]);
  });

  it("an overtaken creation, and version, is refused while its number is there", async () => {
    const store = fileStore(root.next());
    const late = sourceOf(Buffer.from("late"), async () => void (await write(store, "k", "1", "nothing")));
    expect(await store.put("k", late, "nothing")).toEqual({ outcome: "refused" });
    const version = (await store.get("k", { limit }))!.version;
    const later = sourceOf(Buffer.from("late"), () => overtake(store, "k", 5));
    expect(await store.put("k", later, { version })).toEqual({ outcome: "refused" });
    expect(textOf(await store.get("k", { limit }))).toBe("rival 5");
  });

  it("a put of anything comes last, and its version is one to go on from", async () => {
    const store = fileStore(root.next(), { keep: versionsAtOnce });
    await write(store, "k", "1", "nothing");
    let rounds = 0;
    const late = sourceOf(Buffer.from("late"), async () => {
      if (++rounds < 3) await overtake(store, "k", 5);
    });
    const put = await store.put("k", late, "anything");
    expect(textOf(await store.get("k", { limit }))).toBe("late");
    if (put.outcome !== "written") throw new Error(put.outcome);
    await write(store, "k", "2", { version: put.version });
  });

  it("a writer whose temporary file was cleaned away decides again", async () => {
    const store = fileStore(root.next(), { keep: atOnce });
    const version = await write(store, "k", "1", "nothing");
    const late = sourceOf(Buffer.from("late"), () => overtake(store, "k", 5));
    expect(await store.put("k", late, { version })).toEqual({ outcome: "refused" });
    let rounds = 0;
    const again = sourceOf(Buffer.from("again"), async () => {
      if (++rounds === 1) await overtake(store, "k", 5);
    });
    expect(await store.put("k", again, "anything")).toMatchObject({ outcome: "written" });
    expect([rounds, textOf(await store.get("k", { limit }))]).toEqual([2, "again"]);
  });

  it("a ghost with the expected number is not the expected version", async () => {
    const store = fileStore(root.next(), { keep: versionsAtOnce });
    const first = await write(store, "k", "1", "nothing");
    const gates = [gate(), gate()] as const;
    const ghost = store.put(
      "k",
      sourceOf(Buffer.from("ghost"), () => gates[0].opened),
      { version: first },
    );
    const second = await write(store, "k", "2", { version: first });
    const late = store.put(
      "k",
      sourceOf(Buffer.from("late"), () => gates[1].opened),
      { version: second },
    );
    await overtake(store, "k", 5);
    gates[0].open();
    expect(await ghost).toMatchObject({ outcome: "unknown" });
    gates[1].open();
    expect(await late).toMatchObject({ outcome: "unknown" });
    expect(textOf(await store.get("k", { limit }))).toBe("rival 5");
  });

  it.each(["nothing", "fresh"] as const)(
    "a deletion meanwhile refuses the version of a key put as %s",
    async (expected) => {
      const store = fileStore(root.next(), { keep: versionsAtOnce });
      const version = await write(store, "k", "1", expected);
      const late = sourceOf(Buffer.from("late"), () => store.delete("k"));
      expect(await store.put("k", late, { version })).toEqual({ outcome: "refused" });
      expect(await store.get("k", { limit })).toBeUndefined();
    },
  );
});

describe("fileStore() cleans", () => {
  it("only what is old: nothing goes in the first ten minutes", async () => {
    const path = root.next();
    const store = fileStore(path);
    await write(store, "k", "0", "nothing");
    await overtake(store, "k", 30);
    expect(numbersOf(path)).toHaveLength(31);
  });

  it("a version whose successor is old, and leaves one whose successor is young", async () => {
    const path = root.next();
    const store = fileStore(path);
    await write(store, "k", "0", "nothing");
    const arrival = (number: number) =>
      Math.floor(lstatSync(join(path, `.v/k/${String(number).padStart(20, "0")}`)).ctimeMs);
    await overtake(store, "k", 1);
    do await overtake(store, "k", 1);
    while (arrival(2) === arrival(numbersOf(path).length));
    const last = numbersOf(path).length;
    const place = placeOf(path, "k");
    const keep = { versionsMs: 600_000, temporariesMs: 0 };
    clean(place, look(place.row, keep).names, arrival(2) + 600_000, keep);
    expect(numbersOf(path).includes(1)).toBe(false);
    expect(numbersOf(path).slice(-2)).toEqual([last - 1, last]);
  });

  it("superseded versions with both their names, and never the current one", async () => {
    const path = root.next();
    const store = fileStore(path, { keep: versionsAtOnce });
    await write(store, "k", "0", "nothing");
    await overtake(store, "k", 200);
    expect(numbersOf(path)).toEqual([200, 201]);
    expect(readdirSync(join(path, ".v/k"))).toHaveLength(4);
    await store.delete("k");
    expect(numbersOf(path)).toEqual([201, 202]);
    expect(await store.get("k", { limit })).toBeUndefined();
    await write(store, "k", "again", "nothing");
    expect(numbersOf(path)).toEqual([202, 203]);
  });

  it("a long row to its end, 64 at a time, however much was left behind", async () => {
    const path = root.next();
    await write(fileStore(path), "k", "0", "nothing");
    await overtake(fileStore(path), "k", 150);
    await overtake(fileStore(path, { keep: atOnce }), "k", 3);
    expect(numbersOf(path)).toEqual([153, 154]);
  });

  it("lowest first, and stops at what it cannot remove", async () => {
    const path = root.next();
    await write(fileStore(path), "k", "0", "nothing");
    await overtake(fileStore(path), "k", 3);
    const second = join(path, ".v/k/00000000000000000002");
    rmSync(second);
    mkdirSync(second); // unlink(2) refuses it.
    await overtake(fileStore(path, { keep: atOnce }), "k", 2);
    expect(numbersOf(path)).toEqual([2, 3, 4, 5, 6]);
  });

  it("what dead writers left below the current number and beside keys, never a current version's second name", async () => {
    const path = root.next();
    const store = fileStore(path, { keep: atOnce });
    await write(store, "k", "0", "nothing");
    await overtake(store, "k", 4);
    const dead = join(path, ".v/k/t00000000000000000003.0123456789abcdef");
    const beside = join(path, ".t0123456789abcdef");
    writeFileSync(dead, "torn");
    writeFileSync(beside, "torn");
    await listed(fileStore(path));
    expect([existsSync(dead), existsSync(beside)]).toEqual([true, true]);
    await new Promise((passed) => setTimeout(passed, 20)); // Files are stamped by a clock that ticks every 4 ms.
    await overtake(store, "k", 1);
    await listed(store);
    expect([existsSync(dead), existsSync(beside)]).toEqual([false, false]);
    const current = join(path, ".v/k", "00000000000000000006");
    expect(lstatSync(current).nlink).toBe(2);
  });
});

function numbersOf(path: string): number[] {
  return readdirSync(join(path, ".v/k"))
    .filter((name) => /^\d{20}$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const doors: (() => void)[] = [];
  const opened = new Promise<void>((resolve) => void doors.push(resolve));
  return { opened, open: () => doors[0]!() };
}
