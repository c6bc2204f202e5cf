import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { call, documented } from "./hostile-run.ts";
import { plant, storyTime, testProject } from "./project.ts";

/** Names of artifacts that lead out of a folder, or look as if they did. All of them are there, with these bytes. */
const bytes = "planted bytes";
const ways = [
  ..."../out|../../out|../../../../../../tmp/out|/etc/out|/out|//out|./../out|a/../../out|a/..|..|.|a/./../../out|~/out".split(
    "|",
  ),
  ..."..\\out|a\\..\\..\\out|C:\\out|C:out|\\\\host\\share\\out|%2e%2e/out|..%2fout|%2e%2e%2fout|..;/out|.ssh/id|.git/hooks/x".split(
    "|",
  ),
  ..."\uff0e\uff0e/out|\u2024\u2024/out|..\u2215out|..\u2044out|\u202e../out|.\u200b./out|..\u0000/out|out\u0000.txt|out\n|out\r|\nout".split(
    "|",
  ),
  ..."con|nul.txt|aux|com1|a:b|a.txt::$DATA|a.|a |...|....|.. |.. /out|-o|--output=/out|$(id)|`id`|a;b|*|?|\ud800".split(
    "|",
  ),
  ...Array.of(
    "x".repeat(255),
    "x/".repeat(400),
    "a/".repeat(9),
    "\u00e9",
    "e\u0301",
    "A",
    "link/out",
    "dir/out",
    "file/out",
    "dangling",
    "up/out",
  ),
];
const names = [
  ...ways,
  ...ways.flatMap((way) => [`a/${way}`, `${way}/x`, `link/${way}`, `${way}/../x`, `a b/${way}`]),
];

/** The rule of docs/format.md, written down again. */
function isFileName(name: string): boolean {
  return /^[A-Za-z0-9_ -][A-Za-z0-9._ -]{0,127}(?:\/[A-Za-z0-9_ -][A-Za-z0-9._ -]{0,127}){0,7}$/.test(name);
}

let root: string;
let folder: string;
let store: Store;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "hostile-download-"));
  folder = join(root, "work", "here");
  for (const path of ["work/here/dir", "outside/deep"]) mkdirSync(join(root, path), { recursive: true });
  for (const path of ["outside/secret", "outside/hard", "work/secret", "work/here/file"])
    writeFileSync(join(root, path), "kept");
  // What somebody with a hand in the folder would have put there.
  symlinkSync(join(root, "outside"), join(folder, "link"));
  symlinkSync("../..", join(folder, "up"));
  symlinkSync(join(root, "outside", "new"), join(folder, "dangling"));
  symlinkSync(join(root, "outside", "secret"), join(folder, "to-secret"));
  symlinkSync("loop", join(folder, "loop"));
  linkSync(join(root, "outside", "hard"), join(folder, "hard"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
  store = memoryStore(() => storyTime);
  for (const name of [...names, "dangling", "to-secret", "loop", "hard", "pipe", "dir", "link/secret"]) {
    await plant(store, `artifacts/shared/${name}`, bytes);
  }
});
afterEach(() => rmSync(root, { recursive: true }));

/** All that is outside of the folder that was chosen: kind, mode and content by path. */
function outside(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (path.startsWith("work/here/")) continue;
    const at = join(root, path);
    const stat = lstatSync(at);
    const content = stat.isFile() ? readFileSync(at) : stat.isSymbolicLink() ? readlinkSync(at) : "";
    found[path] = `${stat.mode} ${createHash("sha256").update(content).digest("hex")}`;
  }
  return found;
}

it("of all names in a bucket, none is written outside of the working directory or the folder that was named", async () => {
  const project = testProject({ store });
  const before = outside();
  let written = 0;
  for (const name of new Set(names)) {
    for (const args of [{ name }, { name, replace: true }, { name, output: "dir/" }]) {
      const { status, stderr } = await call(project, ["artifact download", args], { cwd: folder });
      expect(documented, `${JSON.stringify(args)}: ${stderr}`).toContain(status);
      // As a pattern it asks for names that are in order.
      const isPattern = /[*?]/.test(name) && isFileName(name.replaceAll(/[*?]/g, "x"));
      if (!isFileName(name) && !isPattern) expect(status, JSON.stringify(args)).toBe(2);
      if (status === 0) written++;
    }
  }
  expect(outside()).toEqual(before);
  expect(written).toBeGreaterThan(20); // Names that are in order do arrive.
  expect(
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".tmp")),
  ).toEqual([]);
});

it("links, pipes and folders in the place of the file are not followed, also with --replace", async () => {
  const project = testProject({ store });
  const before = outside();
  for (const name of [
    "dangling",
    "to-secret",
    "loop",
    "hard",
    "pipe",
    "dir",
    "link/out",
    "up/out",
    "link/secret",
  ]) {
    const kept = await call(project, ["artifact download", { name }], { cwd: folder });
    expect([2, 3], `${name}: ${kept.stderr}`).toContain(kept.status);
    expect(outside(), name).toEqual(before);
    const replaced = await call(project, ["artifact download", { name, replace: true }], { cwd: folder });
    expect([0, 2], `${name}: ${replaced.stderr}`).toContain(replaced.status);
    expect(outside(), name).toEqual(before);
    if (replaced.status === 0) {
      expect(lstatSync(join(folder, name)).isFile(), name).toBe(true);
      expect(readFileSync(join(folder, name), "utf8")).toBe(bytes);
    }
  }
});

it("a name that is no file name of ours goes only where --output says", async () => {
  const project = testProject({ store });
  const before = outside();
  for (const name of new Set(names)) {
    const { status } = await call(project, ["artifact download", { name, output: "chosen", replace: true }], {
      cwd: folder,
    });
    expect([0, 2, 5], name).toContain(status);
    if (status === 0) expect(readFileSync(join(folder, "chosen"), "utf8")).toBe(bytes);
  }
  expect(outside()).toEqual(before);
});
