import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAt, stage } from "./replay-browser.ts";
import { bundleViewer, storyPage, viewerStyles, wrapPage } from "./replay-story-page.mjs";

const { path, folder, file, watched } = stage("the replay page's accessibility", storyPage);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const sizes = [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const;
/** Every theme at each size and place; outside of the long proofs, each size once in each theme, at another place. */
const full = process.env["TRACECRAFT_FULL"] === "1";
const places = [
  "t=2026-09-17T14:15:20Z",
  "t=2026-09-17T14:15:20Z&tab=spent",
  "t=2026-09-17T14:15:20Z&tab=events&view=conflicts",
];

describe.skipIf(path === undefined)("axe-core", () => {
  for (const [turn, theme] of ["light", "dark"].entries()) {
    it(`finds nothing serious or critical in the ${theme} page, at three sizes`, async () => {
      for (const [at, [width, height]] of sizes.entries()) {
        // axe itself is put in from outside, which the page's own policy would refuse.
        const { page, context } = await watched({
          viewport: { width, height },
          bypassCSP: true,
        });
        for (const place of full ? places : places.slice((at + turn) % 3, ((at + turn) % 3) + 1)) {
          await openAt(page, file, `${place}&theme=${theme}`);
          await page.evaluate(axe);
          const found = await page.evaluate(async () => {
            const run = (globalThis as unknown as { axe: { run(): Promise<{ violations: unknown[] }> } }).axe;
            return (await run.run()).violations;
          });
          const bad = (found as Finding[]).filter(
            ({ impact }) => impact === "serious" || impact === "critical",
          );
          const said = bad.map(
            ({ id, nodes }) =>
              `${width} ${place} ${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("\n")}`,
          );
          expect(said).toEqual([]);
        }
        await context.close();
      }
    });
  }

  it("the page itself never scrolls, from 320 pixels to 3840: only its panes do", async () => {
    for (const width of [320, 390, 700, 1024, 1200, 1440, 1920, 3840]) {
      const { page, context } = await watched({
        viewport: { width, height: width < 700 ? 640 : 1000 },
      });
      await openAt(page, file, "t=2026-09-17T14:15:20Z");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect([width, wide]).toEqual([width, 0]);
      const high = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
      expect([width, high]).toEqual([width, 0]);
      await context.close();
    }
  });
});

describe.skipIf(path === undefined)("marks", () => {
  it("differ in shape alone: drawn in one colour, no two of them are alike", async () => {
    const script = await bundleViewer(`
      import { drawMark, markWords } from "../src/replay/viewer/marks.tsx";
      const palette = new Proxy({}, { get: (_, name) => (name === "bg" ? "#fff" : name === "lease-bg" ? "#fff" : "#000") });
      globalThis.pictures = () => Object.keys(markWords).map((name) => {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 20;
        const on = canvas.getContext("2d", { willReadFrequently: true });
        on.fillStyle = "#fff";
        on.fillRect(0, 0, 20, 20);
        drawMark(on, name, 10, 10, palette);
        return [name, [...on.getImageData(0, 0, 20, 20).data].filter((_, at) => at % 4 === 0)];
      });`);
    const own = join(folder, "marks.html");
    writeFileSync(own, wrapPage(script, viewerStyles()));
    const { page, context } = await watched();
    await page.goto(`file://${own}`);
    const pictures = await page.evaluate(() =>
      (globalThis as unknown as { pictures(): [string, number[]][] }).pictures(),
    );
    expect(pictures.length).toBeGreaterThan(30);
    const alike: string[] = [];
    for (const [place, [name, pixels]] of pictures.entries()) {
      for (const [other, others] of pictures.slice(place + 1)) {
        const apart = pixels.reduce((sum, value, at) => sum + Math.abs(value - (others[at] ?? 0)), 0) / 255;
        if (apart < 5) alike.push(`${name} and ${other}: ${apart.toFixed(1)}`);
      }
    }
    expect(alike).toEqual([]);
    await context.close();
  });
});
