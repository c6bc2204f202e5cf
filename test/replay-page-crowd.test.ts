import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { bundleViewer, viewerStyles, wrapPage } from "./replay-story-page.mjs";
import { stage } from "./replay-browser.ts";

const full = process.env["TRACECRAFT_FULL"] === "1";
const sizes = full ? [100_000, 1_000_000] : [30_000, 300_000];

declare global {
  var showCrowd: (agents: number, events: number) => Promise<void>;
  var tracecraftWork: Record<string, number>;
}

const { path, file, watched } = stage("large replay pages", async () => {
  const script = await bundleViewer(`
    import { crowdSource } from "./replay-crowd.ts";
    import { start } from "../src/replay/viewer/start.tsx";
    globalThis.showCrowd = (agents, events) => start(crowdSource(agents, events));`);
  return wrapPage(script, viewerStyles());
});

async function shown<T>(
  agents: number,
  events: number,
  work: (page: Page) => Promise<T>,
  viewport = { width: 1440, height: 900 },
): Promise<T> {
  const { page, trouble, context } = await watched({ offline: true, viewport });
  await page.goto(`file://${file}#debug=1&t=2026-09-17T14:00:00Z`);
  await page.evaluate(([a, b]) => globalThis.showCrowd(a, b), [agents, events] as const);
  await page.locator(".events [role=option]").first().waitFor({ state: "attached" });
  const answer = await work(page);
  expect(trouble).toEqual([]);
  await context.close();
  return answer;
}

/** What a reader does, each of it some times: how much was touched and read for it. */
const deeds: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  "point at the lanes": async (page) => {
    const box = await page.locator(".lanes canvas").boundingBox();
    if (!box) throw new Error("no canvas");
    for (let step = 0; step < 40; step++)
      await page.mouse.move(box.x + 20 + step * 15, box.y + 10 + ((step * 37) % (box.height - 20)));
  },
  "zoom in and out": async (page) => {
    for (const key of "wwwwwwss") await page.keyboard.press(key);
  },
  "pan near": async (page) => {
    for (const key of "adadad") await page.keyboard.press(key);
  },
  "scroll the list": async (page) => {
    await page.locator(".events .scroll").hover();
    for (let step = 0; step < 10; step++) await page.mouse.wheel(0, 300);
  },
  "walk the list": async (page) => {
    for (const key of "jjjjkk") await page.keyboard.press(key);
  },
  "step by events": async (page) => {
    for (let step = 0; step < 6; step++) await page.keyboard.press("ArrowRight");
  },
  "go to the next claim, message and error": async (page) => {
    for (const key of "cmecme") await page.keyboard.press(key);
  },
};

async function settled(page: Page): Promise<Record<string, number>> {
  let before = "";
  for (;;) {
    await page.waitForTimeout(120);
    const { blocks: _, ...now } = await page.evaluate(() => ({ ...globalThis.tracecraftWork }));
    if (JSON.stringify(now) === before) return now;
    before = JSON.stringify(now);
  }
}

/** Elements, words and all else that the browser holds as nodes of the page. */
async function nodesOf(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics } = await devtools.send("Performance.getMetrics");
  await devtools.detach();
  return metrics.find(({ name }) => name === "Nodes")?.value ?? Infinity;
}

describe.skipIf(path === undefined)(`a page of ${sizes[0]} events and one of ${sizes[1]}`, () => {
  it("touch and read as much for what a reader does, whatever it is", { timeout: 120_000 }, async () => {
    const counts = [];
    for (const events of sizes) {
      const each: Record<string, Record<string, number>> = {};
      await shown(50, events, async (page) => {
        // The same minutes of both.
        await page.evaluate(
          () => (location.hash = "#debug=1&w=1789653600000~1789653720000&t=2026-09-17T14:01:00Z"),
        );
        // What is put in order at the first question is there for the next.
        await deeds["go to the next claim, message and error"]?.(page);
        for (const [name, deed] of Object.entries(deeds)) {
          const before = await settled(page);
          await deed(page);
          const after = await settled(page);
          each[name] = Object.fromEntries(
            Object.entries(after).map(([what, count]) => [what, count - (before[what] ?? 0)]),
          );
        }
      });
      counts.push(each);
    }
    const [small, large] = counts;
    for (const [name, each] of Object.entries(small ?? {})) {
      for (const [what, count] of Object.entries(each)) {
        const found = large?.[name]?.[what] ?? 0;
        // A busy machine draws other frames: three times as much is not yet ten times as much.
        expect([name, what, count, found]).toEqual([name, what, count, Math.min(found, count * 3 + 30)]);
      }
    }
  });

  it(
    "have no more than 3,000 nodes up to 1920 by 1080, of 50 agents as of 1,000",
    { timeout: 120_000 },
    async () => {
      const each = [
        [1000, 200_000, 1920, 1080],
        [1000, 200_000, 390, 844],
        [1000, 200_000, 1440, 900],
        [50, 100_000, 1440, 900],
      ] as const;
      for (const [agents, events, width, height] of full ? each : each.slice(0, 1)) {
        const most = await shown(
          agents,
          events,
          async (page) => {
            let seen = 0;
            for (const tab of ["state", "spent", "script"]) {
              const button = page.locator(`#tab-${tab}`);
              if (await button.isVisible()) await button.click();
              for (const share of [0, 0.5, 1]) {
                for (const scroll of await page.locator(".scroll, .lanes-scroll, .state").all())
                  await scroll.evaluate((one, at) => (one.scrollTop = at * one.scrollHeight), share);
                await page.waitForTimeout(60);
                seen = Math.max(seen, await nodesOf(page));
              }
            }
            return seen;
          },
          { width, height },
        );
        expect([agents, width, most]).toEqual([agents, width, Math.min(most, 3000)]);
      }
    },
  );
});
