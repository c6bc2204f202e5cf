import {
  axis,
  blocks,
  hovered,
  lanesHeight,
  scrolled,
  spots,
  visibleRows,
  wholeHeight,
} from "./lane-view.ts";
import { agentOf, playing, seek, select, source, work } from "./model.ts";
import { isError } from "./density.ts";
import { tipOf } from "./describe.ts";
import { intervals, type Intervals } from "./intervals.ts";
import type { Spot, Thing } from "./scene.ts";
import { tip } from "./tip.tsx";
import { pan, zoom, zoomTo } from "./zoom.ts";

let found: Intervals<Spot> | undefined;
let foundVersion = -1;

/** What is at a place of the canvas: what was drawn last is on top, a mark before a bar. */
function thingAt(x: number, y: number): Thing | undefined {
  if (!found || foundVersion !== spots.version) {
    found = intervals(
      spots.value,
      (spot) => spot.x0,
      (spot) => spot.x1,
    );
    foundVersion = spots.version;
  }
  let best: Spot | undefined;
  for (const spot of found.touching(x, x, 64)) {
    work.hits++;
    if (y < spot.y0 || y > spot.y1) continue;
    if (!best || spot.x1 - spot.x0 < best.x1 - best.x0) best = spot;
  }
  return best?.thing;
}

/** Selects what a thing stands for: of errors seen from far the first. */
export async function choose(thing: Thing): Promise<void> {
  if (thing.sort === "moment") return select(thing.moment.seq);
  if (thing.sort === "lease") return select(thing.lease.seq);
  if (thing.sort === "letter") return select(thing.letter.seq);
  const from = blocks.value;
  const lanes = new Set(visibleRows.value.find((row) => row.lane === thing.lane)?.lanes ?? [thing.lane]);
  if (!from) return undefined;
  const { first, last } = from.touching(thing.from, thing.to);
  from.want(first, Math.min(last, first + 4));
  for (let block = first; block <= Math.min(last, first + 4); block++) {
    const events = await source.value?.events(block);
    if (!events) continue;
    for (let index = 0; index < events.at.length; index++) {
      const at = events.at[index] ?? 0;
      if (at < thing.from - 1 || at > thing.to + 1 || !lanes.has(events.lane[index] ?? -1)) continue;
      if (isError(events, index)) return select(events.first + index);
    }
  }
  return undefined;
}

interface Point {
  x: number;
  y: number;
}

type At = { readonly clientX: number; readonly clientY: number };

function leave(): void {
  tip.value = undefined;
  hovered.value = undefined;
}

function wheel(event: WheelEvent, x: number): void {
  const scrolls = wholeHeight.value > lanesHeight.value;
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
    event.preventDefault();
    pan(event.deltaX === 0 ? event.deltaY : event.deltaX);
  } else if (event.ctrlKey || event.metaKey || !scrolls) {
    event.preventDefault();
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006), x);
  }
}

function zoomToLease(thing: Thing | undefined): void {
  if (thing?.sort !== "lease") return;
  const { from, endAt } = thing.lease;
  const end = Number.isFinite(endAt) ? endAt : axis.value.to;
  const room = (end - from) * 0.15;
  zoomTo(from - room, end + room);
}

/** Names what is under the pointer, and the agent whose row it is. */
function hover(canvas: HTMLCanvasElement, event: At, at: Point): void {
  const y = at.y + scrolled.value;
  const row = visibleRows.value.find((one) => y >= one.y && y < one.y + one.height);
  hovered.value = row && agentOf(row.lane);
  const thing = thingAt(at.x, at.y);
  canvas.style.cursor = thing ? "pointer" : "crosshair";
  tip.value = thing && { x: event.clientX, y: event.clientY, lines: tipOf(thing) };
}

/** Fingers and buttons that are down: one drags T, with Shift or the middle button the window, two fingers zoom. */
function drags(canvas: HTMLCanvasElement, local: (event: At) => Point) {
  const down = new Map<number, Point>();
  let moved = 0;
  let panning = false;
  return {
    start(event: PointerEvent) {
      if (event.button > 1) return;
      canvas.setPointerCapture(event.pointerId);
      down.set(event.pointerId, local(event));
      moved = 0;
      panning = event.shiftKey || event.button === 1;
      playing.value = false;
    },
    move(event: PointerEvent) {
      const at = local(event);
      const before = down.get(event.pointerId);
      if (!before) return hover(canvas, event, at);
      moved += Math.abs(at.x - before.x) + Math.abs(at.y - before.y);
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const wide = Math.max(12, Math.abs(at.x - other.x));
        zoom(Math.max(12, Math.abs(before.x - other.x)) / wide, (at.x + other.x) / 2);
      } else if (panning) pan(before.x - at.x);
      else if (moved > 3) seek(axis.value.at(at.x));
      down.set(event.pointerId, at);
    },
    end(event: PointerEvent) {
      const was = down.delete(event.pointerId);
      if (!was || event.type === "pointercancel" || panning || moved > 3) return;
      const at = local(event);
      const thing = thingAt(at.x, at.y);
      if (thing) void choose(thing);
      else seek(axis.value.at(at.x));
    },
  };
}

/** Makes the canvas answer the pointer: drag, click, wheel, pinch, double click. Answers how to stop. */
export function handleLanes(canvas: HTMLCanvasElement): () => void {
  const local = (event: At): Point => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const drag = drags(canvas, local);
  const off = new AbortController();
  const { signal } = off;
  canvas.addEventListener("pointerdown", drag.start, { signal });
  canvas.addEventListener("pointermove", drag.move, { signal });
  canvas.addEventListener("pointerup", drag.end, { signal });
  canvas.addEventListener("pointercancel", drag.end, { signal });
  canvas.addEventListener("pointerleave", leave, { signal });
  canvas.addEventListener("wheel", (event) => wheel(event, local(event).x), { passive: false, signal });
  canvas.addEventListener(
    "dblclick",
    (event) => {
      const at = local(event);
      zoomToLease(thingAt(at.x, at.y));
    },
    { signal },
  );
  return () => off.abort();
}
