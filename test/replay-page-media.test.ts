import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { writeSplit } from "../src/replay/write.ts";
import { openAt, stage, watchedPage } from "./replay-browser.ts";
import { encodedBlocks } from "./replay-encoded.ts";
import { storySource } from "./replay-story.ts";
import { bundleViewer, storyPage, viewerStyles } from "./replay-story-page.mjs";

const { path, folder, file, watched } = stage("views, media and hosts of the replay page", storyPage);
const source = storySource();
const t = "t=2026-09-17T14:15:20Z";

async function opened<T>(
  hash: string,
  work: (page: Page) => Promise<T>,
  options: Parameters<typeof watchedPage>[1] = {},
): Promise<T> {
  const { page, trouble, context } = await watched(options);
  await openAt(page, file, hash);
  const answer = await work(page);
  expect(trouble).toEqual([]);
  await context.close();
  return answer;
}

/** The places of all events that a quick view is to show, told from the story itself. */
async function wanted(view: "errors" | "stuck"): Promise<number[]> {
  const events = await source.events(0);
  if (view === "errors") {
    const fenced = new Set(source.moments.filter(({ kind }) => kind === "fenced").map(({ seq }) => seq));
    return [...events.flags.keys()].filter((seq) => (events.flags[seq] ?? 0) % 2 === 1 || fenced.has(seq));
  }
  const read = new Set(source.moments.flatMap(({ kind, ids }) => (kind === "read" ? (ids ?? []) : [])));
  return source.moments
    .filter(
      ({ kind, id }) =>
        ["lapse", "silent", "block"].includes(kind) || (kind === "send" && !read.has(id ?? "")),
    )
    .map(({ seq }) => seq);
}

/** The rows of the first table of what was spent, by their names. */
const spentIn = (page: Page) =>
  page
    .locator("table.spent")
    .first()
    .locator("tbody tr:has(th)")
    .evaluateAll((all) =>
      all.map((row) => [
        row.querySelector("th")?.textContent ?? "",
        ...[...row.querySelectorAll("td")].map((cell, at) => (at === 3 ? cell.textContent : cell.title)),
      ]),
    );

describe.skipIf(path === undefined)("a quick view", () => {
  for (const view of ["errors", "stuck"] as const) {
    it(`leaves the ${view}, all of them and nothing else, and says how many of how many`, async () => {
      const seqs = await wanted(view);
      expect(seqs.length).toBeGreaterThan(2);
      await opened(`${t}&view=${view}`, async (page) => {
        const rows = page.locator(".events [role=option]");
        await expect
          .poll(() => rows.evaluateAll((all) => all.map((row) => Number(row.id.slice(1)))))
          .toEqual(seqs);
        await page
          .getByText(`${seqs.length} of ${source.header.events.toLocaleString("en")}`)
          .first()
          .waitFor();
      });
    });
  }
});

describe.skipIf(path === undefined)("what is looked for", () => {
  it("is told of what is folded, and marked in it once it is open", () =>
    opened("t=2026-09-17T14:15:20Z", async (page) => {
      await page.keyboard.press("/");
      await page.keyboard.type("Address.tsx");
      await page.locator(".found-words", { hasText: /matches in/ }).waitFor();
      const fold = page.locator(".script .fold", { hasText: /\d+ inside/ }).first();
      await fold.waitFor();
      const marked = () =>
        page.evaluate(
          () =>
            [...(CSS.highlights.get("found") ?? [])].filter((range) =>
              (range as Range).startContainer.parentElement?.closest(".script .inner"),
            ).length,
        );
      await expect.poll(marked).toBe(0);
      await fold.click();
      await expect.poll(marked).toBeGreaterThan(0);
      // What was typed last is looked for last.
      const words = () =>
        page.evaluate(() => [...new Set([...(CSS.highlights.get("found") ?? [])].map(String))]);
      await expect.poll(words).toEqual(["Address.tsx"]);
    }));
});

