// A large replay page in Chromium: node bench/replay-page.mjs FILE, FILE from bench/replay.mjs --keep FILE. Results are in RESULTS.md.
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { chromium } from "playwright-core";

const file = resolve(process.argv[2]);
const rounds = 5;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  console.log(`Chromium ${browser.version()}, load ${loadavg()[0].toFixed(1)}`);
  const paints = [];
  for (let round = 0; round < rounds; round++) {
    const { page, marks } = await opened();
    paints.push(marks);
    if (round === rounds - 1) await deeds(page);
    await page.context().close();
  }
  console.log("marks, ms after the navigation began, each round:", JSON.stringify(paints));
} finally {
  await browser.close();
}

async function opened() {
  const context = await browser.newContext({ offline: true, viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(`file://${file}#debug=1`, { waitUntil: "commit" });
  await page.waitForFunction(() => performance.getEntriesByName("tc:painted").length > 0);
  await page.locator(".events [role=option]").first().waitFor({ state: "attached" });
  const marks = await page.evaluate(() =>
    Object.fromEntries(performance.getEntriesByType("mark").map((m) => [m.name, Math.round(m.startTime)])),
  );
  return { page, marks };
}

async function deeds(page) {
  console.log(`heap after opening: ${await heap(page)} MB`);
  await page.locator(".lanes canvas").hover();
  await told(page, "zoom and pan", async () => {
    for (const key of "wwwwddddddaaaaaassss".repeat(4)) await pressed(page, key);
  });
  await page.locator(".events .scroll").hover();
  await told(page, "scroll the list", async () => {
    for (let step = 0; step < 100; step++) await page.mouse.wheel(0, 120);
  });
  await told(page, "walk the list", async () => {
    for (let step = 0; step < 60; step++) await pressed(page, "j");
  });
  console.log(`heap after that: ${await heap(page)} MB`);
}

/** A key, and the frame after it: keys that come faster would share one. */
async function pressed(page, key) {
  await page.keyboard.press(key);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
}

/** The time between frames while the work goes on. */
async function told(page, name, work) {
  await page.evaluate(() => {
    const frames = (globalThis.benchFrames = []);
    let before;
    const next = (now) => {
      if (before !== undefined) frames.push(now - before);
      before = now;
      if (globalThis.benchFrames === frames) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await work();
  const frames = await page.evaluate(() => {
    const all = globalThis.benchFrames;
    globalThis.benchFrames = undefined;
    return all.toSorted((a, b) => a - b);
  });
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))].toFixed(1);
  console.log(`${name}: ${frames.length} frames, median ${at(0.5)}, p95 ${at(0.95)}, longest ${at(1)} ms`);
}

/** What JavaScript holds after a collection; the bytes of buffers are not in it. */
async function heap(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  await devtools.detach();
  return (usedSize / 1e6).toFixed(0);
}
