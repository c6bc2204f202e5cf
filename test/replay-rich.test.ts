import fc from "fast-check";
import { isValidElement, type ComponentChild, type VNode } from "preact";
import safeRegex from "safe-regex2";
import { describe, expect, it } from "vitest";
import { ansi } from "../src/replay/viewer/list/rich/ansi.tsx";
import { diffNodes, diffOf, isPatch, patchLines } from "../src/replay/viewer/list/rich/diff.tsx";
import { markdown } from "../src/replay/viewer/list/rich/markdown.tsx";
import { finder, shallow } from "../src/replay/viewer/list/pattern.ts";

const now = () => performance.now();
const budget = () => ({ nodes: 4000, marks: 0 }) as never;

interface Seen {
  text: string;
  readonly tags: Set<string>;
  readonly attributes: [name: string, value: unknown][];
}

/** All that a tree of nodes would put into a page. Components are run. */
function seenIn(node: ComponentChild, seen: Seen = { text: "", tags: new Set(), attributes: [] }): Seen {
  if (Array.isArray(node)) for (const one of node) seenIn(one, seen);
  else if (typeof node === "string" || typeof node === "number") seen.text += node;
  else if (isValidElement(node)) {
    const { type, props } = node as VNode<Record<string, unknown>>;
    if (typeof type === "function") return seenIn((type as (given: unknown) => ComponentChild)(props), seen);
    if (type) seen.tags.add(type as unknown as string);
    for (const [name, value] of Object.entries(props)) {
      if (name === "children") seenIn(value as ComponentChild, seen);
      else if (value !== undefined) seen.attributes.push([name, value]);
    }
  }
  return seen;
}

const tags = new Set(
  "a blockquote br code del em hr img input li ol p pre span strong table tbody td th thead tr ul mark div i b u s".split(
    " ",
  ),
);

function expectHarmless({ tags: made, attributes }: Seen): void {
  expect([...made].filter((tag) => !tags.has(tag))).toEqual([]);
  for (const [name, value] of attributes) {
    expect(name).toMatch(
      /^(?:class|href|rel|target|src|alt|start|title|role|key|style|colSpan|aria-[a-z]+)$/,
    );
    if (name === "href") expect(String(value)).toMatch(/^https?:\/\//);
    if (name === "src") expect(String(value)).toMatch(/^data:image\/(?:png|jpeg|gif|webp);base64,/);
    if (name === "target") expect(attributes).toContainEqual(["rel", expect.stringContaining("noopener")]);
  }
}

const sign = fc.constantFrom(
  ..."[ ] ( ) ! < > * _ ` ~ # - + | \\ / : & ; = \" ' \n \t 1. {x} <script> javascript: data:text/html, http://e.x/ https://e.x &#106; [a](b) ![a](b) | a | <a href=javascript:x> ``` --- \u202e \u0000 \ud800".split(
    " ",
  ),
  "\n\n",
  " ",
  "word",
);
const wild = fc.array(sign, { maxLength: 120 }).map((parts) => parts.join(""));

describe("Markdown", () => {
  it("makes nothing but harmless nodes of anything", () => {
    fc.assert(
      fc.property(wild, (text) => expectHarmless(seenIn(markdown(text, budget(), now)))),
      { numRuns: 1_500 },
    );
  });

  it.each([
    ["[x](javascript:alert(1))", "javascript"],
    ["[x](JaVaScRiPt:alert(1))", "script"],
    ["<javascript:alert(1)>", "javascript"],
    ["[x](data:text/html,<script>)", "data"],
    ["[x]( //evil.example )", "//"],
    ["[x](file:///etc/passwd)", "file"],
  ])("%s is no link", (text) => {
    expect(seenIn(markdown(text, budget(), now)).attributes.filter(([name]) => name === "href")).toEqual([]);
  });

  it("shows HTML as it was written, and pictures from data alone", () => {
    const html = seenIn(
      markdown("a <img src=x onerror=alert(1)> b\n\n<script>alert(1)</script>", budget(), now),
    );
    expect(html.text).toContain("<img src=x onerror=alert(1)>");
    expect(html.text).toContain("<script>alert(1)</script>");
    expect(html.tags).not.toContain("img");
    const outside = seenIn(markdown("![p](https://evil.example/p.png)", budget(), now));
    expect(outside.attributes.filter(([name]) => name === "src")).toEqual([]);
    const inside = seenIn(markdown("![p](data:image/png;base64,iVBORw0KGgo=)", budget(), now));
    expect(inside.attributes).toContainEqual(["src", "data:image/png;base64,iVBORw0KGgo="]);
  });

  it("gives headings, lists, code, tables and links their nodes", () => {
    const seen = seenIn(
      markdown(
        "# One\n\n- a\n- **b**\n\n```js\nlet x\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[x](https://e.x/y)",
        budget(),
        now,
      ),
    );
    expect([...seen.tags].toSorted()).toEqual(
      expect.arrayContaining(["a", "li", "pre", "strong", "table", "td", "ul"]),
    );
    expect(seen.attributes).toContainEqual(["href", "https://e.x/y"]);
    expect(seen.attributes).toContainEqual(["rel", "noopener noreferrer"]);
  });

  it.each([
    [">".repeat(10_000)],
    ["- ".repeat(10_000)],
    ["[".repeat(100_000)],
    ["*".repeat(100_000)],
    ["`".repeat(100_001)],
    ["![](".repeat(20_000)],
    ["x".repeat(12_000_000)],
    [`${"a ".repeat(6)}\n`.repeat(200_000)],
  ])("shows %.12s…, however long or deep, within a second", (text) => {
    const began = now();
    seenIn(markdown(text, budget(), now));
    expect(now() - began).toBeLessThan(1_000);
  });
});

describe("the output of a terminal", () => {
  const escapes = fc.constantFrom(
    "\x1b[31m",
    "\x1b[1;4;48;5;200m",
    "\x1b[0m",
    "\x1b]8;;http://e.x\x07",
    "\x1b[2J",
    "\x1b",
    "\x9b",
    "\r",
    "\b",
    "\x1b]0;title\x1b\\",
    "\x1b[38;2;1;2;3m",
    "\x1b[999999999m",
  );
  it("keeps its words, loses its controls, and makes nothing but spans", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(escapes, fc.constantFrom("word", "\n", " ", "<b>")), { maxLength: 60 }),
        (parts) => {
          const seen = seenIn(ansi(parts.join(""), budget()));
          expectHarmless(seen);
          expect(seen.text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
          if (!parts.some((part) => /^[\r\b]|^\x1b$|^\x9b/.test(part)))
            expect(seen.text.replaceAll(/\s/g, "")).toBe(
              parts.filter((part) => /^(?:word|<b>)$/.test(part)).join(""),
            );
        },
      ),
      { numRuns: 1_500 },
    );
  });
});

