import { describe, expect, it } from "vitest";
import type { View } from "./command.ts";
import { cut, displayWidth } from "./display-width.ts";
import { list, shownRows, type Cell } from "./table.ts";

const plain: View = { layout: "plain", width: 80, absolute: false, paint: (_, text) => text };
const terminal: View = { ...plain, layout: "terminal" };
const columns = [{ title: "STEP" }, { title: "BYTES", align: "right" }, { title: "NOTE" }] as const;
const rows: Cell[][] = [
  ["deploy", { text: "1,024", plain: "1024", style: "dim" }, "long ".repeat(30).trimEnd()],
  ["漢字", "7", ""],
];

describe("list()", () => {
  it("has two spaces between columns when plain, pads and cuts nothing", () => {
    expect(list(plain, { columns, rows, more: "31 more: tracecraft steps --all" })).toBe(
      `deploy  1024  ${"long ".repeat(30).trimEnd()}\n漢字  7\n… 31 more: tracecraft steps --all`,
    );
    expect(list(plain, { columns, rows: [["a", "", "b"]] })).toBe("a  -  b");
  });

  it("says how many more there are when it is told the total", () => {
    expect(list(plain, { columns, rows, total: 33, more: "tracecraft steps --all" })).toMatch(
      /\n… 31 more: tracecraft steps --all$/,
    );
    expect(list(plain, { columns, rows, total: 2, more: "tracecraft steps --all" })).not.toContain("…");
  });

  it("aligns by display width on a terminal and cuts the last column at the edge", () => {
    const text = list({ ...terminal, width: 60 }, { columns, rows });
    expect(text).toMatchInlineSnapshot(`
      "STEP     BYTES   NOTE
      ────────────────────────────────────────────────────────────
      deploy   1,024   long long long long long long long long lo…
      漢字         7"
    `);
  });

  it("puts the last column on a second line below 60 columns", () => {
    expect(list({ ...terminal, width: 40 }, { columns, rows })).toMatchInlineSnapshot(`
      "STEP     BYTES
      ──────────────
      deploy   1,024
        long long long long long long long lo…
      漢字         7"
    `);
  });

  it("paints what is shown and nothing else", () => {
    const view: View = { ...terminal, paint: (style, text) => `<${style}>${text}</${style}>` };
    expect(
      list(view, { columns: [{ title: "S" }, { title: "T" }], rows: [[{ text: "a", style: "good" }, "b"]] }),
    ).toBe("<dim>S   T</dim>\n<dim>─────</dim>\n<good>a</good>   b");
  });
});

it("shownRows() keeps to the budget unless all are asked for", () => {
  const many = Array.from({ length: 51 }, (_, at) => at);
  expect(shownRows(false, many)).toEqual({ rows: many.slice(0, 20), more: 31 });
  expect(shownRows(true, many)).toEqual({ rows: many, more: 0 });
  expect(shownRows(false, many.slice(0, 20)).more).toBe(0);
});

it("displayWidth() and cut() know wide and combining characters", () => {
  expect([displayWidth("漢字🙂"), displayWidth("e\u0301"), displayWidth("·→…")]).toEqual([6, 1, 3]);
  expect(cut("漢字漢字", 6)).toBe("漢字…");
  expect(cut("abc", 3)).toBe("abc");
});
