import { startHistory, type History, type Result } from "./history.ts";

/** Histories that run beside each other in one thread: they share nothing but the turns of the event loop. */
const abreast = 64;
/** Failures that a run keeps; more of them tell nothing new. */
const keptFailures = 20;

export interface Summary {
  readonly histories: number;
  readonly calls: number;
  readonly failed: number;
  readonly failures: readonly Result[];
  /** Histories by what they are about. */
  readonly themes: Readonly<Record<string, number>>;
  /** Folded over all traces, in the order of the seeds. */
  readonly hash: string;
}

/**
 * Runs the histories of `count` seeds. After every event all promises that it settled run to the end before the next
 * event of that history: a turn of the event loop lets them. `until` stops at that many failed histories.
 */
export async function runHistories(
  from: number,
  count: number,
  { stride = 1, until = Number.POSITIVE_INFINITY } = {},
): Promise<Summary> {
  const results = new Map<number, string>();
  const failures: Result[] = [];
  const themes: Record<string, number> = {};
  let calls = 0;
  let failed = 0;
  let started = 0;
  const running: History[] = [];
  for (;;) {
    const room = failed < until ? Math.min(abreast - running.length, count - started) : 0;
    for (let added = 0; added < room; added++) running.push(startHistory(from + started++ * stride));
    if (running.length === 0) break;
    for (let at = running.length - 1; at >= 0; at--) {
      const history = running[at]!;
      if (history.step()) continue;
      running.splice(at, 1);
      const result = history.result();
      results.set(result.seed, result.hash);
      calls += result.calls;
      themes[result.theme] = (themes[result.theme] ?? 0) + 1;
      if (result.violations.length === 0) continue;
      failed++;
      if (failures.length < keptFailures) failures.push(result);
    }
    await turn();
  }
  const hashes = [...results].toSorted(([a], [b]) => a - b).map(([, hash]) => hash);
  return { histories: results.size, calls, failed, failures, themes, hash: fold(hashes) };
}

/** One history with its trace. */
export async function replay(seed: number): Promise<Result> {
  const history = startHistory(seed, true);
  while (history.step()) await turn();
  return history.result();
}

function turn(): Promise<void> {
  return new Promise((done) => {
    setImmediate(done);
  });
}

function fold(hashes: readonly string[]): string {
  let folded = 0n;
  for (const hash of hashes) folded = BigInt.asUintN(64, folded * 0x100000001b3n + BigInt(`0x${hash}`));
  return folded.toString(16).padStart(16, "0");
}
