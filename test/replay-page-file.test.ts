import { writeFileSync } from "node:fs";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { pageHtml, type Viewer } from "../src/replay/html.ts";
import { servePage } from "../src/replay/serve.ts";
import { openAt, stage } from "./replay-browser.ts";
import { encodedBlocks } from "./replay-encoded.ts";
import { storySource } from "./replay-story.ts";
import { bundleViewer, viewerStyles } from "./replay-story-page.mjs";

const { path, folder, watched } = stage("a written replay page in a browser");
let viewer: Viewer;

beforeAll(async () => {
  if (path === undefined) return;
  viewer = { script: await bundleViewer('import "../src/replay/viewer/main.tsx";'), style: viewerStyles() };
});

const closed = { close: () => Promise.resolve() };

describe.skipIf(path === undefined)("a page as it is written", () => {
  it("opens from disk, offline, on the event of a link, with nothing asked for and nothing refused", async () => {
    const file = join(folder, "page.html");
    let html = "";
    for await (const piece of pageHtml(viewer, await encodedBlocks(storySource()))) html += piece;
    writeFileSync(file, html);
    const { page, trouble, context } = await watched({ offline: true });
    await openAt(page, file, "e=backend:0");
    expect(await page.locator("h1").textContent()).toBe("checkout-redesign");
    expect(await page.locator(".lane-row").count()).toBe(7);
    expect(await page.locator(".play .t").textContent()).toBe("13:30:06");
    await page.keyboard.press("c");
    await expect.poll(() => page.locator(".play .t").textContent()).toBe("13:31:12");
    expect(trouble).toEqual([]);
    await context.close();
  });

  it("has its index before its app and its texts behind it, and is painted while they are still to come", async () => {
    const whole: string[] = [];
    for await (const piece of pageHtml(viewer, await encodedBlocks(storySource()))) whole.push(piece);
    const kinds = whole.map(
      (piece) =>
        /^<script type="text\/plain" id="([a-z]+)/.exec(piece)?.[1] ??
        (piece.startsWith("<script>") ? "app" : ""),
    );
    const app = kinds.indexOf("app");
    const early = kinds.slice(1, app);
    expect(early).toEqual(["header", "pyramid", "moments", ...early.slice(3).map(() => "ix")]);
    expect(new Set(kinds.slice(app + 1, -1))).toEqual(new Set(["pv"]));
    // A server that stops after the app, and goes on when the page has been painted.
    const goOn = new EventEmitter();
    const painted = once(goOn, "painted");
    const server = createServer(async (_, response) => {
      response.setHeader("content-type", "text/html");
      response.write(whole.slice(0, app + 1).join(""));
      await painted;
      response.end(whole.slice(app + 1).join(""));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      const { page, context } = await watched();
      await page.goto(`http://127.0.0.1:${address.port}/`, { waitUntil: "commit" });
      await page.waitForFunction(() => performance.getEntriesByName("tc:painted").length > 0);
      expect(await page.evaluate(() => document.readyState)).toBe("loading");
      expect(await page.locator(".lane-row").count()).toBe(7);
      goOn.emit("painted");
      await page.locator(".events [role=option]").first().waitFor();
      await context.close();
    } finally {
      goOn.emit("painted");
      server.close();
    }
  });

  it("says in words that it cannot be shown where a block is damaged", async () => {
    const file = join(folder, "damaged.html");
    let html = "";
    for await (const piece of pageHtml(viewer, await encodedBlocks(storySource()))) html += piece;
    writeFileSync(file, html.replace(/(id="moments">)[\w+/]{40}/, "$1AAAA"));
    const { page, context } = await watched({ offline: true });
    await page.goto(`file://${file}`);
    await expect.poll(() => page.locator("#app").textContent()).toContain("This page cannot be shown");
    await context.close();
  });

  it("follows its server: what is added is there within a second, and T goes with it only while it stands at the end", async () => {
    const team = await encodedBlocks(storySource("team"));
    const before = storySource("solo");
    const serving = await servePage({
      viewer,
      first: { blocks: await encodedBlocks(before), ...closed },
      port: 0,
      secret: "0123456789abcdef0123456789abcdef",
    });
    try {
      const { page, trouble, context } = await watched();
      await page.goto(serving.url);
      await page.waitForFunction(() => performance.getEntriesByName("tc:interactive").length > 0);
      expect(await page.locator(".lane-row").count()).toBe(3);
      await expect.poll(() => serving.followers()).toBe(1);
      expect(await page.locator(".head").textContent()).toContain("live");
      await page.keyboard.press("Home");
      await serving.show({ blocks: team, ...closed });
      await expect.poll(() => page.locator(".lane-row").count(), { timeout: 1000 }).toBe(7);
      expect(await page.locator(".play .t").textContent()).toBe("13:30:00");
      expect(trouble.filter((one) => !one.startsWith("request http://127.0.0.1:"))).toEqual([]);
      await context.close();
    } finally {
      await serving.close();
    }
  });
});
