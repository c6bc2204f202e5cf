import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openRoot } from "./file-root.ts";
import { makeFolder } from "./make-folder.ts";

let root = "";
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "tracecraft-folders-"))));
afterEach(() => rmSync(root, { recursive: true }));

it("makes a folder and those above it, and leaves one that is there", () => {
  const path = join(root, "a", "b", "c");
  makeFolder(path, 0o700);
  makeFolder(path, 0o755);
  expect([path, join(root, "a")].map((one) => statSync(one).mode & 0o777)).toEqual([0o700, 0o700]);
  mkdirSync(join(root, "real"));
  symlinkSync(join(root, "real"), join(root, "link"));
  makeFolder(join(root, "link", "in"));
  expect(existsSync(join(root, "real", "in"))).toBe(true);
});

it("ends with an error where a file is in the way, or a link to nothing", () => {
  writeFileSync(join(root, "file"), "");
  expect(() => makeFolder(join(root, "file", "below"))).toThrow("ENOTDIR");
  expect(() => makeFolder(join(root, "file"))).toThrow("EEXIST");
  symlinkSync(join(root, "nothing"), join(root, "dangling"));
  expect(() => makeFolder(join(root, "dangling", "below"))).toThrow(/EEXIST|ENOENT/);
});

it.runIf(existsSync("/proc/self"))("ends where the file system knows no such name: /proc", () => {
  expect(() => makeFolder("/proc/nope/deep")).toThrow("ENOENT");
  expect(() => openRoot("/proc/nope", "make")).toThrow(
    'Cannot make "/proc/nope": the file system knows no such name there',
  );
});
