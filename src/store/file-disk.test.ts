import fs, { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { listed, overtake, roots, sourceOf, textOf, versionsAtOnce } from "../../test/file-calls.ts";
import { limit, write } from "../../test/store-contract-calls.ts";
import { fileStore } from "./file.ts";

// The operating system is what is replaced here: no machine has all these disks.
vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const replaced = { ...real };
  for (const name of [
    "writeSync",
    "linkSync",
    "unlinkSync",
    "renameSync",
    "statfsSync",
    "lstatSync",
    "readdirSync",
  ] as const) {
    Object.assign(replaced, { [name]: vi.fn(real[name] as (...words: unknown[]) => unknown) });
  }
  return { ...replaced, default: replaced };
});

const root = roots();
afterEach(() => void vi.resetAllMocks());
afterAll(root.remove);

const puts = ["nothing", "anything", "fresh"] as const;
const failing = (code: string) => () => {
  throw Object.assign(new Error(`${code}: as the kernel says it`), { code });
};

describe("fileStore() on a disk", () => {
  it.each([
    ["ENOSPC", "disk_full", "no space left"],
    ["EDQUOT", "disk_full", "no space left"],
    ["EACCES", "denied", "no permission"],
    ["EROFS", "denied", "the file system is read-only"],
    ["EIO", "unreachable", "the file system does not answer"],
  ])("that answers %s to a write says %s and leaves nothing behind", async (errno, code, state) => {
    const path = root.next();
    const store = fileStore(path);
    const version = await write(store, "k", "kept");
    const before = readdirSync(path, { recursive: true, encoding: "utf8" });
    vi.mocked(fs.writeSync).mockImplementation(failing(errno));
    for (const expected of puts) {
      const error = { code, message: `Cannot write "new": ${state}`, cause: errno };
      await expect(store.put("new", Buffer.from("x"), expected)).rejects.toMatchObject(error);
    }
    await expect(store.put("k", Buffer.from("x"), { version })).rejects.toMatchObject({ code });
    vi.mocked(fs.writeSync).mockReset();
    const after = readdirSync(path, { recursive: true, encoding: "utf8" });
    expect(after.filter((name) => !before.includes(name) && !/^\.(v|v\/new)$/.test(name))).toEqual([]);
    expect(textOf(await store.get("k", { limit }))).toBe("kept");
  });

  it.each(["EXDEV", "EPERM", "EOPNOTSUPP", "ENOSYS", "EMLINK"])(
    "without hard links (%s) is unfit",
    async (errno) => {
      const path = root.next();
      const store = fileStore(path);
      vi.mocked(fs.linkSync).mockImplementation(failing(errno));
      for (const expected of ["nothing", "anything"] as const) {
        await expect(store.put("k", Buffer.from("x"), expected)).rejects.toMatchObject({
          code: "unfit_store",
        });
      }
      expect(readdirSync(join(path, ".v/k"))).toEqual([]);
    },
  );

  it("that fills up at the link says so, and wrote nothing", async () => {
    const store = fileStore(root.next());
    vi.mocked(fs.linkSync).mockImplementation(failing("ENOSPC"));
    await expect(store.put("k", Buffer.from("x"), "nothing")).rejects.toMatchObject({ code: "disk_full" });
    expect(await store.get("k", { limit })).toBeUndefined();
  });

  it.each([
    ["NFS", 0x6969],
    ["SMB", 0xfe534d42],
    ["SMB on 32 bits", 0xfe534d42 | 0],
    ["FUSE", 0x65735546],
    ["9P", 0x01021997],
  ])("of another machine (%s) is unfit, for every call", async (_, type) => {
    const path = root.next();
    const store = fileStore(path);
    const version = await write(store, "k", "x");
    const { statfsSync } = await vi.importActual<typeof fs>("node:fs");
    vi.mocked(fs.statfsSync).mockImplementation(((at: string) => ({ ...statfsSync(at), type })) as never);
    const unfit = { code: "unfit_store" };
    for (const expected of [...puts, { version }]) {
      await expect(store.put("k", Buffer.from("x"), expected)).rejects.toMatchObject(unfit);
    }
    await expect(store.get("k", { limit })).rejects.toMatchObject(unfit);
    await expect(store.delete("k")).rejects.toMatchObject(unfit);
    await expect(listed(store)).rejects.toMatchObject(unfit);
  });

  it("that takes a few bytes at a time gets them all", async () => {
    const path = root.next();
    const { writeSync } = await vi.importActual<typeof fs>("node:fs");
    vi.mocked(fs.writeSync).mockImplementation(((fd: number, bytes: Uint8Array, from: number) =>
      writeSync(fd, bytes, from, Math.min(3, bytes.length - from))) as never);
    await fileStore(path).put("k", Buffer.from("0123456789"), "fresh");
    expect(readFileSync(join(path, "k"), "utf8")).toBe("0123456789");
  });

  it("that fails after the link leaves the outcome unknown, and no file is taken back", async () => {
    const store = fileStore(root.next());
    const { linkSync } = await vi.importActual<typeof fs>("node:fs");
    vi.mocked(fs.linkSync).mockImplementation((from, to) => {
      linkSync(from, to);
      vi.mocked(fs.lstatSync).mockImplementation(failing("EIO"));
    });
    const put = await store.put("k", Buffer.from("x"), "nothing");
    expect(put).toMatchObject({ outcome: "unknown", cause: { code: "outcome_unknown" } });
    vi.mocked(fs.lstatSync).mockReset();
    expect(textOf(await store.get("k", { limit }))).toBe("x");
  });

  it("whose link was made though it said that it exists counts as written", async () => {
    const store = fileStore(root.next());
    const { linkSync } = await vi.importActual<typeof fs>("node:fs");
    vi.mocked(fs.linkSync).mockImplementation((from, to) => {
      linkSync(from, to);
      failing("EEXIST")();
    });
    expect(await store.put("k", Buffer.from("x"), "nothing")).toMatchObject({ outcome: "written" });
  });

  it("never shows a ghost to a reader that slept between its look and its reading", async () => {
    const path = root.next();
    const store = fileStore(path, { keep: versionsAtOnce });
    const first = await write(store, "k", "1", "nothing");
    let then: unknown;
    const ghost = sourceOf(Buffer.from("ghost"), async () => {
      await overtake(store, "k", 1);
      then = readdirSync(join(path, ".v/k"));
      await overtake(store, "k", 5);
    });
    expect(await store.put("k", ghost, { version: first })).toMatchObject({ outcome: "unknown" });
    expect(readdirSync(join(path, ".v/k"))).toContain("00000000000000000002");
    vi.mocked(fs.readdirSync).mockImplementationOnce(() => then as never);
    const found = await store.get("k", { limit });
    expect(textOf(found)).toBe("rival 5");
    vi.mocked(fs.readdirSync).mockImplementationOnce(() => then as never);
    await write(store, "k", "next", { version: found!.version });
  });

  it("deletes a key that got its row while its one file was being removed", async () => {
    const path = root.next();
    const store = fileStore(path);
    await write(store, "k", "1", "fresh");
    const { linkSync, unlinkSync } = await vi.importActual<typeof fs>("node:fs");
    vi.mocked(fs.unlinkSync).mockImplementationOnce((plain) => {
      mkdirSync(join(path, ".v/k"), { recursive: true });
      linkSync(plain, join(path, ".v/k/00000000000000000001"));
      unlinkSync(plain);
    });
    await store.delete("k");
    expect(await store.get("k", { limit })).toBeUndefined();
    expect(await listed(store)).toEqual([]);
  });
});