describe.skipIf(path === undefined)("the lanes", () => {
  it("have sub-agents below the session that started them", () =>
    opened(t, async (page) => {
      const rows = await page.locator(".lane-row").allTextContents();
      const place = (words: string) => rows.findIndex((text) => text.includes(words));
      const { lanes } = source.header;
      for (const lane of lanes.filter(({ kind }) => kind === "subagent")) {
        const session = lanes[lane.parent ?? -1];
        const agent = lanes[session?.parent ?? -1];
        expect(place(lane.name)).toBeGreaterThan(place(agent?.name ?? "?"));
        const next = rows.findIndex((text, at) => at > place(agent?.name ?? "?") && /backend/.test(text));
        expect(place(lane.name)).toBeLessThan(next);
      }
    }));

  it("are zoomed by two fingers, around what is between them", () =>
    opened(
      `${t}&axis=real`,
      async (page) => {
        const box = await page.locator(".lanes canvas").boundingBox();
        if (!box) throw new Error("no canvas");
        const devtools = await page.context().newCDPSession(page);
        const middle = box.x + box.width / 2;
        const touch = (type: "touchStart" | "touchMove" | "touchEnd", apart: number) =>
          devtools.send("Input.dispatchTouchEvent", {
            type,
            touchPoints:
              type === "touchEnd"
                ? []
                : [-1, 1].map((side, id) => ({ x: middle + (side * apart) / 2, y: box.y + 60, id })),
          });
        await touch("touchStart", 60);
        for (let apart = 70; apart <= 240; apart += 10) await touch("touchMove", apart);
        await touch("touchEnd", 0);
        await expect.poll(() => page.url()).toMatch(/[#&]w=/);
        const hash = new URLSearchParams(new URL(page.url()).hash.slice(1));
        const [from = 0, to = 0] = (hash.get("w") ?? "").split("~").map(Number);
        const { header } = source;
        const share = (to - from) / (header.to - header.from);
        expect(share).toBeGreaterThan(0.15);
        expect(share).toBeLessThan(0.5);
        expect(Math.abs((from + to) / 2 - (header.from + header.to) / 2)).toBeLessThan((to - from) / 5);
      },
      { hasTouch: true },
    ));
});

describe.skipIf(path === undefined)("where colours are the reader's own", () => {
  it("what is selected, what is pressed and what has the focus is still told apart", () =>
    opened(
      t,
      async (page) => {
        await page.keyboard.press("c");
        const looks = (selector: string) =>
          page
            .locator(selector)
            .first()
            .evaluate((one) => {
              const { outlineStyle, outlineWidth, borderColor, backgroundColor, color } =
                getComputedStyle(one);
              return [outlineStyle === "none" ? "" : outlineWidth, borderColor, backgroundColor, color].join(
                " ",
              );
            });
        await page.locator('.events [aria-selected="true"]').waitFor();
        expect(await looks('.events [aria-selected="true"]')).not.toBe(
          await looks('.events [aria-selected="false"]'),
        );
        expect(await looks('[aria-pressed="true"]')).not.toBe(await looks('.seg [aria-pressed="false"]'));
      },
      { forcedColors: "active" },
    ));

  it("printed, the page has its lanes, its list and its state on paper, and nothing that can only be pressed", () =>
    opened(t, async (page) => {
      await page.emulateMedia({ media: "print" });
      for (const part of [".lanes canvas", ".events .ev", ".state [data-step]"])
        expect([part, await page.locator(part).first().isVisible()]).toEqual([part, true]);
      for (const part of [".play", ".keys-bar, .keybar"])
        expect([part, await page.locator(part).first().isVisible()]).toEqual([part, false]);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(paper).toMatch(/rgb\(2[45]\d, 2[45]\d, 2[45]\d\)/);
    }));

  it("at twice the size nothing is lost to the side", () =>
    opened(
      `${t}&tab=events`,
      async (page) => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wide).toBe(0);
        for (const part of [".head h1", ".lanes canvas", ".events .ev"])
          expect([part, await page.locator(part).first().isVisible()]).toEqual([part, true]);
        const pane = await page.locator(".events .scroll").boundingBox();
        expect(pane?.height).toBeGreaterThan(90);
        expect((pane?.y ?? 0) + (pane?.height ?? 0)).toBeLessThanOrEqual(400);
      },
      { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
    ));
});

describe.skipIf(path === undefined)("the costs", () => {
  const { spent: total, lanes, rates = [], models } = source.header;
  const agentOf = (lane: number): string => {
    const { name, parent } = lanes[lane] ?? { name: "?" };
    return parent === undefined ? name : agentOf(parent);
  };
  /** What the cells of a row should say, by a plain fold over the events up to a time. */
  const numbersAt = async (until: number, agent: string | undefined) => {
    const sums = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    let usd: number | undefined;
    const { at, lane, model, tokens } = await source.events(0);
    for (const [row, time] of at.entries()) {
      if (time > until || (agent !== undefined && agentOf(lane[row]!) !== agent)) continue;
      const rate = rates[model[row]! - 1];
      for (const sort of ["input", "output", "cacheRead", "cacheWrite"] as const) {
        sums[sort] += tokens[sort][row]!;
        if (rate && tokens[sort][row]! > 0) usd = (usd ?? 0) + (tokens[sort][row]! * rate[sort]) / 1e6;
      }
    }
    const nothing = sums.input + sums.output + sums.cacheRead + sums.cacheWrite === 0;
    return [
      sums.input.toLocaleString("en"),
      sums.output.toLocaleString("en"),
      `${sums.cacheRead.toLocaleString("en")} read, ${sums.cacheWrite.toLocaleString("en")} written`,
      nothing ? "" : usd === undefined ? "unpriced" : usd < 0.01 ? "< $0.01" : `$${usd.toFixed(2)}`,
    ];
  };
  it.each(["2026-09-17T14:03:30Z", "2026-09-17T14:15:20Z", "2026-09-17T23:00:00Z"])(
    "up to %s are plain sums, cached tokens once, what has no price in no sum of money",
    (time) =>
      opened(`t=${time}&tab=spent`, async (page) => {
        const rows = await spentIn(page);
        for (const [name, ...found] of rows) {
          const agent = name === "all" ? undefined : name!;
          expect([name, ...found]).toEqual([name, ...(await numbersAt(Date.parse(time), agent))]);
        }
        expect(rows.length).toBe(1 + new Set(total.map(({ lane }) => agentOf(lane))).size);
      }),
  );

  it("of the whole page stand in its head", () =>
    opened(`${t}&tab=spent`, async (page) => {
      const tokens = total.reduce(
        (all, { input, output, cacheRead, cacheWrite }) => all + input + output + cacheRead + cacheWrite,
        0,
      );
      expect(models.length).toBe(rates.length);
      expect(await page.locator(".head").textContent()).toContain(`${(tokens / 1e6).toFixed(2)} M tokens`);
    }));

  it("follow T while it is moved", () =>
    opened("t=2026-09-17T14:03:30Z&tab=spent", async (page) => {
      const before = (await spentIn(page)).at(-1);
      await page.keyboard.press("End");
      await expect.poll(async () => (await spentIn(page)).at(-1)).not.toEqual(before);
      const [, ...all] = (await spentIn(page)).at(-1)!;
      expect(all).toEqual(await numbersAt(Number.POSITIVE_INFINITY, undefined));
    }));
});

describe.skipIf(path === undefined)("a page in parts", () => {
  it("opens from a server of static files on the event of a link, and asks for nothing but its own blocks", async () => {
    const place = join(folder, "split");
    const viewer = {
      script: await bundleViewer('import "../src/replay/viewer/main.tsx";'),
      style: viewerStyles(),
    };
    await writeSplit(place, viewer, await encodedBlocks(source), new AbortController().signal);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const name = new URL(request.url ?? "/", "http://a").pathname;
      asked.push(name);
      readFile(join(place, name === "/" ? "index.html" : name)).then(
        (bytes) =>
          response
            .setHeader("content-type", name === "/" ? "text/html" : "application/octet-stream")
            .end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      const { page, trouble, context } = await watched();
      await page.goto(`http://127.0.0.1:${address.port}/#e=backend:0`);
      await page.waitForFunction(() => performance.getEntriesByName("tc:interactive").length > 0);
      expect(await page.locator(".play .t").textContent()).toBe("13:30:06");
      await page.locator(".events [role=option]").first().waitFor();
      expect(trouble.filter((one) => !one.startsWith(`request http://127.0.0.1:${address.port}/`))).toEqual(
        [],
      );
      expect(
        asked.filter(
          (name) => !/^\/(?:$|favicon\.ico|blocks\/(?:current|\d+\/[a-z]+(?:\.\d+)?)$)/.test(name),
        ),
      ).toEqual([]);
      await context.close();
    } finally {
      server.close();
    }
  });
});
