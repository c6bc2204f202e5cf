import { expect, it } from "vitest";
import { memoryStore } from "../src/store/memory.ts";
import { hostileBucket, printingCalls } from "./hostile-bucket.ts";
import { call, documented } from "./hostile-run.ts";
import { payloads, rawIn, sequences } from "./hostile-text.ts";
import { storyTime, testProject } from "./project.ts";

/** One hostile text after another, a thousand and more, each in each field sooner or later. */
function texts(start: number, stride: number, from: readonly string[]): () => string {
  let at = start;
  return () => from[(at += stride) % from.length]!;
}

const worlds = 36;

it.each(Array.from({ length: worlds }, (_, world) => [world]))(
  "world %i: no field of any record drives the terminal, in either layout, on stdout or stderr",
  async (world) => {
    const clock = { now: storyTime };
    const store = memoryStore(() => clock.now);
    const from = world % 2 === 0 ? payloads : sequences;
    await hostileBucket(store, texts(world * 31, 1 + 2 * (world % 5), from));
    clock.now += 60_000;
    const project = testProject({ store, clock });
    for (const one of printingCalls) {
      const outcome = await call(project, one);
      const about = JSON.stringify(one);
      expect(documented, `${about}: ${outcome.stderr}`).toContain(outcome.status);
      expect(rawIn(outcome.plain), `${about} ${outcome.plain}`).toEqual([]);
      expect(rawIn(outcome.terminal), `${about} ${outcome.terminal}`).toEqual([]);
      expect(rawIn(outcome.stderr), `${about} ${outcome.stderr}`).toEqual([]);
      // A hint is typed by whoever reads it: it holds what the caller typed, and no words of the bucket's.
      for (const hint of outcome.hints) expect(hint).toMatch(/^tracecraft [\w ."…-]+$|^docs\/[\w-]+\.md$/);
    }
  },
);
