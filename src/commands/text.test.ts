import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countAltered, echoed, shown, shownLine } from "./text.ts";

/** What a careful reader makes of a shown text. */
function readBack(text: string): string {
  return text.replaceAll(/(\\+)u\{(?:([0-9a-f]+)\})?/g, (match, slashes: string, hex: string | undefined) => {
    const kept = "\\".repeat(Math.floor(slashes.length / 2));
    if (slashes.length % 2 === 0) return kept + match.slice(slashes.length);
    return kept + String.fromCodePoint(Number.parseInt(hex!, 16));
  });
}

const nasty = fc.string({ unit: "binary", maxLength: 40 });
const tricky = fc
  .array(fc.constantFrom("\\", "u{", "u", "{", "1b}", "\x1b", "\u202e", "\ud800", "a", "\n", "\u{e0041}"))
  .map((parts) => parts.join(""));

describe("shown()", () => {
  it.each([
    ["\x1b[2J", "\\u{1b}[2J"],
    ["a\r\nb\tc", "a\\u{d}\nb\tc"],
    ["\x9b31m", "\\u{9b}31m"],
    ["\u202eabc\u2066", "\\u{202e}abc\\u{2066}"],
    ["a\u200bb\ufeff\u00ad", "a\\u{200b}b\\u{feff}\\u{ad}"],
    ["\u{e0041}\u{e0100}", "\\u{e0041}\\u{e0100}"],
    ["\ud800x", "\\u{d800}x"],
    ["\u2028", "\\u{2028}"],
    ["\\u{1b}", "\\\\u{1b}"],
    ["c:\\users, Grüße, 漢字, 🙂", "c:\\users, Grüße, 漢字, 🙂"],
  ])("%j is shown as %j", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it("leaves no character that a terminal acts on, and shows no two texts alike", () => {
    fc.assert(
      fc.property(fc.oneof(nasty, tricky), (text) => {
        const made = shown(text);
        expect(made).not.toMatch(
          /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\u{e0000}-\u{e007f}]/u,
        );
        expect(made.isWellFormed()).toBe(true);
        expect(readBack(made)).toBe(text);
        expect(countAltered(text) === 0).toBe(made === text);
      }),
      { numRuns: 3_000 },
    );
  });

  it("takes a long run of backslashes in its stride", () => {
    const text = "\\".repeat(1_000_000);
    expect(shown(text)).toBe(text);
  });
});

it("shownLine() writes line ends out", () => {
  expect(shownLine("a\nb\x07")).toBe("a\\nb\\u{7}");
});

describe("echoed()", () => {
  it.each([
    ["draft", "draft"],
    ["a\nb", "a… (3 B)"],
    ["x".repeat(200), "x".repeat(200)],
    ["x".repeat(201), `${"x".repeat(200)}… (201 B)`],
    ["🙂".repeat(3_000), `${"🙂".repeat(200)}… (11.7 KiB)`],
    ["\x1b[2J", "\\u{1b}[2J"],
  ])("%j", (text, expected) => {
    expect(echoed(text)).toBe(expected);
  });
});

it("countAltered() counts characters, not bytes", () => {
  expect(countAltered("a\x1bb\u{e0041}\\u{")).toBe(3);
});
