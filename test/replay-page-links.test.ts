import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { setMemory } from "../src/coord/memory.ts";
import { decodeEvents } from "../src/replay/decode.ts";
import { blockEvents, type Header } from "../src/replay/page.ts";
import { laneKey } from "../src/replay/viewer/place.ts";
import { storyTime, testProject } from "./project.ts";
import { seeded } from "./replay-broken-source.ts";
import { openAt, stage } from "./replay-browser.ts";
import { mirrored, writtenPage } from "./replay-written.ts";

const { path, folder, watched } = stage("links to events of a replay page");

const links = process.env["TRACECRAFT_FULL"] ? 200 : 8;
const lines = 6000;

const idOf = (who: number) => `5c1d0f7${who}-2b7a-4c7e-9f0b-7a1f2d3c4b5a`;
/** What the nth line of a session says and no other line: longer than a preview, so that it is read from a body. */
const wordsOf = (who: number, n: number) => `begins ${who}x${n}x ${"word ".repeat(30)}ends ${who}x${n}x`;

function transcript(who: number): string {
  return Array.from({ length: lines }, (_, n) => {
    const role = n % 3 === 0 ? "user" : "assistant";
    const text = wordsOf(who, n);
    const kinds = [text, [{ type: "text", text }], [{ type: "thinking", thinking: text }]];
    const at = new Date(storyTime - 7_200_000 + n * 1000 + who * 300).toISOString();
    const message = { id: `m${n}`, role, content: kinds[n % 3] };
    return JSON.stringify({ type: role, uuid: `${who}-${n}`, sessionId: idOf(who), timestamp: at, message });
  }).join("\n");
}

/** A page of three sessions and some records over five blocks of the index, as `replay` writes it. */
async function pageWithSessions(): Promise<{
  file: string;
  header: Header;
  nameOf(seq: number): Promise<Named>;
}> {
  const project = testProject();
  for (const who of [0, 1, 2]) {
    const source = join(folder, `${who}.jsonl`);
    writeFileSync(source, `${transcript(who)}\n`);
    await mirrored(project, { id: idOf(who), paths: [source], title: "", cwd: "/work" });
    await setMemory(project, `key.${who}`, "value");
  }
  const file = join(folder, "page.html");
  const built = await writtenPage(project, file);
  const { header } = built;
  const blocks = await Promise.all(
    header.index.map(async (_, block) =>
      decodeEvents(inflateSync(await built.blocks.read(`ix.${block}`)), block * blockEvents),
    ),
  );
  await built.close();
  return {
    file,
    header,
    async nameOf(seq) {
      const events = blocks[Math.floor(seq / blockEvents)]!;
      const at = seq % blockEvents;
      const lane = events.lane[at]!;
      return { lane, nth: events.nth[at]!, at: events.at[at]! };
    },
  };
}

interface Named {
  readonly lane: number;
  readonly nth: number;
  readonly at: number;
}

it.skipIf(path === undefined)(
  `a link opens cold on its event, in the list, in the transcript and on the clock: ${links} of them, over all blocks`,
  { timeout: 60_000 + links * 3000 },
  async () => {
    const { file, header, nameOf } = await pageWithSessions();
    expect(header.index.length).toBeGreaterThan(4);
    const { page, trouble } = await watched({ offline: true });
    const below = seeded(20_261_125);
    const edges = [0, blockEvents - 1, blockEvents, 2 * blockEvents, header.events - 1];
    for (let n = 0; n < links; n++) {
      const seq = edges[n] ?? below(header.events);
      const { lane, nth, at } = await nameOf(seq);
      await openAt(page, file, `e=${encodeURIComponent(`${laneKey(header, lane)}:${nth}`)}`);
      const clock = new Date(at).toISOString().slice(11, 19);
      expect(await page.locator(".play .t").textContent()).toBe(clock);
      const row = page.locator(`.events #e${seq}[aria-selected="true"]`);
      await row.waitFor();
      await expect.poll(() => isInSight(row)).toBe(true);
      const who = [0, 1, 2].find((one) => idOf(one) === header.lanes[lane]?.session);
      if (who === undefined) continue; // A record has no text but its row.
      const turn = page.locator(".script .turn.chosen");
      // A thought is folded until it is opened: its first words stand there.
      const words = `${nth % 3 === 2 ? "begins" : "ends"} ${who}x${nth}x`;
      await expect.poll(() => turn.textContent()).toContain(words);
      await expect.poll(() => isInSight(turn)).toBe(true);
    }
    expect(trouble.filter((one) => !one.startsWith("request file:"))).toEqual([]);
  },
);

function isInSight(element: import("playwright-core").Locator): Promise<boolean> {
  return element.evaluate((one) => {
    const own = one.getBoundingClientRect();
    const pane = one.closest(".scroll")?.getBoundingClientRect();
    return pane !== undefined && own.height > 0 && own.top < pane.bottom && own.bottom > pane.top;
  });
}
