import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryLocalState } from "../src/coord/local.ts";
import { artifactDownload } from "../src/commands/artifact-download.ts";
import { artifactList } from "../src/commands/artifact-list.ts";
import { artifactUpload } from "../src/commands/artifact-upload.ts";
import { log } from "../src/commands/log.ts";
import { TracecraftError } from "../src/errors.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import {
  answer,
  objects,
  plant,
  storyTime,
  testContext,
  testProject,
  withDefaults,
  type TestProject,
} from "./project.ts";

let cwd = "";
beforeEach(() => void (cwd = mkdtempSync(join(tmpdir(), "artifacts-"))));
afterEach(() => rmSync(cwd, { recursive: true }));

const mockup = "<h1>mock</h1>\n".repeat(907); // 12.4 KiB.
const hash = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex").slice(0, 12);

function shop(wrap: (store: Store) => Store = (store) => store) {
  const clock = { now: storyTime };
  const inner = memoryStore(() => clock.now);
  const store = wrap(inner);
  const as = (agent: string): TestProject => testProject({ store, clock, agent, local: memoryLocalState() });
  const up = (agent: string, paths: string[], args: object = {}) =>
    answer(artifactUpload, as(agent), { paths, ...args }, { cwd });
  const down = (agent: string, name: string, args: object = {}, into = cwd) =>
    answer(artifactDownload, as(agent), { name, ...args }, { cwd: into });
  return { clock, inner, as, up, down };
}

function folder(name: string): string {
  const path = join(cwd, name);
  mkdirSync(path);
  return path;
}

it("upload says where the file is and what its hash is; the same bytes again are already there", async () => {
  const { up, inner } = shop();
  writeFileSync(join(cwd, "mockup.html"), mockup);
  const words = `Uploaded mockup.html -> artifacts/design/mockup.html`;
  expect(await up("web-1", ["mockup.html"], { step: "design" })).toBe(
    `${words}\n12.4 KiB, sha256 ${hash(mockup)}\n# 0`,
  );
  expect(await up("api-2", ["mockup.html"], { step: "Design" })).toBe(
    `${words}\nalready there, 12.4 KiB, sha256 ${hash(mockup)}\n# 0`,
  );
  expect((await objects(inner, "artifacts/"))["artifacts/design/mockup.html"]).toBe(mockup);
});

it("upload never overwrites in silence, and names who put what is there", async () => {
  const { up, clock, inner } = shop();
  clock.now = Date.parse("2026-11-22T13:44:00Z");
  writeFileSync(join(cwd, "mockup.html"), mockup.slice(0, 12_200));
  await up("api-2", ["mockup.html"], { step: "design" });
  clock.now = storyTime;
  const other = hash(mockup.slice(0, 12_200));
  for (const text of [mockup, `${mockup.slice(0, 12_199)}!`]) {
    writeFileSync(join(cwd, "mockup.html"), text); // The second one has the same length.
    expect((await up("web-1", ["mockup.html"], { step: "design" })).split("\n")).toEqual([
      `2> Error: Cannot upload "mockup.html": artifacts/design/mockup.html is there already`,
      `2> Cause: other bytes, 11.9 KiB, sha256 ${other}, by api-2 at 2026-11-22T13:44:00Z`,
      `2> Hint: tracecraft artifact upload mockup.html --step design --replace`,
      "# 3",
    ]);
  }
  expect((await objects(inner, "artifacts/"))["artifacts/design/mockup.html"]).toHaveLength(12_200);
  expect(await up("web-1", ["mockup.html"], { step: "design", replace: true })).toContain("# 0");
  expect(await up("web-1", ["mockup.html"], { step: "design" })).toContain("already there");
});

it("upload takes several files and patterns, and goes on past one that is there", async () => {
  const { up } = shop();
  folder("dist");
  folder("dist/deep");
  for (const name of ["a.js", "b.js", "c.css", "deep/d.js", ".hidden.js"])
    writeFileSync(join(cwd, "dist", name), name);
  expect((await up("web-1", ["dist/*.js"])).split("\n")).toEqual([
    `Uploaded dist/a.js -> artifacts/shared/a.js  4 B, sha256 ${hash("a.js")}`,
    `Uploaded dist/b.js -> artifacts/shared/b.js  4 B, sha256 ${hash("b.js")}`,
    "# 0",
  ]);
  writeFileSync(join(cwd, "dist/a.js"), "other");
  const text = await up("web-1", ["dist/**/*.js"]);
  expect(text).toContain("Uploaded dist/deep/d.js");
  expect(text).toContain('Error: Cannot upload "dist/a.js"');
  expect(text).toContain("# 3");
  expect(await up("web-1", ["dist/*.exe"])).toContain("# 5");
  expect(await up("web-1", ["dist"])).toContain('Cannot read "dist": it is a folder');
  expect(await up("web-1", ["dist/a.js", "dist/b.js"], { name: "one" })).toContain("# 2");
  expect(await up("web-1", ["dist/.hidden.js"])).toContain("# 2");
  expect(await up("web-1", ["dist/.hidden.js"], { name: "hidden.js" })).toContain(
    "artifacts/shared/hidden.js",
  );
  writeFileSync(join(cwd, "a.js"), "twice");
  expect(await up("web-1", ["a.js", "dist/a.js"])).toContain('"a.js" has the same name');
});

