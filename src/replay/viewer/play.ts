import { effect } from "@preact/signals";
import type { Gap } from "./axis.ts";
import { now, playing, seek, source, speed } from "./model.ts";

/** Moves T while it plays, skipping what is idle, and stops at the end. T is where the clock says, whatever the frames. */
export function keepPlaying(gaps: () => readonly Gap[]): void {
  let last = 0;
  const frame = (at: number) => {
    const header = source.value?.header;
    if (!playing.value || !header) return;
    let t = now.value + Math.min(1000, at - last) * speed.value;
    last = at;
    const idle = gaps().find((gap) => t > gap.from && t < gap.to);
    if (idle) t = idle.to;
    seek(t);
    if (t >= header.to) playing.value = false;
    else requestAnimationFrame(frame);
  };
  effect(() => {
    if (!playing.value) return;
    const header = source.peek()?.header;
    if (header && now.peek() >= header.to) seek(header.from);
    requestAnimationFrame((at) => {
      last = at;
      frame(at);
    });
  });
}
