import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { heldSteps, stateAt } from "../src/replay/state.ts";
import { laneKey } from "../src/replay/viewer/place.ts";
import { openAt, stage } from "./replay-browser.ts";
import { storySource } from "./replay-story.ts";
import { storyPage } from "./replay-story-page.mjs";

const { path, file, watched } = stage("the replay page in a browser", storyPage);

const t = "t=2026-09-17T14:15:20Z";
const clockOf = (page: Page) => page.locator(".play .t").textContent();
const source = storySource();

declare global {
  var tracecraftPlace: string;
}

/** What the address will say, without the quarter of a second that it waits for more. */
async function place(page: Page): Promise<URLSearchParams> {
  return new URLSearchParams(await page.evaluate(() => globalThis.tracecraftPlace));
}

function isInSight(element: Element): boolean {
  const own = element.getBoundingClientRect();
  const pane = element.closest(".pane")?.getBoundingClientRect();
  return pane !== undefined && own.top >= pane.top && own.bottom <= pane.bottom;
}

async function eventOf(page: Page): Promise<string> {
  return (await place(page)).get("e") ?? "";
}

/** The address's name of an event, from the story itself. */
async function named(seq: number): Promise<string> {
  const events = await source.events(0);
  return `${laneKey(source.header, events.lane[seq] ?? 0)}:${events.nth[seq]}`;
}

describe.skipIf(path === undefined)("the replay page", () => {
  it("shows the story without a request, a dialog, a refused piece of code or an error", async () => {
    const { page, trouble, context } = await watched({ offline: true });
    await openAt(page, file, t);
    for (const key of [
      "c",
      "m",
      "e",
      "h",
      "x",
      "w",
      "w",
      "s",
      "a",
      "d",
      "z",
      "Backspace",
      "0",
      "1",
      "2",
      "3",
      "j",
      "k",
    ]) {
      await page.keyboard.press(key);
    }
    await page.locator(".lanes canvas").hover({ position: { x: 300, y: 40 } });
    await page.mouse.wheel(0, -200);
    await page.waitForTimeout(100);
    expect(trouble).toEqual([]);
    expect(readFileSync(file, "utf8")).toContain("require-trusted-types-for 'script'");
    await context.close();
  });

  it("State at T says what state.ts says, at twenty times", async () => {
    const { page, context } = await watched();
    await openAt(page, file, t);
    const { from, to, lanes } = source.header;
    for (let step = 0; step < 20; step++) {
      const at = Math.round(from + ((to - from) * (step + 0.37)) / 20);
      await page.evaluate((hash) => (location.hash = hash), `#t=${at}`);
      await page.waitForFunction(
        (text) => document.querySelector(".state h2")?.textContent?.includes(text),
        new Date(at).toISOString().slice(11, 19),
      );
      const state = stateAt(source.moments, at);
      const shown = await page.locator(".state [data-step]").evaluateAll((rows) =>
        rows.map((row) => {
          const { step: name, state: how } = (row as HTMLElement).dataset;
          const who = row.querySelectorAll("span")[1]?.textContent?.split(",")[0];
          return [name, how, how === "free" ? "nobody" : who];
        }),
      );
      const expected = shown.map(([name]) => {
        const known = state.steps.get(name ?? "");
        return [name, known?.state ?? "free", known ? lanes[known.lane]?.name : "nobody"];
      });
      expect(shown).toEqual(expected);
      expect(heldSteps(state).length).toBe(
        shown.filter(([, how]) => how === "held" || how === "lapsed").length,
      );
      const letters = await page
        .locator(".state [data-letter]")
        .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset["letter"]));
      const unread = [...state.direct.values()].flatMap((own) => [...own.keys()]);
      expect(letters.toSorted()).toEqual(unread.toSorted());
      const memory = await page
        .locator(".state [data-key]")
        .evaluateAll((rows) =>
          rows.map((row) => [(row as HTMLElement).dataset["key"], row.querySelector(".v")?.textContent]),
        );
      expect(new Map(memory as [string, string][])).toEqual(
        new Map([...state.memory.values()].map(({ key, text }) => [key, text])),
      );
    }
    await context.close();
  });

  it("opens cold on the event that a link names, and keeps its name in the address", async () => {
    const { page, trouble, context } = await watched();
    const events = await source.events(0);
    for (let step = 0; step < 4; step++) {
      const seq = Math.floor((source.header.events * (step + 0.5)) / 4);
      const name = await named(seq);
      await openAt(page, file, `e=${encodeURIComponent(name)}`);
      expect(await eventOf(page)).toBe(name);
      await expect.poll(() => new URLSearchParams(new URL(page.url()).hash.slice(1)).get("e")).toBe(name);
      const clock = new Date(events.at[seq] ?? 0).toISOString().slice(11, 19);
      expect(await clockOf(page)).toBe(clock);
      const row = page.locator('.events [aria-selected="true"]');
      await expect.poll(() => row.count()).toBe(1);
      expect(await row.evaluate(isInSight)).toBe(true);
    }
    expect(trouble.filter((one) => !one.startsWith("request"))).toEqual([]);
    await context.close();
  });

  it("says so where a link names an event that the page does not have", async () => {
    const { page, context } = await watched();
    await openAt(page, file, "e=nobody:7");
    expect(await page.locator(".said").textContent()).toContain("not on this page");
    await context.close();
  });
});

