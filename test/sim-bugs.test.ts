import { describe, expect, it } from "vitest";
import { bugs } from "./sim/bugs.ts";
import { bundle, simulate } from "./sim/threads.ts";

/** Histories in which a planted bug must have shown itself, and how many are run at first: then twice as many. */
const most = 10_000;
const atFirst = 100;

/** Where the rarest show themselves today. Looked at first, it saves thousands of histories, and proves the same. */
const rare = [342, 1_379, 1_645, 3_137];

describe("a simulation with a bug planted in it", () => {
  it.concurrent.each(bugs)("notices $name", { timeout: 300_000 }, async ({ name, changes, seenAs }) => {
    const code = await bundle(changes);
    const windows = [{ from: 1, count: atFirst }, ...rare.map((seed) => ({ from: seed - 1, count: 3 }))];
    for (
      let from = 1 + atFirst, count = atFirst * 2;
      from < most;
      from += count, count = Math.min(count * 2, 800)
    )
      windows.push({ from, count });
    for (const { from, count } of windows) {
      const { failures } = await simulate(code, { from, count, threads: 1, until: 20 });
      const seen = failures.findIndex(({ violations }) => violations.some((words) => seenAs.test(words)));
      if (seen < 0) continue;
      const { seed, violations } = failures[seen]!;
      console.log(`${name}: by history ${seed}: ${violations.find((words) => seenAs.test(words))}`);
      return;
    }
    expect.unreachable(`${most} histories did not show it`);
  });

  it("refuses to plant what is not in the source", async () => {
    const change = { file: "src/coord/claims.ts", from: "no such text", to: "" };
    await expect(bundle([change])).rejects.toThrow(/src\/coord\/claims\.ts has 0 times: no such text/);
    await expect(bundle([{ ...change, file: "src/cli/none.ts" }])).rejects.toThrow(
      /no part of the simulation/,
    );
  });
});
