import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { chromiumPath, launch, openAt, watchedPage } from "./replay-browser.ts";
import { hostileStrings } from "./replay-hostile-source.ts";
import { bundleViewer, viewerStyles, wrapPage } from "./replay-story-page.mjs";

const path = chromiumPath("hostile text in the replay page");

interface Report {
  readonly project: string | null | undefined;
  readonly agents: readonly (string | null)[];
  readonly steps: readonly (string | undefined)[];
  readonly memory: readonly (readonly [string | null | undefined, string | null | undefined])[];
  /** Elements that nobody but a string could have made. */
  readonly foreign: number;
}

declare global {
  var showStrings: (from: number, to: number, tab: string) => Promise<string>;
}

const each = 24;
// Outside of the long proofs every fourth row of strings.
const stride = process.env["TRACECRAFT_FULL"] === "1" ? each : each * 4;

it.skipIf(path === undefined)(
  `${Math.ceil((hostileStrings.length * each) / stride)} hostile strings in every field of the header, the lanes, the state and the costs stay text`,
  async () => {
    expect(hostileStrings.length).toBeGreaterThan(1000);
    const script = await bundleViewer(`
      import { hostileSource, hostileStrings } from "./replay-hostile-source.ts";
      import { storySource } from "./replay-story.ts";
      import * as model from "../src/replay/viewer/model.ts";
      import { start } from "../src/replay/viewer/start.tsx";
      const all = (selector) => [...document.querySelectorAll(selector)];
      globalThis.showStrings = async (from, to, tab) => {
        model.source.value = undefined;
        model.selection.value = undefined;
        model.tab.value = tab;
        const next = hostileSource(hostileStrings.slice(from, to));
        model.open(next);
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 5)));
        await model.select(next.header.events - 1 - (from % 7));
        model.seek(next.header.to);
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 5)));
        return JSON.stringify({
          project: document.querySelector("h1")?.textContent,
          agents: all(".lane:not(.sub) .n").map((one) => one.firstChild?.textContent ?? ""),
          steps: all(".state [data-step]").map((one) => one.dataset.step),
          memory: all(".state .mem").map((one) => [one.querySelector(".k")?.textContent, one.querySelector(".v")?.textContent]),
          foreign: all("script:not(body > script), iframe, object, embed, base, link, body form:not([method]), a[href^=javascript], meta[http-equiv=refresh], [onerror], [onload], math, mglyph, img:not([src^='data:'])").length,
        });
      };
      void start(storySource());`);
    const folder = mkdtempSync(join(tmpdir(), "replay-hostile-"));
    const browser = await launch(path ?? "");
    try {
      const file = join(folder, "page.html");
      writeFileSync(file, wrapPage(script, viewerStyles()));
      const { page, trouble } = await watchedPage(browser);
      await openAt(page, file, "");
      for (let from = 0; from < hostileStrings.length; from += stride) {
        const strings = hostileStrings.slice(from, from + each);
        for (const tab of ["state", "spent"]) {
          const report = JSON.parse(
            await page.evaluate(([a, b, name]) => globalThis.showStrings(a, b, name), [
              from,
              from + each,
              tab,
            ] as const),
          ) as Report;
          expect(report.foreign).toBe(0);
          expect(report.project).toBe(strings[9 % strings.length]);
          expect(report.agents).toEqual([strings[0], strings[1 % strings.length]]);
          if (tab !== "state") continue;
          expect([...report.steps].toSorted()).toEqual([...new Set(strings)].toSorted());
          const memory = new Map(
            strings.map((key, place) => [key, (strings[(place + 3) % strings.length] ?? "").slice(0, 200)]),
          );
          const shown = new Map(report.memory);
          const wrong = [...memory].filter(([key, text]) => shown.get(key) !== text);
          expect(wrong.map((pair) => JSON.stringify(pair).slice(0, 100))).toEqual([]);
        }
      }
      expect(trouble).toEqual([]);
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
