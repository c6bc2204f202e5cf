import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { testProject } from "./project.ts";
import { brokenTranscript, firstWords, lastWords } from "./replay-broken-source.ts";
import { openAt, stage } from "./replay-browser.ts";
import { mirrored, writtenPage } from "./replay-written.ts";

const { path, folder, watched } = stage("broken transcripts in the replay page");
const full = process.env["TRACECRAFT_FULL"] === "1";
const batch = full ? 50 : 20;
const batches = full ? 10 : 1;

/** A page of so many broken transcripts, as `replay` writes it. */
async function pageOf(from: number): Promise<{ file: string; lanes: number }> {
  const project = testProject();
  for (let n = from; n < from + batch; n++) {
    const { session, text } = brokenTranscript(n);
    const source = join(folder, "s.jsonl");
    writeFileSync(source, text);
    await mirrored(project, { id: session, paths: [source], title: "", cwd: "/work/shop" });
  }
  const file = join(folder, `page-${from}.html`);
  const built = await writtenPage(project, file);
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
    const { page, trouble } = await watched({ offline: true });
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
