import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimStep } from "../src/coord/claims.ts";
import { finishStep } from "../src/coord/finish.ts";
import { sendMessage } from "../src/coord/send.ts";
import { openSource } from "../src/replay/decode.ts";
import { heldSteps, stateAt } from "../src/replay/state.ts";
import type { BuiltPage } from "../src/replay/build.ts";
import type { Source } from "../src/replay/page.ts";
import { memoryStore } from "../src/store/memory.ts";
import { storyTime, testProject } from "./project.ts";
import { openAt, stage } from "./replay-browser.ts";
import { writtenPage } from "./replay-written.ts";

const { path, file, watched } = stage("what the replay page tells");
let built: BuiltPage;
let source: Source;

/** `api` holds a step that `web` completes by force; `web` sends urgent mail, and mail to a name that is nobody's. */
beforeAll(async () => {
  const clock = { now: storyTime - 600_000 };
  const store = memoryStore(() => clock.now);
  const [api, web] = ["api", "web"].map((agent) => testProject({ store, clock, agent }));
  const step = async (act: () => Promise<unknown>) => {
    await act();
    await Promise.all([api!.settled(), web!.settled()]);
    clock.now += 20_000;
  };
  await step(() => claimStep(api!, "schema", { ttlS: 3_600 }));
  await step(() => claimStep(api!, "docs", { ttlS: 3_600 }));
  await step(() => sendMessage(web!, { to: "api", message: "stop at once", urgent: true }));
  await step(() => sendMessage(web!, { to: "apii", message: "are you there?" }));
  await step(() => finishStep(web!, "schema", "complete", { note: "mine now" }, { force: true }));
  await step(() => finishStep(api!, "schema", "complete", {}));
  await step(() => finishStep(api!, "docs", "complete", {}));
  clock.now = storyTime;
  built = await writtenPage(web!, file);
  const blocks = new Map<string, Uint8Array>();
  for (const name of built.blocks.names) blocks.set(name, await built.blocks.read(name));
  source = await openSource(async (name) => blocks.get(name)!);
}, 60_000);
afterAll(() => built.close());

const laneOf = (name: string) => source.header.lanes.findIndex((lane) => lane.name === name);

it("an end by force tells whose term it put out, and no other end does", () => {
  const ends = source.moments.filter(({ kind }) => kind === "complete");
  expect(ends.map(({ step, lane, forcedFrom, holder }) => [step, lane, forcedFrom, holder])).toEqual([
    ["schema", laneOf("web"), 1, laneOf("api")],
    ["docs", laneOf("api"), undefined, undefined],
  ]);
  const { steps } = stateAt(source.moments, Number.POSITIVE_INFINITY);
  expect([...steps.values()].map(({ step, forced }) => [step, forced])).toEqual([
    ["schema", true],
    ["docs", undefined],
  ]);
});

it("who was written to and never acted has no lane, and its mail is nobody's and not everybody's", () => {
  expect(source.header.lanes.map(({ name }) => name).toSorted()).toEqual(["api", "web"]);
  expect(source.header.strangers).toEqual(["apii"]);
  expect(source.moments.filter(({ kind }) => kind === "send").map(({ to }) => to)).toEqual([
    laneOf("api"),
    -2,
  ]);
  const state = stateAt(source.moments, Number.POSITIVE_INFINITY);
  expect([...state.direct].map(([to, letters]) => [to, letters.size])).toEqual([
    [laneOf("api"), 1],
    [-2, 1],
  ]);
  expect(state.broadcasts.size).toBe(0);
  expect(heldSteps(state)).toEqual([]);
});

async function opened(hash: string, work: (page: Page) => Promise<void>) {
  const { page, trouble, context } = await watched();
  await openAt(page, file, hash);
  await work(page);
  expect(trouble).toEqual([]);
  await context.close();
}

describe.skipIf(path === undefined)("the page", () => {
  it("says of a complete by force that it was one, in the list and in the state", () =>
    opened("tab=events", async (page) => {
      await expect
        .poll(() => page.locator(".events [role=option]").allTextContents())
        .toEqual(
          expect.arrayContaining([
            expect.stringContaining("completed schema by force, from api"),
            expect.stringMatching(/completed docs(?! by force)/),
          ]),
        );
      expect(await page.locator('.state [data-step="schema"]').textContent()).toContain("by force, complete");
      expect(await page.locator('.state [data-step="docs"]').textContent()).not.toContain("by force");
    }));

  it("has an end by force among the conflicts", () =>
    opened("view=conflicts", async (page) => {
      const rows = () => page.locator(".events [role=option]").allTextContents();
      await expect.poll(async () => (await rows()).length).toBe(2);
      expect((await rows()).join("\n")).toMatch(/by force.*\n.*refused/);
    }));

  it("marks urgent mail with a shape and a word of its own", () =>
    opened("tab=events", async (page) => {
      const urgent = page.locator(".events [role=option]", { hasText: "stop at once" });
      expect(await urgent.textContent()).toContain("urgent to api");
      expect(await urgent.locator('svg[data-mark="urgent"]').count()).toBe(1);
      const other = page.locator(".events [role=option]", { hasText: "are you there?" });
      expect(await other.locator('svg[data-mark="urgent"]').count()).toBe(0);
      expect(await page.locator(".legend").textContent()).toContain("urgent message");
    }));

  it("counts two agents where a third name was only written to, and says that its mail waits", () =>
    opened("", async (page) => {
      expect(await page.locator(".head").textContent()).toMatch(/2\s*agents/);
      expect(await page.locator(".gut [data-lane]").count()).toBe(2);
      expect(
        await page.locator(".events [role=option]", { hasText: "are you there?" }).textContent(),
      ).toContain("to apii (never seen)");
      const mail = await page.locator(".state .msgrow").allTextContents();
      expect(mail.filter((text) => text.includes("waiting for “apii”, never seen, from web"))).toHaveLength(
        1,
      );
    }));

  it("has a heading over each of the two figures of a step that is held", () =>
    opened(`t=${new Date(storyTime - 550_000).toISOString()}`, async (page) => {
      const heads = page.locator(".steps .heads > span");
      expect(await heads.allTextContents()).toEqual(["lease left", "held for"]);
      const right = async (what: string) => {
        const box = await page.locator(what).first().boundingBox();
        return Math.round((box?.x ?? 0) + (box?.width ?? 0));
      };
      expect(Math.abs((await right(".heads > :last-child")) - (await right(".held")))).toBeLessThanOrEqual(2);
    }));
});
