import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { changedFiles } from "./changed-files.ts";

let root = "";
const git = (...words: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.test", ...words], { cwd: root });
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tracecraft-git-"));
  git("init", "-q");
  writeFileSync(join(root, "staged"), "1");
  git("add", "staged");
  writeFileSync(join(root, "new ä"), "1");
});
afterEach(() => rmSync(root, { recursive: true }));

it("before the first commit: what is staged and what is new", async () => {
  expect(await changedFiles(root)).toEqual(["new ä", "staged"]);
});

it("after it: changed, staged, removed and new, from any folder by names from the root, and not what is committed", async () => {
  writeFileSync(join(root, "gone"), "1");
  writeFileSync(join(root, ".gitignore"), "ignored\n");
  git("add", ".gitignore", "gone");
  git("commit", "-q", "-m", "one");
  mkdirSync(join(root, "in"));
  writeFileSync(join(root, "in", "fresh"), "1");
  writeFileSync(join(root, "ignored"), "1");
  writeFileSync(join(root, "staged"), "2");
  rmSync(join(root, "gone"));
  expect(await changedFiles(join(root, "in"))).toEqual(["gone", "in/fresh", "new ä", "staged"]);
});

it("outside of a repository: none", async () => {
  rmSync(join(root, ".git"), { recursive: true });
  expect(await changedFiles(root)).toEqual([]);
});
