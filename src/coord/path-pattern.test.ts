import fc from "fast-check";
import { expect, it } from "vitest";
import { TracecraftError } from "../errors.ts";
import { covers, overlaps, parsePattern } from "./path-pattern.ts";

const conflict = (a: string, b: string) => overlaps(parsePattern(a), parsePattern(b));

it.each([
  ["src/**", "src/a.py"],
  ["src/a.py", "src/**"],
  ["src/a.py", "src"],
  ["src/auth/**", "src/**/*.ts"],
  ["src/*.py", "src/a*"],
  ["a/b/*.ts", "a/*/c.ts"],
  ["**", "anything/at/all"],
  ["src/{api,web}/**", "src/web/x.ts"],
  ["src/[a-c]?.ts", "src/bz.ts"],
  ["src/[!a].ts", "src/b.ts"],
  ["./src/", "src"],
])("%s and %s have a path in common", (a, b) => {
  expect([conflict(a, b), conflict(b, a)]).toEqual([true, true]);
});

it.each([
  ["a.py", "lib/a.py"],
  ["src/*.py", "src/*.ts"],
  ["src/api/**", "src/apis/x"],
  ["src/[!a].ts", "src/a.ts"],
  ["src/{api,web}/**", "src/cli/**"],
  ["*/a", "b/c"],
])("%s and %s have none", (a, b) => {
  expect([conflict(a, b), conflict(b, a)]).toEqual([false, false]);
});

it.each(["", "/", "/etc", "../x", "a/../b", "a\\b", "a\nb", "x".repeat(600), "{a,b}".repeat(8)])(
  "parsePattern() refuses %j",
  (text) => {
    expect(() => parsePattern(text)).toThrow(TracecraftError);
  },
);

// Every path that patterns of a size can have in common, each matched by a translation into a regular expression: slow,
// plain, and nothing like the code that it checks.
function everyPath(names: readonly string[], depth: number): string[] {
  const above = depth === 1 ? [] : everyPath(names, depth - 1);
  const deepest =
    depth === 1
      ? [""]
      : above.filter((path) => path.split("/").length === depth - 1).map((path) => `${path}/`);
  return [...above, ...deepest.flatMap((path) => names.map((name) => path + name))];
}

function expression(pattern: string): RegExp {
  const parts = pattern.split("/");
  const body = parts.map((name, at) => {
    const last = at === parts.length - 1;
    if (name === "**") return last ? ".*" : "(?:[^/]+/)*";
    const plain = name.replaceAll("*", "[^/]*").replaceAll("?", "[^/]").replaceAll("[!", "[^/");
    return (
      plain.replaceAll(/\{([^{}]*)\}/g, (_, some: string) => `(?:${some.replaceAll(",", "|")})`) +
      (last ? "" : "/")
    );
  });
  return new RegExp(`^${body.join("")}(?:/.*)?$`);
}

const oneOf = (...tokens: string[]) => fc.constantFrom(...tokens);
const word = fc
  .array(oneOf("a", "b", "*", "?"), { minLength: 1, maxLength: 2 })
  .map((tokens) => tokens.join("").replace("**", "*a"));
const numRuns = process.env["TRACECRAFT_FULL"] === "1" ? 100_000 : 10_000;

// Two patterns of two names of two tokens have a path in common of at most three names of two letters, if any; two of
// three names of one token one of at most five names of one letter.
it.each([
  {
    what: "names of two tokens",
    name: word,
    length: 2,
    paths: everyPath(["a", "b", "aa", "ab", "ba", "bb"], 3),
  },
  {
    what: "classes and choices",
    name: oneOf("a", "b", "[a-b]", "[!a]", "[!ab]", "{a,b}", "{a,cb}", "a{,b}", "*", "c?", "[bc]*"),
    length: 2,
    paths: everyPath(["a", "b", "c", "d", "ab", "cb", "ca", "bb", "cd"], 3),
  },
  { what: "three names", name: oneOf("a", "b", "*", "?"), length: 3, paths: everyPath(["a", "b"], 5) },
])("overlaps() agrees with trying every path: $what", { timeout: 300_000 }, ({ name, length, paths }) => {
  const pattern = fc
    .array(fc.oneof({ weight: 1, arbitrary: fc.constant("**") }, { weight: 4, arbitrary: name }), {
      minLength: 1,
      maxLength: length,
    })
    .map((names) => names.join("/"));
  const known = new Map<string, ReadonlySet<string>>();
  const matched = (text: string): ReadonlySet<string> => {
    const found = known.get(text) ?? new Set(paths.filter((path) => expression(text).test(path)));
    known.set(text, found);
    return found;
  };
  fc.assert(
    fc.property(pattern, pattern, (a, b) => {
      const tried = [...matched(a)].some((path) => matched(b).has(path));
      expect([conflict(a, b), conflict(b, a)]).toEqual([tried, tried]);
      const path = paths[(a.length * 31 + b.length * 7 + a.charCodeAt(0) + b.charCodeAt(0)) % paths.length]!;
      // What stands before a last `/**` is a folder; a file in its place is covered too.
      const named = a.replace(/(?:\/\*\*)+$/, "");
      expect([path, covers(parsePattern(a), path)]).toEqual([path, matched(named).has(path)]);
    }),
    { numRuns },
  );
});

const covered = (pattern: string, path: string) => covers(parsePattern(pattern), path);

it("a file is covered by the patterns that match it or a folder above it", () => {
  expect(covered("src/api/**", "src/api/x.ts")).toBe(true);
  expect(covered("src/*.ts", "src/[x].ts")).toBe(true);
  expect(covered("docs", "docs/a/b.md")).toBe(true);
  expect(covered("**/*.md", "docs/a/b.md")).toBe(true);
  expect(covered("src/api", "src/apis")).toBe(false);
  expect(covered("**/*.md", "src/a.ts")).toBe(false);
  expect(covered("src/api/x.ts", "src/api")).toBe(false);
});