it("upload warns of what looks like a secret, also across pieces, and leaves the bytes alone", async () => {
  const { up, inner } = shop();
  const secret = ["AKIA", "Q3EGRWT5ZLKM2V7N"].join("");
  const bytes = `${"x ".repeat((1 << 19) - 4)}  ${secret} end`;
  writeFileSync(join(cwd, "model.bin"), bytes);
  expect(await up("web-1", ["model.bin"])).toContain(
    "2> warning: looks like a secret inside (1 aws_access_key); artifacts are not redacted",
  );
  expect((await objects(inner, "artifacts/"))["artifacts/shared/model.bin"]).toBe(bytes);
});

it("download puts the file in place whole, checked against the hash of its upload", async () => {
  const { up, down } = shop();
  writeFileSync(join(cwd, "mockup.html"), mockup);
  await up("web-1", ["mockup.html"], { step: "design" });
  const into = folder("into");
  const words = `Downloaded artifacts/design/mockup.html -> mockup.html`;
  const text = await down("api-2", "mockup.html", { step: "design" }, into);
  expect(text).toBe(`${words}\n12.4 KiB, sha256 ${hash(mockup)}\n# 0`);
  expect(readFileSync(join(into, "mockup.html"), "utf8")).toBe(mockup);
  expect(readdirSync(into)).toEqual(["mockup.html"]);
  expect(await down("api-2", "mockup.html", { step: "design" }, into)).toContain("already there");

  writeFileSync(join(into, "mockup.html"), "mine");
  expect((await down("api-2", "mockup.html", { step: "design" }, into)).split("\n")).toEqual([
    `2> Error: Cannot download to "mockup.html": that file exists with other bytes`,
    `2> Hint: tracecraft artifact download mockup.html --step design --replace`,
    "# 3",
  ]);
  writeFileSync(join(into, "mockup.html"), "M".repeat(mockup.length));
  expect(await down("api-2", "mockup.html", { step: "design" }, into)).toContain("# 3");
  expect(readFileSync(join(into, "mockup.html"), "utf8")).toBe("M".repeat(mockup.length));
  expect(await down("api-2", "mockup.html", { step: "design", replace: true }, into)).toContain("# 0");
  expect(readFileSync(join(into, "mockup.html"), "utf8")).toBe(mockup);
  expect(await down("api-2", "mockup.html", { step: "design", output: "new/name.html" }, into)).toContain(
    "-> new/name.html",
  );
  expect(await down("api-2", "mockup.html", { step: "design", output: "new/" }, into)).toContain(
    "-> new/mockup.html",
  );
});

