import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** Which parts of src/ each part may import, top to bottom. Nothing imports upwards. */
const below = ["commands", "replay", "sessions", "harness", "redact", "coord", "store", "format", "errors"];
const mayImport: Record<string, readonly string[]> = {
  cli: ["mcp", ...below],
  mcp: below,
  commands: below.slice(1),
  replay: below.slice(2),
  sessions: below.slice(3),
  coord: ["store", "format", "errors"],
  harness: ["errors"],
  redact: ["errors"],
  format: ["errors"],
  store: ["errors"],
  errors: [],
};

const root = fileURLToPath(new URL("../src", import.meta.url));
const partOf = (path: string) => path.split("/")[0]!.replace(/\.ts$/, "");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
);
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));

/** What a file imports, by any form of the word: in full for our own files, below src/. */
function importsOf(file: string): readonly string[] {
  const found = [
    ...sources
      .get(file)!
      .matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|^import\s+|\brequire\s*\(\s*)["'`]([^"'`]+)["'`]/gm),
  ];
  return found.map(([, path]) =>
    path!.startsWith(".") ? relative(root, join(root, file, "..", path!)) : path!,
  );
}

const ownImports = (file: string) => importsOf(file).filter((path) => sources.has(path));

/** Code without its comments, so that words in prose are not taken for code; nor is a program that is written out. */
const codeOf = (file: string) =>
  sources
    .get(file)!
    .replaceAll(/\/\*[\s\S]*?\*\/|(?<![:"'`\w])\/\/.*$/gm, "")
    .replaceAll(/= `import (?:\\[\s\S]|[^\\`])*`;/g, "= ``;");

it.each(files)("src/%s imports only what is below it", (file) => {
  const allowed = [partOf(file), ...(mayImport[partOf(file)] ?? [])];
  expect(ownImports(file).filter((path) => !allowed.includes(partOf(path)))).toEqual([]);
});

it.each(files)("src/%s names no file that is not there, and none above src", (file) => {
  const missing = importsOf(file).filter(
    (path) => path.startsWith("..") || (path.endsWith(".ts") && !sources.has(path)),
  );
  expect(missing).toEqual([]);
});

it("only cli/ reads the process: its environment, arguments, streams, folder or exit", () => {
  const read =
    /(?<![\w."'`/-])process\s*(?:\.|\[|\))|["'`](?:node:)?process["'`]|globalThis\s*(?:\.\s*process|\[)/;
  const outside = files.filter((file) => partOf(file) !== "cli" && read.test(codeOf(file)));
  expect(outside).toEqual([]);
});

it("only cli/ writes to the console", () => {
  const outside = files.filter((file) => /(?<![\w.])console\s*\./.test(codeOf(file)));
  expect(outside).toEqual([]);
});

it("only store/open.ts names drivers", () => {
  const drivers = ["store/memory.ts", "store/file.ts", "store/s3.ts"];
  const namers = files.filter(
    (file) => file !== "store/open.ts" && ownImports(file).some((path) => drivers.includes(path)),
  );
  expect(namers.filter((file) => !drivers.includes(file))).toEqual([]);
  expect(ownImports("store/open.ts").filter((path) => drivers.includes(path)).length).toBeGreaterThan(0);
});

it("only harness/all.ts names adapters", () => {
  const adapters = ownImports("harness/all.ts").filter((path) => path !== "harness/harness.ts");
  expect(adapters.length).toBeGreaterThan(3);
  const namers = files.filter(
    (file) => file !== "harness/all.ts" && ownImports(file).some((path) => adapters.includes(path)),
  );
  expect(namers.filter((file) => !adapters.includes(file))).toEqual([]);
});

it("nothing outside of store/ knows S3, HTTP or the file store's files", () => {
  const inner = /^store\/(?:s3|file|sigv4|credential)/;
  const outside = files.filter((file) => !["store", "cli"].includes(partOf(file)));
  const known = outside.flatMap((file) =>
    ownImports(file).filter((path) => inner.test(path) && !typesOnly(file, path)),
  );
  expect(known).toEqual([]);
});

it("every part of src/ has its arrows written down here", () => {
  expect([...new Set(files.map(partOf))].filter((part) => !(part in mayImport))).toEqual([]);
});

it("no part's files import each other in a circle, types aside", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open")
      return void circles.push([...way.slice(way.indexOf(file)), file].join(" -> "));
    state.set(file, "open");
    for (const path of valueImports(file)) visit(path, [...way, file]);
    state.set(file, "done");
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

/** Static imports that are there when the program runs. */
function valueImports(file: string): readonly string[] {
  const statements = [
    ...sources.get(file)!.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;"']*?from\s+)?["'](\.[^"']+)["']/gm),
  ];
  return statements
    .map(([, path]) => relative(root, join(root, file, "..", path!)))
    .filter((path) => sources.has(path));
}

/** Whether only a type is taken from there, which says nothing of how it works: `init` passes keys on. */
function typesOnly(file: string, path: string): boolean {
  const name = path.replaceAll(/.*\//g, "").replaceAll(".", "\\.");
  return new RegExp(`import type [^;]*${name}"`).test(sources.get(file)!);
}