describe.skipIf(path === undefined)("the pointer", () => {
  it("moves T in the lanes, the window in the overview, selects what it clicks and names what it is over", async () => {
    const { page, context } = await watched();
    await openAt(page, file, `${t}&axis=real`);
    const lanes = page.locator(".lanes canvas");
    const box = await lanes.boundingBox();
    const over = await page.locator(".over canvas").boundingBox();
    if (!box || !over) throw new Error("no canvas");
    const { from, to } = source.header;
    const x = (at: number) => 4 + ((at - from) / (to - from)) * (box.width - 8);

    // The fenced complete of backend, in the lease row of the second agent.
    const fenced = source.moments.find(({ kind }) => kind === "fenced");
    const rows = await page
      .locator(".lane-row")
      .evaluateAll((all) => all.map((row) => row.getBoundingClientRect().top));
    const y = (rows[3] ?? 0) + 42;
    await page.mouse.move(box.x + x(fenced?.at ?? 0), y);
    expect(await page.locator(".tip").textContent()).toContain(
      "complete of api refused: held term 1, now term 2",
    );
    await page.mouse.down();
    await page.mouse.up();
    expect(await eventOf(page)).toBe(await named(fenced?.seq ?? -1));

    const sixty = from + 20 * 60_000;
    await page.mouse.move(box.x + x(sixty), box.y + 4);
    await page.mouse.down();
    await page.mouse.move(box.x + x(sixty + 60_000), box.y + 4, { steps: 4 });
    await page.mouse.up();
    expect(Math.abs(Date.parse((await place(page)).get("t") ?? "") - sixty - 60_000)).toBeLessThan(6000);

    await page.mouse.move(over.x + over.width * 0.25, over.y + 20);
    await page.mouse.down();
    await page.mouse.move(over.x + over.width * 0.5, over.y + 20, { steps: 4 });
    await page.mouse.up();
    const [start = 0, end = 0] = ((await place(page)).get("w") ?? "").split("~").map(Number);
    expect(Math.abs(start - from - (to - from) * 0.25)).toBeLessThan(30_000);
    expect(Math.abs(end - from - (to - from) * 0.5)).toBeLessThan(30_000);

    await page.mouse.move(box.x + box.width / 2, box.y + 100);
    await page.mouse.wheel(0, -300);
    const [nearer = 0, nearest = 0] = ((await place(page)).get("w") ?? "").split("~").map(Number);
    expect(nearest - nearer).toBeLessThan(end - start);
    expect(Math.abs((nearer + nearest) / 2 - (start + end) / 2)).toBeLessThan((end - start) * 0.1);
    await context.close();
  });

  it("folds, hides, pins and shows only one agent from the names", async () => {
    const { page, context } = await watched();
    await openAt(page, file, t);
    const names = () => page.locator(".lane-row:not(.sub) .n").allTextContents();
    await page.getByRole("button", { name: "Sessions and sub-agents of designer" }).click();
    expect(await page.locator(".lane-row").count()).toBe(5);
    await page.locator('.lane[data-lane="4"]').hover();
    await page.getByRole("button", { name: "Pin ops" }).click();
    expect((await names())[0]).toBe("ops");
    await page.locator('.lane[data-lane="1"]').hover();
    await page.getByRole("button", { name: "Hide backend" }).click();
    expect(await names()).not.toContain("backend");
    await page.getByRole("button", { name: "show 1 hidden" }).click();
    expect(await names()).toContain("backend");
    await page.locator('.lane[data-lane="2"]').hover();
    await page.getByRole("button", { name: "Only frontend" }).click();
    expect(await names()).toEqual(["frontend"]);
    expect((await place(page)).getAll("agent")).toEqual(["frontend"]);
    await context.close();
  });
});

