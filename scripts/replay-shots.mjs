// Screenshots of the replay page in both themes at three sizes, for the eye: node scripts/replay-shots.mjs [OUT] [--hash H] [--page FILE].
// Without --page the story of test/replay-story.ts is shown.
import { mkdirSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { storyPage } from "../test/replay-story-page.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hash: { type: "string", default: "t=2026-09-17T14:15:20Z" },
    page: { type: "string" },
    variant: { type: "string", default: "team" },
    only: { type: "string", default: "" },
  },
});
const out = resolve(positionals[0] ?? "/tmp/shots");
mkdirSync(out, { recursive: true });

let page = values.page;
if (page === undefined) {
  page = join(out, "page.html");
  writeFileSync(page, await storyPage(values.variant));
}

const executablePath =
  process.env.CHROMIUM ?? execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const sizes = [
  [1440, 900],
  [1024, 768],
  [390, 844],
];
for (const theme of ["light", "dark"]) {
  for (const [width, height] of sizes) {
    const name = `${width}x${height}-${theme}`;
    if (!name.includes(values.only)) continue;
    const shown = await browser.newPage({
      viewport: { width, height },
      deviceScaleFactor: width < 700 ? 2 : 1,
    });
    shown.on("console", (message) => message.type() === "error" && console.log(name, message.text()));
    shown.on("pageerror", (error) => console.log(name, error.stack));
    await shown.goto(`file://${resolve(page)}#theme=${theme}&${values.hash}`);
    await shown.waitForTimeout(500);
    await shown.screenshot({ path: join(out, `${name}.png`) });
    await shown.close();
  }
}
await browser.close();
