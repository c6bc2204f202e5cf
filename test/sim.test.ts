import { describe, expect, it } from "vitest";
import { bundle, replaySeed, simulate } from "./sim/threads.ts";
import type { Result } from "./sim/history.ts";

// TRACECRAFT_FULL=1 runs ten times as many; TRACECRAFT_SIM_SEED=n runs that one history and shows its trace.
const full = process.env["TRACECRAFT_FULL"] === "1";
const oneSeed = process.env["TRACECRAFT_SIM_SEED"];
const histories = full ? 200_000 : 20_000;
const repeated = full ? 1_000 : 100;
const threads = 2;
const limitMs = 60 * 60_000;

describe.skipIf(oneSeed !== undefined)("the coordination code in a simulated world", () => {
  it(
    `keeps every promise in ${histories} histories of faults, crashes, pauses and wrong clocks`,
    { timeout: limitMs },
    async () => {
      const code = await bundle();
      const startedAt = performance.now();
      const summary = await simulate(code, { from: 1, count: histories, threads, until: 5 });
      const seconds = (performance.now() - startedAt) / 1000;
      if (summary.failures.length > 0) throw new Error(await inWords(code, summary.failures));
      expect(summary.histories).toBe(histories);
      for (const theme of ["claims", "memory", "mail", "format1", "long log"])
        expect(summary.themes[theme], theme).toBeGreaterThan(histories / 50);
      console.log(
        `${histories} histories, ${summary.calls} commands, in ${seconds.toFixed(1)}s: ${Math.round(histories / seconds)} a second`,
      );
    },
  );

  it(`plays ${repeated} seeds the same way twice`, { timeout: limitMs }, async () => {
    const code = await bundle();
    const first = await simulate(code, { from: 1, count: repeated, threads: 1 });
    const second = await simulate(code, { from: 1, count: repeated, threads: 1 });
    expect(first.hash).not.toBe("");
    expect(second.hash).toBe(first.hash);
    const other = await simulate(code, { from: 2, count: repeated, threads: 1 });
    expect(other.hash).not.toBe(first.hash);
  });
});

describe.runIf(oneSeed !== undefined)(`history ${oneSeed}`, () => {
  it("keeps every promise", async () => {
    const result = await replaySeed(await bundle(), Number(oneSeed));
    console.log(result.lines.join("\n"));
    expect(result.violations).toEqual([]);
  });
});

/** What is wrong with each history, how to see it again, and the trace of the first. */
async function inWords(code: string, failures: readonly Result[]): Promise<string> {
  const each = failures.map(({ seed, violations }) => {
    return `TRACECRAFT_SIM_SEED=${seed} npx vitest run test/sim.test.ts\n  ${violations.join("\n  ")}`;
  });
  return [...each, ...(await replaySeed(code, failures[0]!.seed)).lines].join("\n");
}