describe.skipIf(path === undefined)("the keyboard alone", () => {
  let page: Page;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const mine = await watched({ permissions: ["clipboard-read", "clipboard-write"] });
    page = mine.page;
    close = () => mine.context.close();
  });
  afterAll(() => close?.());

  it("steps by events, and to the next claim, message, error, handoff and conflict, and back", async () => {
    await openAt(page, file, t);
    const wanted = { c: "claim", m: "send", h: "handoff" };
    const at = Date.parse("2026-09-17T14:15:20Z");
    for (const [key, kind] of Object.entries(wanted)) {
      await openAt(page, file, t);
      const next = source.moments.find((moment) => moment.kind === kind && moment.at > at);
      const before = source.moments.findLast((moment) => moment.kind === kind && moment.at < at);
      await page.keyboard.press(key);
      expect(await eventOf(page)).toBe(await named(next?.seq ?? -1));
      await page.keyboard.press(`Shift+${key.toUpperCase()}`);
      expect(await eventOf(page)).toBe(await named(before?.seq ?? -1));
    }
    await openAt(page, file, t);
    const fenced = source.moments.find((moment) => moment.kind === "fenced");
    await page.keyboard.press("x");
    expect(await eventOf(page)).toBe(await named(fenced?.seq ?? -1));
    await openAt(page, file, t);
    const events = await source.events(0);
    const error = events.flags.findIndex((flags, index) => (flags & 1) !== 0 && (events.at[index] ?? 0) > at);
    await page.keyboard.press("e");
    expect(await eventOf(page)).toBe(await named(error));
    await page.keyboard.press("ArrowRight");
    expect(await eventOf(page)).toBe(await named(error + 1));
    await page.keyboard.press("ArrowLeft");
    expect(await eventOf(page)).toBe(await named(error));
  });

  it("plays, pauses, moves a second, goes to a time, to the first and the last", async () => {
    await openAt(page, file, t);
    await page.keyboard.press("Shift+ArrowRight");
    expect(await clockOf(page)).toBe("14:15:21");
    await page.keyboard.press("Space");
    await page.waitForFunction(() => (document.querySelector(".play .t")?.textContent ?? "") > "14:15:23");
    await page.keyboard.press("Space");
    const paused = await clockOf(page);
    await page.waitForTimeout(120);
    expect(await clockOf(page)).toBe(paused);
    await page.keyboard.press("g");
    await page.keyboard.type("14:00:30");
    await page.keyboard.press("Enter");
    expect(await clockOf(page)).toBe("14:00:30");
    await page.keyboard.press("End");
    expect(await clockOf(page)).toBe("15:00:00");
    await page.keyboard.press("Home");
    expect(await clockOf(page)).toBe("13:30:00");
  });

  it("zooms, pans, comes back and changes the axis", async () => {
    await openAt(page, file, t);
    expect((await place(page)).get("w")).toBeNull();
    await page.keyboard.press("w");
    const [from = 0, to = 0] = ((await place(page)).get("w") ?? "").split("~").map(Number);
    expect(to - from).toBeLessThan((source.header.to - source.header.from) * 0.9);
    await page.keyboard.press("d");
    const [later = 0] = ((await place(page)).get("w") ?? "").split("~").map(Number);
    expect(later).toBeGreaterThan(from);
    await page.keyboard.press("c");
    await page.keyboard.press("z");
    const near = ((await place(page)).get("w") ?? "").split("~").map(Number);
    const claim = source.moments.find(
      ({ kind, at }) => kind === "claim" && at > Date.parse("2026-09-17T14:15:20Z"),
    );
    expect(near[0]).toBeLessThan(claim?.at ?? 0);
    expect(near[1]).toBeGreaterThan(claim?.at ?? 0);
    await page.keyboard.press("Backspace");
    expect((await place(page)).get("w")).not.toBe(near.join("~"));
    await page.keyboard.press("0");
    expect((await place(page)).get("w")).toBeNull();
    for (const [key, mode] of [
      ["3", "sequence"],
      ["1", "real"],
    ] as const) {
      await page.keyboard.press(key);
      expect((await place(page)).get("axis")).toBe(mode);
    }
  });

  it("walks the agents and shows only one", async () => {
    await openAt(page, file, t);
    const current = () => page.locator('.lane-row:not(.sub) .lane[aria-current="true"] .n').textContent();
    expect(await current()).toBe("designer");
    await page.keyboard.press("]");
    expect(await current()).toBe("backend");
    await page.keyboard.press("o");
    expect(await page.locator(".lane-row").count()).toBe(1);
    await page.keyboard.press("o");
    expect(await page.locator(".lane-row").count()).toBe(7);
    await page.keyboard.press("[");
    expect(await current()).toBe("designer");
  });

  it("hides an agent from its name, and puts it back", async () => {
    await openAt(page, file, t);
    const lane = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset["lane"]);
    for (let tabs = 0; tabs < 80 && (await lane()) !== "1"; tabs++) await page.keyboard.press("Tab");
    expect(await lane()).toBe("1");
    const on = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    await page.keyboard.press("Tab");
    expect(await on()).toBe("Only backend");
    await page.keyboard.press("Tab");
    expect(await on()).toBe("Hide backend");
    await page.keyboard.press("Enter");
    expect(await page.locator('.lane[data-lane="1"]').count()).toBe(0);
    await page.getByRole("button", { name: "show 1 hidden" }).focus();
    await page.keyboard.press("Enter");
    expect(await page.locator('.lane[data-lane="1"]').count()).toBe(1);
  });

  it("searches, leaves the search, lists the keys and closes the list", async () => {
    await openAt(page, file, t);
    await page.keyboard.press("/");
    await page.keyboard.type("unit");
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).value)).toBe("unit");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    expect(await page.locator("dialog.keys[open] h2").first().textContent()).toBe("Keys");
    const before = await clockOf(page);
    await page.keyboard.press("End");
    expect(await clockOf(page)).toBe(before);
    await page.keyboard.press("Escape");
    expect(await page.locator("dialog[open]").count()).toBe(0);
  });

  it("copies the link and the command", async () => {
    await openAt(page, file, t);
    await page.keyboard.press("c");
    const event = await eventOf(page);
    await page.keyboard.press("y");
    await expect.poll(() => page.locator(".said").textContent()).toContain("Link");
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(new URLSearchParams(new URL(link).hash.slice(1)).get("e")).toBe(event);
    await page.keyboard.press("Y");
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toMatch(/^tracecraft replay --since /);
  });

  it("reaches every event of a lane in the list that stands for the drawing", async () => {
    await openAt(page, file, t);
    await page.locator(".twin").focus();
    const label = await page.locator(".twin").getAttribute("aria-label");
    expect(label).toContain("Events of designer");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const active = await page.locator(".twin").getAttribute("aria-activedescendant");
    const words = await page.locator(`#${active}`).textContent();
    await page.keyboard.press("Enter");
    expect(await clockOf(page)).toBe(words?.slice(0, 8));
    expect(await page.locator(`.twin [aria-selected="true"]`).textContent()).toBe(words);
  });
});
