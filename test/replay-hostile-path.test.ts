import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { setMemory } from "../src/coord/memory.ts";
import { claimStep } from "../src/coord/claims.ts";
import { finishStep } from "../src/coord/finish.ts";
import { sendMessage } from "../src/coord/send.ts";
import { memoryStore } from "../src/store/memory.ts";
import { storyTime, testProject, type TestProject } from "./project.ts";
import { openAt, stage } from "./replay-browser.ts";
import { hostileStrings } from "./replay-hostile-source.ts";
import { mirrored, writtenPage } from "./replay-written.ts";

const { path, folder, watched } = stage("hostile transcripts in the replay page");

const full = Boolean(process.env["TRACECRAFT_FULL"]);
const session = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
const seconds = (n: number) => new Date(storyTime - 3_600_000 + n * 500).toISOString();
const first = hostileStrings[0]!;

/** Which string it is and where it was put: by this it is known again in the page. */
const sign = (field: string, n: number) => `⟪${field}.${n}⟫`;

/** One string in every field of what Claude Code writes in a turn: some well-formed, some not. */
function turn(text: string, n: number): object[] {
  const of = (field: string) => {
    fields.set(field, (fields.get(field) ?? 0) + 1);
    return `${text}${sign(field, n)}`;
  };
  const record = (part: string) => ({
    uuid: `${n}-${part}`,
    sessionId: session,
    timestamp: seconds(n),
    cwd: of("folder"),
    gitBranch: of("branch"),
  });
  const usage = { input_tokens: n, output_tokens: 1 };
  const message = () => ({ id: `m${n}`, role: "assistant", model: of("model"), usage });
  const says = (part: string, block: object) => ({
    ...record(part),
    type: "assistant",
    message: { ...message(), content: [block] },
  });
  const input = {
    command: of("command"),
    file_path: of("path"),
    old_string: of("before"),
    new_string: of("after"),
    [of("name")]: of("value"),
  };
  const result = {
    type: "tool_result",
    tool_use_id: `t${n}`,
    is_error: n % 2 === 0,
    content: `\u001b[31m${of("output")}\u001b[0m`,
  };
  return [
    { ...record("p"), type: "user", message: { role: "user", content: of("prompt") } },
    says("r", {
      type: "text",
      text: `${of("reply")}\n\n[${of("label")}](${of("link")}) ![x](${of("picture")})\n\n\`\`\`${of("language")}\nx\n\`\`\``,
    }),
    says("t", { type: "thinking", thinking: of("thought"), signature: of("signature") }),
    says("c", { type: "tool_use", id: `t${n}`, name: of("tool"), input }),
    {
      ...record("o"),
      type: "user",
      message: { role: "user", content: [result] },
      toolUseResult: { stdout: of("stdout"), structuredPatch: of("patch") },
    },
    { ...record("s"), type: "system", subtype: of("subtype"), content: of("system") },
    { ...record("u"), type: of("type").slice(0, 200), [of("member")]: of("payload") },
    { type: "summary", summary: of("summary"), leafUuid: of("leaf") },
  ];
}

/** How many strings were put into each field. */
const fields = new Map<string, number>();

/** The same strings in mail, memory and the handoffs of a step. */
async function records(project: TestProject, text: string, n: number): Promise<void> {
  const of = (field: string) => {
    fields.set(field, (fields.get(field) ?? 0) + 1);
    return `${text.slice(0, 200)}${sign(field, n)}`; // A subject has a limit.
  };
  project.clock.now += 1_000;
  await sendMessage(project, {
    to: n % 2 === 0 ? "api-2" : "_broadcast",
    message: of("message"),
    subject: of("subject"),
  });
  await setMemory(project, `k.${n}`, of("memory"));
  await claimStep(project, `s${n}`, {});
  const words = { note: of("note"), nextAction: of("next"), changedFiles: [of("file")] };
  await finishStep(project, `s${n}`, n % 2 === 0 ? "complete" : "blocked", words);
}

