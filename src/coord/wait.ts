import { TracecraftError } from "../errors.ts";
import { renewDue } from "./leases.ts";
import type { Project } from "./project.ts";
import { repairProjection } from "./projections.ts";
import { readStep, viewOf, type StepView } from "./steps.ts";

const firstPauseMs = 1_000;
const longestPauseMs = 10_000;

export type WaitResult =
  | { readonly kind: "complete"; readonly waitedS: number }
  | { readonly kind: "blocked"; readonly view: StepView; readonly waitedS: number }
  | { readonly kind: "timeout"; readonly missing: readonly StepView[]; readonly waitedS: number }
  | { readonly kind: "stopped" };

/**
 * Waits until every step is complete. It looks about once a second while there is news, backs off to ten seconds, and
 * looks a last time at the deadline; a time-out of 0 looks once. A blocked step ends it: nothing will come by itself.
 */
export async function waitForSteps(
  project: Project,
  steps: readonly string[],
  timeoutS: number,
  { signal, looked }: { signal: AbortSignal; looked(missing: readonly StepView[], remainingS: number): void },
): Promise<WaitResult> {
  const { world } = project;
  const startedAt = world.monotonic();
  const giveUpAt = startedAt + timeoutS * 1000;
  const waitedS = () => Math.round((world.monotonic() - startedAt) / 100) / 10;
  let missing = [...new Set(steps)];
  let seen = "";
  let pauseMs = firstPauseMs;

  for (;;) {
    const last = world.monotonic() >= giveUpAt;
    const views = await look(project, missing, last);
    if (views === undefined) {
      if (signal.aborted) return { kind: "stopped" };
      await world.sleep(Math.min(longestPauseMs, Math.max(0, giveUpAt - world.monotonic())));
      continue;
    }
    const blocked = views.find(({ state }) => state === "blocked");
    if (blocked) return { kind: "blocked", view: blocked, waitedS: waitedS() };
    const waiting = views.filter(({ state }) => state !== "complete");
    if (waiting.length === 0) return { kind: "complete", waitedS: waitedS() };
    const remainingMs = giveUpAt - world.monotonic();
    looked(waiting, Math.max(0, Math.round(remainingMs / 1000)));
    if (last) return { kind: "timeout", missing: waiting, waitedS: waitedS() };
    if (signal.aborted) return { kind: "stopped" };

    missing = waiting.map(({ step }) => step);
    const news = waiting
      .map(({ step, state, term, agent, lapsed }) => [step, state, term, agent, lapsed].join())
      .join(";");
    pauseMs = news === seen ? Math.min(longestPauseMs, pauseMs * 1.5) : firstPauseMs;
    seen = news;
    renewDue(project);
    await world.sleep(Math.max(0, Math.min(remainingMs, pauseMs * (0.75 + world.chance() / 2))));
  }
}

/** Undefined when the store could not be reached: a wait outlives that, unless this was its last look. */
async function look(
  project: Project,
  steps: readonly string[],
  last: boolean,
): Promise<StepView[] | undefined> {
  try {
    return await Promise.all(
      steps.map(async (step) => {
        const reading = await readStep(project, step);
        repairProjection(project, reading);
        return viewOf(project, reading);
      }),
    );
  } catch (error) {
    if (last || !(error instanceof TracecraftError) || error.code !== "unreachable") throw error;
    return undefined;
  }
}
