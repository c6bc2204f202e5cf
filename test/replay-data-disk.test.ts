import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { asTracecraftError, TracecraftError } from "../src/errors.ts";
import { openBlocksFile } from "../src/replay/blocks-file.ts";
import { writeWhole } from "../src/replay/disk.ts";
import type { PageBlocks } from "../src/replay/html.ts";
import { writePage, writeSplit } from "../src/replay/write.ts";
import { randomBytes } from "node:crypto";

const folder = mkdtempSync(join(tmpdir(), "tracecraft-disk-"));
const small = join(folder, "small");
mkdirSync(small);
/** A disk of half a megabyte; only root may make one. */
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=512k", "none", small]).status === 0;
afterAll(() => {
  if (mounted) spawnSync("umount", [small]);
  rmSync(folder, { recursive: true, force: true });
});

const viewer = { script: "1", style: "a{}" };
const signal = new AbortController().signal;
const pageOf = (...sizes: readonly number[]): PageBlocks => ({
  names: ["header", ...sizes.map((_, n) => `b.${n}`)],
  read: async (name) => randomBytes(name === "header" ? 10 : sizes[Number(name.slice(2))]!),
});

async function trouble(work: Promise<unknown>): Promise<TracecraftError> {
  return work.then(
    () => expect.unreachable("it was written"),
    (error: unknown) => asTracecraftError(error),
  );
}

test("a page for a place that cannot be written to is one clear error", async () => {
  const options = { maxBytes: 1e9, signal };
  const missing = await trouble(writePage(join(folder, "no", "a.html"), viewer, pageOf(), options));
  expect(missing).toMatchObject({ code: "usage" });
  expect(missing.message).toContain("there is no such folder");
  const file = await trouble(writeSplit("/dev/null", viewer, pageOf(), signal));
  expect(file).toMatchObject({ code: "usage" });
  expect(file.message).toMatch(/^Cannot write "\/dev\/null": /);
});

if (!mounted) console.log("skipped: a full disk of a replay: needs root, to mount a tmpfs");

test.skipIf(!mounted)("a full disk is disk_full, and leaves what was there and nothing else", async () => {
  const path = join(small, "a.html");
  await writePage(path, viewer, pageOf(1_000), { maxBytes: 1e9, signal });
  const before = readFileSync(path, "utf8");
  const full = await trouble(writePage(path, viewer, pageOf(300_000, 300_000), { maxBytes: 1e9, signal }));
  expect(full).toMatchObject({ code: "disk_full", message: `Cannot write "${path}": no space left` });
  expect(readFileSync(path, "utf8")).toBe(before);
  expect(readdirSync(small)).toEqual(["a.html"]);

  const split = join(small, "site");
  await writeSplit(split, viewer, pageOf(1_000), signal);
  const current = readFileSync(join(split, "blocks", "current"), "utf8");
  const sizes = Array.from({ length: 8 }, () => 100_000);
  expect(await trouble(writeSplit(split, viewer, pageOf(...sizes), signal))).toMatchObject({
    code: "disk_full",
  });
  expect(readFileSync(join(split, "blocks", "current"), "utf8")).toBe(current);
  expect(readdirSync(join(split, "blocks")).toSorted()).toEqual([current, "current"].toSorted());
  expect(readdirSync(split).toSorted()).toEqual(["blocks", "index.html"]);
});

test.skipIf(!mounted)(
  "a full disk for temporary files is told, not a page without some of its blocks",
  async () => {
    const { TMPDIR } = process.env;
    process.env["TMPDIR"] = small;
    try {
      const file = await openBlocksFile();
      const work = (async () => {
        for (let n = 0; n < 8; n++) await file.add(`b.${n}`, randomBytes(100_000));
        await file.settle();
      })();
      expect(await trouble(work)).toMatchObject({ code: "disk_full" });
      await file.close();
      expect(readdirSync(small).filter((name) => name.startsWith("tracecraft-replay-"))).toEqual([]);
    } finally {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
    }
  },
);

test("what is interrupted leaves no folder of blocks, and the page of before", async () => {
  const split = join(folder, "site");
  await writeSplit(split, viewer, pageOf(1_000), signal);
  const current = readFileSync(join(split, "blocks", "current"), "utf8");
  await expect(writeSplit(split, viewer, pageOf(10, 10), AbortSignal.abort())).rejects.toThrow();
  expect(readdirSync(join(split, "blocks")).toSorted()).toEqual([current, "current"].toSorted());
  expect(existsSync(join(split, "index.html"))).toBe(true);
});

test("a write that takes less than it was given goes on with the rest", async () => {
  const taken: number[] = [];
  const places: unknown[] = [];
  const handle = {
    write: async (bytes: Uint8Array, from: number, length: number, at: unknown) => {
      const bytesWritten = Math.min(3, length);
      taken.push(...bytes.subarray(from, from + bytesWritten));
      places.push(at);
      return { bytesWritten };
    },
  } as unknown as FileHandle;
  await writeWhole(handle, Buffer.from([1, 2, 3, 4, 5, 6, 7]), 10);
  expect(taken).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(places).toEqual([10, 13, 16]);
});