async function hostileProject(): Promise<TestProject> {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const project = testProject({ store, clock });
  const file = join(folder, "s.jsonl");
  const lines = hostileStrings.flatMap((text, n) => turn(text, n).map((one) => JSON.stringify(one)));
  writeFileSync(file, [...lines, "{", "[[[", "\u0000", '"text"', ""].join("\n"));
  await mirrored(project, { id: session, paths: [file], title: first, cwd: first });
  for (const [n, text] of hostileStrings.entries()) await records(project, text, n);
  await project.settled();
  return project;
}

/**
 * Walks a pane from its top to its end, or at so many places of it, opens what is folded, and gives back which strings
 * were seen as text, and what was in the page that no string may make.
 */
async function walk(page: Page, pane: string, places: number): Promise<{ seen: string[]; foreign: number }> {
  return page.evaluate(
    async ([selector, most, foreign]) => {
      const seen = new Set<string>();
      let bad = 0;
      const scroll = document.querySelector(selector);
      if (!scroll) throw new Error(`no ${selector}`);
      scroll.scrollTop = 0;
      const look = async () => {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        for (const [found] of (scroll.textContent ?? "").matchAll(/⟪\w+\.\d+⟫/g)) seen.add(found);
        bad += document.querySelectorAll(foreign).length;
      };
      for (let place = 0; place < 20_000; place++) {
        if (Number.isFinite(most)) scroll.scrollTop = (place / most) * scroll.scrollHeight;
        else scroll.scrollTop += scroll.clientHeight * 0.8;
        await look();
        for (let fold = 0; fold < 12; fold++) {
          const shut = scroll.querySelectorAll<HTMLElement>("button[aria-expanded=false], button.more")[fold];
          shut?.click();
        }
        await look();
        if (place >= most || scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - 2) break;
      }
      return { seen: [...seen], foreign: bad };
    },
    [pane, places, strange] as const,
  );
}

/** What of a transcript and of records a reader sees as it was written, at its full length or at its beginning. */
const shownFields =
  "prompt reply label link picture thought tool command before after subtype system type member payload summary folder branch model subject message memory".split(
    " ",
  );

/** What only a string could have made. */
const strange =
  "body script:not([type='text/plain']):not(#app ~ script), #app script, iframe, object, embed, base, link, form, meta[http-equiv=refresh], [onerror], [onload], math, mglyph, svg foreignObject, img:not([src^='data:image/']), a[href]:not([href^='http'])";

it.skipIf(path === undefined)(
  `${hostileStrings.length} hostile strings in every field of a transcript and in mail and memory, from the bucket to the browser, stay text`,
  { timeout: full ? 600_000 : 120_000 },
  async () => {
    const project = await hostileProject();
    expect([...fields.values()].filter((count) => count >= 1000).length).toBeGreaterThanOrEqual(30);
    const file = join(folder, "page.html");
    const built = await writtenPage(project, file);
    const { header } = built;
    await built.close();
    expect(header.events).toBeGreaterThan(hostileStrings.length * 6);

    const { page, trouble } = await watched();
    await openAt(page, file, "");
    const seen = new Set<string>();
    for (const pane of [".events .scroll", ".script .scroll"]) {
      await page.locator(pane).first().waitFor();
      const places = full && pane.includes("script") ? Infinity : 40;
      const { seen: found, foreign } = await walk(page, pane, places);
      expect([pane, foreign]).toEqual([pane, 0]);
      for (const one of found) seen.add(one);
    }
    for (const field of shownFields) {
      const count = [...seen].filter((one) => one.startsWith(`⟪${field}.`)).length;
      const least = full ? 1000 : 15;
      expect([field, count]).toEqual([field, Math.max(count, least)]);
    }
    await page.keyboard.press("/");
    await page.keyboard.type("<script>alert(1)</script>");
    await page.waitForFunction(() =>
      /events?$/.test(document.querySelector(".found-words")?.textContent ?? ""),
    );
    const words = await page.locator(".found-words").textContent();
    expect(Number(/in ([\d,]+) events?/.exec(words ?? "")?.[1]?.replaceAll(",", ""))).toBeGreaterThan(100);
    await page.keyboard.press("Enter");
    await page.waitForTimeout(200);
    expect(await page.locator(".script").textContent()).toContain("<script>alert(1)</script>");
    expect(await page.locator(strange).count()).toBe(0);
    expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(4_000);
    expect(trouble).toEqual([]);
  },
);
