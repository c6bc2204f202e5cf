import type { Progress } from "../commands/command.ts";
import { cut } from "../commands/display-width.ts";
import type { World } from "../coord/project.ts";
import type { Printer } from "./print.ts";

const firstAfterMs = 1_000;
const everyMs = 10_000;
const rewriteMs = 100;
/** Waiting speaks at these times, and then every minute: nothing changes meanwhile that is worth a line. */
const waitingAtMs = [0, 10_000, 30_000, 60_000];
const waitingEveryMs = 60_000;
// The published words of everything that waits.
const waiting = /^Waiting\.\.\. /;

/**
 * How often work that goes on is told. On a terminal one line is rewritten, from one second on; elsewhere a line every
 * ten seconds, for waiting ever more rarely. What is urgent is never held back.
 */
export function progressTeller(
  printer: Printer,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
  { monotonic }: Pick<World, "monotonic">,
): (line: Progress) => void {
  const startedAt = monotonic();
  let dueAt = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  return ({ plain, terminal, urgent }) => {
    if (json || quiet) return;
    const elapsed = monotonic() - startedAt;
    const waits = waiting.test(plain);
    if (printer.view.layout === "terminal" && !(urgent && terminal === undefined)) {
      if (elapsed < (waits ? 0 : firstAfterMs) || elapsed - lastAt < rewriteMs) return;
      lastAt = elapsed;
      printer.rewrite(cut(terminal ?? plain, printer.view.width - 1));
      return;
    }
    if (!urgent && elapsed < (waits ? dueAt : Math.max(dueAt, firstAfterMs))) return;
    printer.talk(undefined, "", plain);
    dueAt = waits ? nextWaiting(elapsed) : elapsed + everyMs;
  };
}

function nextWaiting(elapsed: number): number {
  const listed = waitingAtMs.find((at) => at > elapsed);
  return listed ?? (Math.floor(elapsed / waitingEveryMs) + 1) * waitingEveryMs;
}
