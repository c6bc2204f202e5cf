import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { count, parseSize, parseSpan, parseWhen, plainTime, shortId, size, span, timeFor } from "./values.ts";

const now = Date.parse("2026-11-22T14:05:00.999Z");
const terminal = { layout: "terminal", absolute: false } as const;

it("plainTime() is to the second", () => {
  expect(plainTime(now)).toBe("2026-11-22T14:05:00Z");
});

describe("timeFor()", () => {
  it.each([
    [-4 * 60, "4m ago"],
    [41 * 60, "in 41m"],
    [0, "now"],
    [-29, "29s ago"],
    [-(3 * 3600 + 5 * 60), "3h05m ago"],
    [-(2 * 86_400 + 60), "Nov 20 14:04"],
    [86_401, "Nov 23 14:05"],
  ])("on a terminal, %d s away is %s", (awayS, expected) => {
    expect(timeFor(terminal, now + awayS * 1000, now)).toBe(expected);
  });

  it("is a point in time elsewhere, and with --absolute", () => {
    expect(timeFor({ layout: "plain", absolute: false }, now, now)).toBe("2026-11-22T14:05:00Z");
    expect(timeFor({ ...terminal, absolute: true }, now, now)).toBe("2026-11-22T14:05:00Z");
  });
});

describe("span()", () => {
  it.each([
    [-3, "0s"],
    [40.9, "40s"],
    [2_460, "41m"],
    [3_600, "60m"],
    [7_199, "119m"],
    [7_200, "2h"],
    [7_500, "2h05m"],
    [86_400, "24h"],
    [3 * 86_400 + 3_000, "3d"],
  ])("%d s is %s", (seconds, expected) => {
    expect(span(seconds)).toBe(expected);
  });

  it("is read back by parseSpan(), never as more than it was", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * 86_400 }), (seconds) => {
        const read = parseSpan(span(seconds));
        expect(read).toBeLessThanOrEqual(seconds);
        expect(span(read)).toBe(span(seconds));
      }),
    );
  });
});

it.each(["", "60", "m", "-5m", "1.5h", "5m2h", "60 m", "1w"])("parseSpan(%j) is a usage error", (text) => {
  expect(() => parseSpan(text)).toThrow(`Cannot read "${text}": a span is such as`);
});

it.each([
  [0, "0 B"],
  [269, "269 B"],
  [1_023, "1023 B"],
  [12_698, "12.4 KiB"],
  [1_048_575, "1.0 MiB"],
  [8 * 1024 ** 2, "8.0 MiB"],
  [4 * 1024 ** 3, "4.0 GiB"],
  [5_000 * 1024 ** 4, "5000.0 TiB"],
])("size(%d) is %s", (bytes, expected) => {
  expect(size(bytes)).toBe(expected);
});

it("count() and shortId()", () => {
  expect([count(1, "message"), count(12_408, "message"), count(0, "match")]).toEqual([
    "1 message",
    "12408 messages",
    "0 matches",
  ]);
  expect(shortId("9ac1d0aa-1234")).toBe("9ac1d0aa");
});

it.each([
  ["50MB", 50_000_000],
  ["1.5GiB", 1_610_612_736],
  ["800kb", 800_000],
  ["12", 12],
])("parseSize(%s) is %d", (text, bytes) => {
  expect(parseSize(text, "--max-size")).toBe(bytes);
});

it.each([
  ["2d", now - 2 * 86_400_000],
  ["2h05m", now - 7_500_000],
  ["2026-11-22", Date.parse("2026-11-22T00:00:00Z")],
  ["2026-11-22T14:00Z", Date.parse("2026-11-22T14:00:00Z")],
  ["2026-11-22T16:00:00+02:00", Date.parse("2026-11-22T14:00:00Z")],
])("parseWhen(%s)", (text, at) => {
  expect(parseWhen(text, now, "--since")).toBe(at);
});

it.each(["", "MB", "-1MB", "1e9", "50 parsecs", "1MBs"])("no size: %j", (text) => {
  expect(() => parseSize(text, "--max-size")).toThrow(/^Cannot read --max-size /);
});

it.each(["", "yesterday", "2026-13-40", "1", "2026-11-22T99:00Z", "2d2"])("no moment: %j", (text) => {
  expect(() => parseWhen(text, now, "--since")).toThrow(/^Cannot read /);
});
