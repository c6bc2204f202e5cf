import type { Context } from "./command.ts";
import { size, span } from "./values.ts";

/** Work that takes no longer than this is not spoken of. */
const silentMs = 1_000;
const barWidth = 13;

/**
 * Tells how far a transfer is: `Uploading model.bin: 840.0 MiB of 4.0 GiB, 84.0 MiB/s, 38s left`. The rate is that
 * since the beginning of the attempt.
 */
export function transferProgress(
  { project, progress }: Context,
  verb: string,
  name: string,
): (done: number, total: number) => void {
  let startedAt = project.world.monotonic();
  return (done, total) => {
    const now = project.world.monotonic();
    if (done === 0) startedAt = now; // Begun again after a lost reply.
    const elapsedMs = now - startedAt;
    if (elapsedMs < silentMs || done === 0) return;
    const rate = (done * 1000) / elapsedMs;
    const left = `${span(Math.ceil((total - done) / rate))} left`;
    const amount = `${size(done)} of ${size(total)}`;
    const share = total === 0 ? 1 : done / total;
    const filled = Math.floor(share * barWidth);
    const bar = `[${"#".repeat(filled)}${".".repeat(barWidth - filled)}]`;
    progress({
      plain: `${verb} ${name}: ${amount}, ${size(rate)}/s, ${left}`,
      terminal: `${name}  ${bar}  ${Math.floor(share * 100)}%  ${amount}  ${size(rate)}/s  ${left}`,
    });
  };
}
