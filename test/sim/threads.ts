import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { rolldown } from "rolldown";
import type { Result } from "./history.ts";
import type { Summary } from "./run.ts";
import type { Job } from "./worker.ts";

/** A change of the program that must be noticed: in this file, this text becomes that. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The simulator and the program's own code in one script for a thread, with these changes made in their sources. A
 * change whose text is not there exactly once is an error: a planted bug cannot vanish unseen. With another `entry`,
 * that script and what it imports.
 */
export async function bundle(changes: readonly Change[] = [], entry = "test/sim/worker.ts"): Promise<string> {
  const made = new Set<Change>();
  const build = await rolldown({
    input: root + entry,
    platform: "node",
    logLevel: "silent",
    plugins: [
      {
        name: "planted bugs",
        transform(source, id) {
          let text = source;
          for (const change of changes) {
            if (id !== root + change.file) continue;
            const parts = text.split(change.from);
            if (parts.length !== 2)
              throw new Error(`${change.file} has ${parts.length - 1} times: ${change.from}`);
            text = parts.join(change.to);
            made.add(change);
          }
          return text === source ? null : text;
        },
      },
    ],
  });
  const { output } = await build.generate({ format: "esm", codeSplitting: false });
  await build.close();
  const missed = changes.find((change) => !made.has(change));
  if (missed) throw new Error(`${missed.file} is no part of the simulation`);
  return output[0].code;
}

/** Runs the seeds from `from` on in so many threads, each every so-manieth of them. */
export async function simulate(
  code: string,
  {
    from,
    count,
    threads,
    until = Number.POSITIVE_INFINITY,
  }: { from: number; count: number; threads: number; until?: number },
): Promise<Summary> {
  const parts = await Promise.all(
    Array.from({ length: threads }, (_, at) => {
      const share = Math.ceil((count - at) / threads);
      return run<Summary>(code, { from: from + at, count: share, stride: threads, until });
    }),
  );
  const sum = (of: (part: Summary) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const themes: Record<string, number> = {};
  for (const part of parts)
    for (const [theme, histories] of Object.entries(part.themes))
      themes[theme] = (themes[theme] ?? 0) + histories;
  return {
    histories: sum(({ histories }) => histories),
    calls: sum(({ calls }) => calls),
    failed: sum(({ failed }) => failed),
    failures: parts.flatMap(({ failures }) => failures),
    themes,
    hash: parts.map(({ hash }) => hash).join(" "),
  };
}

export function replaySeed(code: string, seed: number): Promise<Result> {
  return run<Result>(code, { replay: seed });
}

function run<Answer>(code: string, job: Job): Promise<Answer> {
  return new Promise((answer, fail) => {
    const worker = new Worker(
      new URL(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`),
      {
        workerData: job,
      },
    );
    worker.once("message", answer);
    worker.once("error", fail);
    worker.once("exit", (status) => fail(new Error(`the thread ended with ${status}`)));
  });
}