it("download fetches what fits a pattern, name by name, and one that is refused keeps no other", async () => {
  const { up, down } = shop();
  const names = ["docs/a.md", "docs/b.md", "docs/c.txt", "docs/deep/d.md", "e.md"];
  writeFileSync(join(cwd, "mockup.html"), mockup);
  for (const name of names) await up("web-1", ["mockup.html"], { step: "design", name });
  await up("web-1", ["mockup.html"], { name: "docs/other.md" });
  const into = folder("fitting");
  const found = () => readdirSync(into, { recursive: true, encoding: "utf8" }).toSorted();
  const text = await down("api-2", "docs/*.md", { step: "design" }, into);
  const sum = `12.4 KiB, sha256 ${hash(mockup)}`;
  expect(text.split("\n")).toEqual([
    `Downloaded artifacts/design/docs/a.md -> docs/a.md  ${sum}`,
    `Downloaded artifacts/design/docs/b.md -> docs/b.md  ${sum}`,
    "# 0",
  ]);
  expect(found()).toEqual(["docs", "docs/a.md", "docs/b.md"]);
  writeFileSync(join(into, "docs/a.md"), "mine");
  const again = await down("api-2", "docs/?.*", { step: "design" }, into);
  expect(again).toContain(`2> Error: Cannot download to "docs/a.md": that file exists with other bytes`);
  expect(again).toMatch(/# 3$/);
  expect([found(), readFileSync(join(into, "docs/a.md"), "utf8")]).toEqual([
    ["docs", "docs/a.md", "docs/b.md", "docs/c.txt"],
    "mine",
  ]);
  expect(await down("api-2", "*.md", { step: "design", output: "out" }, into)).toContain("-> out/e.md");
  expect(await down("api-2", "none*", { step: "design" }, into)).toMatch(/no artifact fits it[^]*# 5$/);
});

it("download says whether the artifact or the right is missing, and where the name is", async () => {
  const { up, down } = shop();
  writeFileSync(join(cwd, "mockup.html"), mockup);
  expect(await down("api-2", "nothing.html")).toMatchInlineSnapshot(`
    "2> Error: Cannot download "nothing.html": no such artifact
    2> Hint: tracecraft artifact list
    # 5"
  `);
  await up("web-1", ["mockup.html"], { step: "design" });
  expect(await down("api-2", "mockup.html")).toContain(
    "Hint: tracecraft artifact download mockup.html --step design",
  );
  const get = (() =>
    Promise.reject(
      new TracecraftError("denied", 'Cannot open "s3://x": access denied to GET artifacts/shared/a'),
    )) as Store["get"];
  const denied = shop((store) => ({ ...store, get }));
  expect(await denied.down("api-2", "a")).toContain("# 4");
});

it("download keeps to one version, fetches large files in pieces, and leaves nothing half-written", async () => {
  const large = Buffer.alloc(20 * 1024 * 1024 + 17, "0123456789abcdefghij");
  const ranges: string[] = [];
  let meanwhile: (() => Promise<void>) | undefined;
  const { up, down, inner } = shop((store) => ({
    ...store,
    get: (async (key: string, options: { range?: readonly [number, number]; limit: number }) => {
      if (key.startsWith("artifacts/") && options.range) {
        ranges.push(options.range.join("-"));
        if (ranges.length === 3) await meanwhile?.();
      }
      return await store.get(key, options as never);
    }) as Store["get"],
  }));
  writeFileSync(join(cwd, "model.bin"), large);
  await up("web-1", ["model.bin"]);
  const into = folder("into");
  expect(await down("api-2", "model.bin", {}, into)).toContain(`20.0 MiB, sha256 ${hash(large)}\n# 0`);
  expect(readFileSync(join(into, "model.bin")).equals(large)).toBe(true);
  expect(ranges).toHaveLength(3);

  ranges.length = 0;
  meanwhile = () => plant(inner, "artifacts/shared/model.bin", "9".repeat(large.length));
  expect(await down("api-2", "model.bin", { output: "again.bin" }, into)).toContain(
    "it was replaced while it was read",
  );
  expect(readdirSync(into)).toEqual(["model.bin"]);
});

it("download refuses bytes that are not those uploaded", async () => {
  const { up, down, inner } = shop();
  writeFileSync(join(cwd, "a.txt"), "right");
  await up("web-1", ["a.txt"]);
  const events = Object.entries(await objects(inner, "events/")).filter(([, text]) =>
    text.includes('"artifact"'),
  );
  const [key, text] = events[0]!;
  const forged = { ...JSON.parse(text), sha256: "00".repeat(32) };
  await plant(inner, key, forged);
  const into = folder("into");
  expect(await down("api-2", "a.txt", {}, into)).toContain("# 10");
  expect(readdirSync(into)).toEqual([]);
});

it("nothing in a bucket is written outside of the chosen folder", async () => {
  const { down, inner } = shop();
  const outside = folder("outside");
  const into = folder("into");
  for (const name of ["../outside/x", "a/../../outside/x", "/etc/x", ".bashrc", "a\nb", "CON\\x"])
    await plant(inner, `artifacts/shared/${name}`, "evil");
  for (const name of ["../outside/x", "a/../../outside/x", "/etc/x", ".bashrc", "a\nb", "CON\\x"])
    expect(await down("api-2", name, {}, into)).toContain("# 2");
  for (const name of ["../outside/x", "a/../../outside/x", "/etc/x"])
    expect(await down("api-2", name, { output: "x" }, into)).toContain("# 2");
  expect(await down("api-2", ".bashrc", { output: "./" }, into)).toContain("# 2");
  expect(await down("api-2", ".bashrc", { output: "rc" }, into)).toContain("# 0"); // Named by the user: his choice.

  await plant(inner, "artifacts/shared/link/x", "evil");
  symlinkSync(outside, join(into, "link"));
  expect(await down("api-2", "link/x", {}, into)).toContain('"link" is not a folder');
  await plant(inner, "artifacts/shared/file", "evil");
  writeFileSync(join(outside, "target"), "mine");
  symlinkSync(join(outside, "target"), join(into, "file"));
  expect(await down("api-2", "file", {}, into)).toContain("# 3");
  expect(await down("api-2", "file", { replace: true }, into)).toContain("# 0");
  expect(statSync(join(into, "file")).isFile()).toBe(true);
  expect(readFileSync(join(outside, "target"), "utf8")).toBe("mine");
  expect(readdirSync(outside)).toEqual(["target"]);
});

it("list prints bare keys, with --long size and time", async () => {
  const { up, as, inner } = shop();
  expect(await answer(artifactList, as("web-1"))).toBe("No artifacts found.\n# 0");
  writeFileSync(join(cwd, "mockup.html"), mockup);
  await up("web-1", ["mockup.html"], { step: "design" });
  await plant(inner, "artifacts/shared/od\u001bd name", "x");
  expect(await answer(artifactList, as("web-1"))).toBe(
    "artifacts/design/mockup.html\nartifacts/shared/od\\u{1b}d name\n# 0",
  );
  expect(await answer(artifactList, as("web-1"), { long: true, step: "design" })).toBe(
    "artifacts/design/mockup.html  12.4 KiB  2026-11-22T14:05:00Z\n# 0",
  );
});

it("upload finds its own after a lost reply, and another's is not taken for it", async () => {
  const cause = new TracecraftError("unreachable", "connection reset");
  const lossy = (store: Store): Store => {
    let lost = false;
    return {
      ...store,
      async put(key, body, wanted) {
        const result = await store.put(key, body, wanted);
        if (!key.startsWith("artifacts/") || lost) return result;
        lost = true;
        return { outcome: "unknown", cause };
      },
    };
  };
  writeFileSync(join(cwd, "a.txt"), "mine");
  const { up, inner } = shop(lossy);
  expect(await up("web-1", ["a.txt"])).toContain("# 0");
  const second = shop(lossy);
  await plant(second.inner, "artifacts/shared/a.txt", "them");
  expect(await second.up("web-1", ["a.txt"])).toContain("# 3");
  expect((await objects(inner, "artifacts/"))["artifacts/shared/a.txt"]).toBe("mine");
});

it("upload looks before it puts where a store may ignore conditions", async () => {
  const { up, inner } = shop();
  writeFileSync(join(cwd, "a.txt"), "mine");
  await plant(inner, "artifacts/shared/a.txt", "them");
  inner.traits.conditions = "ignored";
  expect(await up("web-1", ["a.txt"])).toContain("# 3");
  expect((await objects(inner, "artifacts/"))["artifacts/shared/a.txt"]).toBe("them");
});

it("a file that changes while it is read is not stored", async () => {
  const { inner, as } = shop((store) => ({
    ...store,
    async put(key, body, wanted) {
      if (key.startsWith("artifacts/")) writeFileSync(join(cwd, "a.txt"), "other bytes");
      return await store.put(key, body, wanted);
    },
  }));
  writeFileSync(join(cwd, "a.txt"), "first bytes");
  const text = await answer(artifactUpload, as("web-1"), { paths: ["a.txt"] }, { cwd });
  expect(text).toContain("# 3");
  expect(Object.keys(await objects(inner, "artifacts/"))).toEqual([]);
});

it("long transfers tell how far they are", async () => {
  const { clock, as } = shop((store) => ({
    ...store,
    async put(key, body, wanted) {
      if (!(body instanceof Uint8Array)) for await (const _ of body.open()) clock.now += 500;
      return await store.put(key, body, wanted);
    },
  }));
  writeFileSync(join(cwd, "model.bin"), Buffer.alloc(8 << 20, 1));
  const context = testContext(as("web-1"), { cwd });
  await artifactUpload.run(context, withDefaults(artifactUpload, { paths: ["model.bin"] }));
  expect(context.progressed[1]).toEqual({
    plain: "Uploading model.bin: 3.0 MiB of 8.0 MiB, 2.0 MiB/s, 3s left",
    terminal: "model.bin  [####.........]  37%  3.0 MiB of 8.0 MiB  2.0 MiB/s  3s left",
  });
  expect(await answer(log, as("web-1"))).toContain("artifacts/shared/model.bin 8.0 MiB");
});
