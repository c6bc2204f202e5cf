import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf, nameOf } from "./file-names.ts";

const pathOf = (key: string) => {
  const { directory, name } = nameOf(key);
  return directory ? `${directory}/${name}` : name;
};

/** What macOS and Windows take for one name. */
const folded = (path: string) =>
  path
    .normalize("NFC")
    .toLowerCase()
    .split("/")
    .map((name) => name.replace(/[. ]+$/, ""))
    .join("/");

const segment = fc
  .oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(..."aA.%4 1é\u0301-_con"), minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(..."aA.%"), minLength: 80, maxLength: 300 }),
  )
  .map((text) => text.replaceAll(/[/\0]/g, "-"))
  .filter((text) => text !== "." && text !== ".." && text.isWellFormed());
const key = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join("/"))
  .filter((text) => Buffer.byteLength(text) <= 1024);

describe("nameOf()", () => {
  it.each([
    ["steps/s1-a/claim.json", "steps/s1-a/claim.json"],
    ["Team/README.md", "%54eam/%52%45%41%44%4d%45.md"],
    ["100%", "100%25"],
    ["a./.v/.now", "a%2e/%2ev/%2enow"],
    ["a b/c ", "a b/c%20"],
    ["con/nul.txt/console", "%63on/%6eul.txt/console"],
    ["é", "%c3%a9"],
    [`${"x".repeat(241)}/y`, `${"x".repeat(78)}%/${"x".repeat(78)}%/${"x".repeat(78)}%/${"x".repeat(7)}/y`],
  ])("escapes %s", (given, path) => {
    expect(pathOf(given)).toBe(path);
    expect(keyOf(path)).toBe(given);
  });

  it("gives any two keys two paths, however a file system folds them", () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        fc.pre(a !== b);
        expect(folded(pathOf(a))).not.toBe(folded(pathOf(b)));
      }),
      { numRuns: 2000 },
    );
  });

  it("makes names that every file system takes, none of them ours, and keyOf() finds the key again", () => {
    fc.assert(
      fc.property(key, (text) => {
        const path = pathOf(text);
        expect(keyOf(path)).toBe(text);
        for (const name of path.split("/")) expect(name).toMatch(/^[^.A-Z\0][^A-Z\0]{0,239}$/);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../../b",
    "a/.",
    "a\0b",
    "\ud800",
    "x".repeat(1025),
  ])("refuses %j", (text) => {
    expect(() => nameOf(text)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});

describe("keyOf()", () => {
  it.each(["README", "%41/b.", "%7a", "%2", "%zz", "a%", ".v", ".t1", "%ff", "a//b", "..", "%2e%2e"])(
    "knows that %j is not ours",
    (path) => {
      expect(keyOf(path)).toBeUndefined();
    },
  );
});