const plain = (text: readonly string[]): string => text.join("\n").replace(/\n$/, "");

describe("a diff", () => {
  it("gives back both sides, line by line", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c", "", "<x>"), { maxLength: 4 }); // So near that all is shown.
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        fc.pre(plain(before) !== plain(after));
        const found = diffOf(before.join("\n"), after.join("\n"));
        const side = (signs: string) =>
          found.filter(({ sign: one }) => signs.includes(one)).map(({ text }) => text);
        expect(side(" -").join("\n")).toBe(plain(before));
        expect(side(" +").join("\n")).toBe(plain(after));
        expectHarmless(seenIn(diffNodes(found, budget())));
      }),
      { numRuns: 500 },
    );
  });

  it("reads a patch, and takes nothing else for one", () => {
    const patch = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n";
    expect(isPatch(patch)).toBe(true);
    expect(
      patchLines(patch)
        .map(({ sign: one, text }) => `${one}${text}`)
        .join("|"),
    ).toContain("-two|+three");
    expect(isPatch("- a list\n- of things")).toBe(false);
  });
});

describe("what is looked for", () => {
  it.each(["(a+)+$", "(a|aa)+$", "a*a*a*a*b", "(?=x)", String.raw`(a)\1`, "", "(", ".*.*.*.*x"])(
    "refuses the pattern %j in words",
    (pattern) => {
      expect(typeof finder(pattern, true)).toBe("string");
    },
  );

  it("refuses every pattern that safe-regex2 refuses, and few others", () => {
    const { tree } = fc.letrec<{ tree: string; part: string }>((tie) => ({
      part: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(
          "a",
          "b",
          ".",
          "[x(*]",
          "[^)+]",
          String.raw`\(`,
          String.raw`\[`,
          String.raw`\p{L}`,
          "(?<n>c)",
        ),
        fc
          .tuple(fc.constantFrom("(", "(?:"), tie("tree"), tie("tree"))
          .map(([open, one, other]) => `${open}${one}|${other})`),
        fc.tuple(fc.constantFrom("(", "(?:"), tie("tree")).map(([open, one]) => `${open}${one})`),
      ),
      tree: fc
        .array(fc.tuple(tie("part"), fc.constantFrom("", "", "*", "+", "?", "*?", "{2}", "{1,3}", "{2,}")), {
          minLength: 1,
          maxLength: 4,
        })
        .map((parts) => parts.map((pair) => pair.join("")).join("")),
    }));
    let [refused, alike] = [0, 0];
    fc.assert(
      fc.property(tree, (pattern) => {
        const safe = safeRegex(pattern, { limit: 12 });
        if (!safe) expect([pattern, shallow(pattern)]).toEqual([pattern, false]);
        refused += safe ? 0 : 1;
        alike += safe && shallow(pattern) ? 1 : 0;
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(100);
    expect(alike).toBeGreaterThan(100);
    for (const fine of ["to+tal|unit", "a[+*(]+b", String.raw`\(\d+\)`, "(error|failed): .*", "x{2,4}y?"])
      expect([fine, typeof finder(fine, true)]).toEqual([fine, "object"]);
  });

  it("finds a text in any case, each place once, and no sign of it is a pattern", () => {
    const found = finder("a.b", false);
    if (typeof found === "string") throw new Error(found);
    expect(found.places("xA.Bya.b axb", 10)).toEqual([
      [1, 4],
      [5, 8],
    ]);
    expect(found.count("axb")).toBe(0);
  });

  it("finds across its windows, each match once", () => {
    const found = finder("needle\\d", true);
    if (typeof found === "string") throw new Error(found);
    for (const at of [0, 790, 795, 800, 990, 995, 1000, 5000]) {
      const text = `${"x".repeat(at)}needle7${"x".repeat(2000)}`;
      expect([at, found.places(text, 10)]).toEqual([at, [[at, at + 7]]]);
    }
  });
});
