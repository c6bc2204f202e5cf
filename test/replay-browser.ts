import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { removed } from "./removed.ts";

/** Where Chromium is, as CHROMIUM says or as the path has it. Undefined, and one visible line, where there is none. */
export function chromiumPath(what: string): string | undefined {
  const named = process.env["CHROMIUM"];
  if (named) return named;
  try {
    return execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  } catch {
    process.stderr.write(`skipped: ${what}: apt-get install chromium\n`);
    return undefined;
  }
}

export async function launch(executablePath: string): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

/** What a page did that it must never do: requests, dialogs, other windows, navigations, refused code, errors. */
export interface Watched {
  readonly page: Page;
  readonly trouble: string[];
}

/** A page in a context of its own, offline, that writes down every trouble. */
export async function watchedPage(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Watched & { readonly context: BrowserContext }> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: "en",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    ...options,
  });
  const trouble: string[] = [];
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  let opened = false;
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith("file:") || opened) trouble.push(`request ${url}`);
    opened = true;
  });
  page.on("dialog", (dialog) => {
    trouble.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", () => trouble.push("popup"));
  page.on("pageerror", (error) => trouble.push(`error ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") trouble.push(`console ${message.text()}`);
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      console.error(`violation ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return { page, trouble, context };
}

/**
 * A browser for the tests of one file, where there is Chromium, and a folder with a page in it if there is one to be
 * written. Both are gone after the last of them.
 */
export function stage(what: string, html?: () => string | Promise<string>) {
  const path = chromiumPath(what);
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-page-"));
  const file = join(folder, "page.html");
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (path === undefined) return;
    if (html) writeFileSync(file, await html());
    browser = await launch(path);
  });
  afterAll(async () => {
    await browser?.close();
    removed(folder);
  });
  return {
    path,
    folder,
    file,
    watched: (options?: Parameters<typeof watchedPage>[1]) => watchedPage(browser!, options),
  };
}

/** Opens a page file at a place and waits until it can be used. */
export async function openAt(page: Page, file: string, hash: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`file://${file}#debug=1&${hash}`);
  await page.waitForFunction(() => performance.getEntriesByName("tc:interactive").length > 0, null, {
    timeout: 20_000,
  });
}
