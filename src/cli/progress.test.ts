import { describe, expect, it } from "vitest";
import { printer } from "./print.ts";
import { progressTeller } from "./progress.ts";

function told(
  layout: "plain" | "terminal",
  steps: readonly (readonly [atMs: number, plain: string, urgent?: boolean])[],
  quiet = false,
) {
  let now = 0;
  let written = "";
  const sink = { isTTY: layout === "terminal", columns: 40, write: (text: string) => void (written += text) };
  const outlet = {
    stdout: sink,
    stderr: sink,
    env: { NO_COLOR: "1" },
    inHarness: false,
    closed: () => undefined,
  };
  const tell = progressTeller(
    printer(outlet, { json: false, absolute: false }),
    { json: false, quiet },
    { monotonic: () => now },
  );
  for (const [atMs, plain, urgent] of steps) {
    now = atMs;
    tell({ plain, ...(urgent !== undefined && { urgent }) });
  }
  return written;
}

const each = (words: string, everyMs: number, untilMs: number) =>
  Array.from(
    { length: untilMs / everyMs + 1 },
    (_, at) => [at * everyMs, `${words} ${(at * everyMs) / 1000}`] as const,
  );

describe("progressTeller()", () => {
  it("tells of work after a second and then every ten", () => {
    expect(told("plain", each("Uploading", 500, 31_000))).toBe(
      "Uploading 1\nUploading 11\nUploading 21\nUploading 31\n",
    );
    expect(told("plain", each("Uploading", 100, 900))).toBe("");
  });

  it("tells of waiting at 0, 10, 30, 60 s and then each minute", () => {
    expect(told("plain", each("Waiting... (", 1_000, 200_000)).match(/\d+/g)).toEqual([
      "0",
      "10",
      "30",
      "60",
      "120",
      "180",
    ]);
  });

  it("holds back nothing that is urgent, and says nothing when it is to be quiet", () => {
    expect(
      told("plain", [
        [0, "Waiting... a"],
        [1, "Waiting... b", true],
        [2, "Waiting... c"],
      ]),
    ).toBe("Waiting... a\nWaiting... b\n");
    expect(told("plain", [[0, "Waiting... a", true]], true)).toBe("");
  });

  it("rewrites one line of a terminal, cut at its edge", () => {
    const written = told("terminal", [
      [0, "x"],
      [2_000, "one\x1b[2J"],
      [2_050, "two"],
      [2_200, "y".repeat(60)],
    ]);
    expect(written).toBe(`\r\x1b[Kone\\u{1b}[2J\r\x1b[K${"y".repeat(38)}…`);
  });
});
