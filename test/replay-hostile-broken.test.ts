import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { claudeCode } from "../src/harness/claude-code.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { buildPage } from "../src/replay/build.ts";
import { readViewer } from "../src/replay/viewer-files.ts";
import { writePage } from "../src/replay/write.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { builtCli } from "./built-cli.ts";
import { testHost } from "./harness-home.ts";
import { testProject } from "./project.ts";
import { brokenTranscript, firstWords, lastWords } from "./replay-broken-source.ts";
import { chromiumPath, launch, openAt, watchedPage } from "./replay-browser.ts";

const path = chromiumPath("broken transcripts in the replay page");
const folder = mkdtempSync(join(tmpdir(), "replay-broken-"));
const batch = 50;
const batches = process.env["TRACECRAFT_FULL"] ? 10 : 1;
let browser: Browser;

beforeAll(async () => {
  if (path !== undefined) browser = await launch(path);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A page of so many broken transcripts, as `replay` writes it. */
async function pageOf(from: number): Promise<{ file: string; lanes: number }> {
  const project = testProject();
  const redactor = createRedactor();
  const signal = new AbortController().signal;
  const host = { ...testHost(), now: () => project.clock.now };
  for (let n = from; n < from + batch; n++) {
    const { session, text } = brokenTranscript(n);
    const source = join(folder, "s.jsonl");
    writeFileSync(source, text);
    const known = { id: session, paths: [source], title: "", cwd: "/work/shop" };
    await mirrorSession(project, known, { harness: claudeCode, host, redactor: async () => redactor });
  }
  const built = await buildPage(project, {
    agents: [],
    bodies: "full",
    redactor,
    signal,
    progress: () => {},
  });
  const file = join(folder, `page-${from}.html`);
  const viewer = readViewer(dirname(await builtCli()));
  expect(await writePage(file, viewer, built.blocks, { maxBytes: 1e9, signal })).toMatchObject({
    written: true,
  });
  await built.close();
  const lanes = built.header.lanes.filter(({ kind }) => kind === "session").length;
  return { file, lanes };
}

/** Everything that a pane shows from its top to its end, and how much of the page there is at most meanwhile. */
async function readThrough(page: Page, pane: string): Promise<{ words: string; nodes: number }> {
  return page.evaluate(async (selector) => {
    let words = "";
    let nodes = 0;
    const scroll = document.querySelector(selector);
    if (!scroll) return { words: `no ${selector}`, nodes: 0 };
    scroll.scrollTop = 0;
    for (let step = 0; step < 400; step++) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      words += `\n${scroll.textContent}`;
      nodes = Math.max(nodes, document.querySelectorAll("*").length);
      if (scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - 2) break;
      scroll.scrollTop += scroll.clientHeight * 0.9;
    }
    return { words, nodes };
  }, pane);
}

it.skipIf(path === undefined)(
  `${batch * batches} broken transcripts are built, opened and read from end to end: each keeps its first and last words`,
  { timeout: 60_000 * (1 + batches) },
  async () => {
    const { page, trouble } = await watchedPage(browser, { offline: true });
    for (let from = 0; from < batch * batches; from += batch) {
      const { file, lanes } = await pageOf(from);
      expect(lanes).toBe(batch);
      await openAt(page, file, "");
      const list = await readThrough(page, ".events .scroll");
      expect(list.words).toMatch(/opening words of/);
      expect(list.nodes).toBeLessThanOrEqual(3000);
      for (let n = from; n < from + batch; n++) {
        const { session, ways } = brokenTranscript(n);
        await page.evaluate((hash) => (location.hash = hash), `#l=${session}&e=${session}:0`);
        await page.locator(".script .bar", { hasText: session.slice(0, 8) }).waitFor();
        await expect
          .poll(() => page.evaluate(() => document.querySelector(".script")?.textContent))
          .toContain(firstWords(n));
        const { words, nodes } = await readThrough(page, ".script .scroll");
        const told = [firstWords(n), lastWords(n)].map((one) => words.indexOf(one));
        expect([ways, ...told.map((place) => place >= 0)]).toEqual([ways, true, true]);
        expect([ways, told[0]]).toEqual([ways, Math.min(...told)]);
        expect([ways, nodes]).toEqual([ways, Math.min(nodes, 3000)]);
      }
      expect(trouble.filter((one) => !one.startsWith("request file:"))).toEqual([]);
    }
    expect(trouble.filter((one) => !one.startsWith("request file:"))).toEqual([]);
  },
);
