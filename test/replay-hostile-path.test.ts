import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { setMemory } from "../src/coord/memory.ts";
import { sendMessage } from "../src/coord/send.ts";
import { claudeCode } from "../src/harness/claude-code.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { buildPage } from "../src/replay/build.ts";
import { readViewer } from "../src/replay/viewer-files.ts";
import { writePage } from "../src/replay/write.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import { builtCli } from "./built-cli.ts";
import { testHost } from "./harness-home.ts";
import { storyTime, testProject, type TestProject } from "./project.ts";
import { chromiumPath, launch, openAt, watchedPage } from "./replay-browser.ts";
import { hostileStrings } from "./replay-hostile-source.ts";

const path = chromiumPath("hostile transcripts in the replay page");
const folder = mkdtempSync(join(tmpdir(), "replay-hostile-path-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const session = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
const seconds = (n: number) => new Date(storyTime - 3_600_000 + n * 500).toISOString();
const first = hostileStrings[0]!;

/** One string in every field of what Claude Code writes in a turn: some well-formed, some not. */
function turn(text: string, n: number): object[] {
  const record = (part: string) => ({
    uuid: `${n}-${part}`,
    sessionId: session,
    timestamp: seconds(n),
    cwd: text,
    gitBranch: text,
  });
  const message = {
    id: `m${n}`,
    role: "assistant",
    model: text,
    usage: { input_tokens: n, output_tokens: 1 },
  };
  const says = (part: string, block: object) => ({
    ...record(part),
    type: "assistant",
    message: { ...message, content: [block] },
  });
  return [
    { ...record("p"), type: "user", message: { role: "user", content: text } },
    says("r", {
      type: "text",
      text: `${text}\n\n[${text.slice(0, 40)}](${text.slice(0, 40)}) ![x](${text.slice(0, 60)})`,
    }),
    says("t", { type: "thinking", thinking: text }),
    says("c", {
      type: "tool_use",
      id: `t${n}`,
      name: text,
      input: { command: text, file_path: text, old_string: text, new_string: `${text}!`, [text]: text },
    }),
    {
      ...record("o"),
      type: "user",
      message: {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: `t${n}`,
            is_error: n % 2 === 0,
            content: `\u001b[31m${text}\u001b[0m`,
          },
        ],
      },
      toolUseResult: { stdout: text, structuredPatch: text },
    },
    { ...record("s"), type: "system", subtype: text, content: text },
    { ...record("u"), type: text.slice(0, 200), [text]: text },
    { type: "summary", summary: text, leafUuid: text },
  ];
}

async function hostileProject(): Promise<TestProject> {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const project = testProject({ store, clock });
  const file = join(folder, "s.jsonl");
  const lines = hostileStrings.flatMap((text, n) => turn(text, n).map((one) => JSON.stringify(one)));
  writeFileSync(file, [...lines, "{", "[[[", "\u0000", '"text"', ""].join("\n"));
  const redactor = createRedactor();
  await mirrorSession(
    project,
    { id: session, paths: [file], title: first, cwd: first },
    { harness: claudeCode, host: { ...testHost(), now: () => clock.now }, redactor: async () => redactor },
  );
  for (const [n, text] of hostileStrings.slice(0, 60).entries()) {
    clock.now += 1_000;
    await sendMessage(project, {
      to: n % 2 === 0 ? "api-2" : "_broadcast",
      message: text || "x",
      subject: text.slice(0, 200),
      thread: undefined,
      inReplyTo: undefined,
      urgent: false,
      ackRequired: false,
    });
    await setMemory(project, `k.${n}`, text);
  }
  return project;
}

it.skipIf(path === undefined)(
  `${hostileStrings.length} hostile strings in every field of a transcript and in mail and memory, from the bucket to the browser, stay text`,
  { timeout: 120_000 },
  async () => {
    const project = await hostileProject();
    const controller = new AbortController();
    const built = await buildPage(project, {
      agents: [],
      bodies: "full",
      redactor: createRedactor(),
      signal: controller.signal,
      progress: () => {},
    });
    const file = join(folder, "page.html");
    const viewer = readViewer(dirname(await builtCli()));
    expect(
      await writePage(file, viewer, built.blocks, { maxBytes: 1e9, signal: controller.signal }),
    ).toMatchObject({ written: true });
    const { header } = built;
    await built.close();
    expect(header.events).toBeGreaterThan(hostileStrings.length * 6);

    const browser = await launch(path ?? "");
    try {
      const { page, trouble } = await watchedPage(browser);
      await openAt(page, file, "");
      const foreign = () =>
        page.evaluate(
          () =>
            document.querySelectorAll(
              "body script:not([type='text/plain']):not(#app ~ script), #app script, iframe, object, embed, base, link, form, meta[http-equiv=refresh], [onerror], [onload], math, mglyph, svg foreignObject, img:not([src^='data:image/']), a[href]:not([href^='http'])",
            ).length,
        );
      for (const pane of [".events .scroll", ".script .scroll"]) {
        const scroll = page.locator(pane).first();
        await scroll.waitFor();
        for (let at = 0; at <= 40; at++) {
          await scroll.evaluate(
            (element, share) => (element.scrollTop = share * element.scrollHeight),
            at / 40,
          );
          await page.waitForTimeout(30);
          if (at % 4 === 0) expect([pane, at, await foreign()]).toEqual([pane, at, 0]);
          if (at % 8 === 0) {
            const folds = page.locator(`${pane} button[aria-expanded=false], ${pane} summary`);
            if ((await folds.count()) > 0)
              await folds
                .first()
                .click({ timeout: 500 })
                .catch(() => undefined);
          }
        }
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
      expect(await foreign()).toBe(0);
      expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(4_000);
      expect(trouble).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
