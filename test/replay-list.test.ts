import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { openAt, stage } from "./replay-browser.ts";
import { storySource } from "./replay-story.ts";
import { storyPage } from "./replay-story-page.mjs";

const { path, file, watched } = stage("the replay page's list and transcript", storyPage);
const { header } = storySource();
const t = "t=2026-09-17T14:15:20Z";

const rows = (page: Page) => page.locator(".events [role=option]");
const chosen = (page: Page) => page.locator(".events [role=option][aria-selected=true]");
const search = (page: Page) => page.locator(".found-words").textContent();

async function opened<T>(hash: string, work: (page: Page) => Promise<T>): Promise<T> {
  const { page, trouble, context } = await watched();
  await openAt(page, file, hash);
  await rows(page).first().waitFor();
  const answer = await work(page);
  expect(trouble).toEqual([]);
  await context.close();
  return answer;
}

describe.skipIf(path === undefined)("the list of events", () => {
  it("draws what is in sight and no more, wherever it is scrolled to", () =>
    opened(t, async (page) => {
      const scroll = page.locator(".events .scroll");
      for (const share of [0, 0.25, 0.5, 0.9, 1]) {
        await scroll.evaluate((element, at) => (element.scrollTop = at * element.scrollHeight), share);
        await page.waitForTimeout(60);
        const count = await rows(page).count();
        expect(count).toBeGreaterThan(5);
        expect(count).toBeLessThan(80);
      }
      expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(3_000);
    }));

  it("counts the whole page, removes what a filter does not leave, and puts it all back at once", () =>
    opened(t, async (page) => {
      const count = page
        .locator(".filters, header")
        .getByText(/[\d,]+ of [\d,]+/)
        .first();
      const all = header.events.toLocaleString("en");
      await expect.poll(() => page.getByText(`${all} of ${all}`).count()).toBeGreaterThan(0);
      await page.getByRole("button", { name: /^Conflicts/ }).click();
      await expect.poll(() => count.textContent()).not.toContain(`${all} of`);
      const few = Number((await count.textContent())!.split(" of ")[0]!.replaceAll(",", ""));
      expect(few).toBeGreaterThan(0);
      await expect.poll(() => rows(page).count()).toBe(few);
      const marks = await rows(page).locator(".hidden").allTextContents();
      expect(marks.filter((mark) => !/lost|fenced|lapse|unresolved|taken|refused/.test(mark))).toEqual([]);
      await expect.poll(() => page.url()).toMatch(/conflicts/);
      await page.getByRole("button", { name: /^All/ }).first().click();
      await expect.poll(() => page.getByText(`${all} of ${all}`).count()).toBeGreaterThan(0);
    }));

  it("comes back with its filter from the address", async () => {
    const [hash, before] = await opened(t, async (page) => {
      await page.getByRole("button", { name: /^Handoffs/ }).click();
      await expect.poll(() => page.url()).toMatch(/handoffs/);
      return [new URL(page.url()).hash.slice(1), await rows(page).count()] as const;
    });
    await opened(hash, (page) => expect.poll(() => rows(page).count()).toBe(before));
  });

  it("walks by j and k, keeps one selection with the transcript, and says after T by its tone", () =>
    opened(t, async (page) => {
      await page.keyboard.press("j");
      await expect.poll(() => chosen(page).count()).toBe(1);
      const first = await chosen(page).getAttribute("id");
      await page.keyboard.press("j");
      await expect.poll(() => chosen(page).getAttribute("id")).not.toBe(first);
      await page.keyboard.press("k");
      await expect.poll(() => chosen(page).getAttribute("id")).toBe(first);
      await expect
        .poll(() => page.locator(".script [aria-current], .script .chosen, .script .sel").count())
        .toBeGreaterThan(0);
      await page.locator(".events .scroll").evaluate((element) => (element.scrollTop = element.scrollHeight));
      await page.waitForTimeout(80);
      expect(await page.locator(".events .ev.later").count()).toBeGreaterThan(0);
    }));

  it("folds calls that follow each other into a row, which opens; a failed one stays apart", () =>
    opened("t=2026-09-17T13:30:30Z", async (page) => {
      const fold = rows(page)
        .filter({ hasText: /\d+ calls: / })
        .first();
      await fold.waitFor();
      const before = await rows(page).count();
      const many = Number(/(\d+) calls/.exec((await fold.textContent())!)![1]);
      expect(many).toBeGreaterThan(1);
      const same = page.locator(`[id="${await fold.getAttribute("id")}"]`);
      await same.click();
      await expect.poll(() => same.getAttribute("aria-selected")).toBe("true");
      await same.click();
      await expect
        .poll(() => page.locator(".events .ev.inner").count())
        .toBeGreaterThanOrEqual(Math.min(many, 2));
      expect(before).toBeGreaterThan(0);
      for (const text of await page.locator(".events .ev.bad .x").allTextContents())
        expect(text).not.toMatch(/\d+ calls:/);
    }));
});

describe.skipIf(path === undefined)("the search", () => {
  it("finds in all text, says how much it has looked through, and goes from hit to hit", () =>
    opened(t, async (page) => {
      await page.keyboard.press("/");
      await page.keyboard.type("total");
      const said: string[] = [];
      await expect
        .poll(async () => {
          const words = (await search(page).catch(() => "")) ?? "";
          said.push(words);
          return words;
        })
        .toMatch(/^[\d,]+ matche?s? in [\d,]+ events?$/);
      expect(said.filter((words) => words === "no matches")).toEqual([]);
      await page.keyboard.press("Enter");
      await expect.poll(() => chosen(page).count()).toBe(1);
      const first = await chosen(page).getAttribute("id");
      await page.keyboard.press("Enter");
      await expect.poll(() => chosen(page).getAttribute("id")).not.toBe(first);
      await page.keyboard.press("Shift+Enter");
      await expect.poll(() => chosen(page).getAttribute("id")).toBe(first);
    }));

  it("says that there is nothing only when all of it was read, and refuses a pattern that takes for ever", () =>
    opened(t, async (page) => {
      await page.keyboard.press("/");
      await page.keyboard.type("no such words anywhere");
      await expect.poll(() => search(page)).toBe("no matches");
      await page.getByRole("button", { name: "Regular expression" }).click();
      await page.locator("input[type=search]").fill("(a|aa)+$");
      await expect.poll(() => search(page)).toMatch(/for ever/);
      await page.locator("input[type=search]").fill("to+tal|unit");
      await expect.poll(() => search(page)).toMatch(/^[\d,]+ match/);
    }));
});

describe.skipIf(path === undefined)("following T", () => {
  it("ends when the reader scrolls, and says so; f goes on", () =>
    opened(t, async (page) => {
      const says = page.locator(".events .bar");
      await expect.poll(() => says.textContent()).toContain("follows T");
      await page.locator(".events .scroll").hover();
      await page.mouse.wheel(0, 400);
      await expect.poll(() => says.textContent()).not.toContain("follows T");
      await page.keyboard.press("f");
      await expect.poll(() => says.textContent()).toContain("follows T");
    }));
});
