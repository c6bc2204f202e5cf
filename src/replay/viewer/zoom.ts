import { axis, canvasWidth } from "./lane-view.ts";
import { now, range, selection, setRange, source } from "./model.ts";
import { story } from "./story.ts";

/** Zooms by a factor around a pixel of the lanes; without one around T where it is in view, else the middle. */
export function zoom(factor: number, px?: number, remember = false): void {
  const view = axis.value;
  const width = canvasWidth.value;
  const t = now.value;
  const middle = t >= view.from && t <= view.to ? view.x(t) : width / 2;
  const at = px ?? middle;
  // The same share of pixels is kept on both sides, so that what is under the pointer stays there on every axis.
  const left = view.at(at - at * factor);
  const right = view.at(at + (width - at) * factor);
  setRange(left, right, remember);
}

/** Moves the window by pixels. */
export function pan(pixels: number): void {
  const view = axis.value;
  const [from, to] = range.value;
  const by = view.mode === "real" ? (pixels / view.width) * (to - from) : view.at(pixels + 4) - view.at(4);
  setRange(from + by, to + by);
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
let moving = 0;

/** Moves the window there in 160 ms, at once where motion is not wanted. Backspace comes back. */
export function zoomTo(from: number, to: number): void {
  const [a, b] = range.value;
  setRange(from, to, true);
  const [c, d] = range.value;
  if (calm() || document.hidden) return;
  const mine = ++moving;
  let start = 0;
  const frame = (at: number) => {
    if (mine !== moving) return;
    if (start === 0) start = at;
    const done = Math.min(1, (at - start) / 160);
    const eased = 1 - (1 - done) ** 3;
    setRange(a + (c - a) * eased, b + (d - b) * eased);
    if (done < 1) requestAnimationFrame(frame);
  };
  setRange(a, b);
  requestAnimationFrame(frame);
}

/** The selected lease or message with room around it, else a tenth of the window around the selected event. */
export function zoomToSelection(): void {
  const chosen = selection.value;
  const header = source.value?.header;
  const at = chosen?.at ?? now.value;
  if (!header) return;
  const lease = story.value?.leases.find(
    (one) => one.lane === chosen?.lane && one.from <= at && at <= one.endAt,
  );
  if (lease) {
    const room = Math.max(5000, (lease.endAt - lease.from) * 0.15);
    zoomTo(lease.from - room, Math.min(header.to, lease.endAt) + room);
    return;
  }
  const [from, to] = range.value;
  const half = Math.max(500, (to - from) / 20);
  zoomTo(at - half, at + half);
}

/** All of it. */
export function zoomOut(): void {
  const header = source.value?.header;
  if (header) zoomTo(header.from, header.to);
}
