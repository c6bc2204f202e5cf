import { useEffect, useRef } from "preact/hooks";
import { computed, effect } from "@preact/signals";
import { canvasWidth, gaps, windowSize } from "./lane-view.ts";
import { dark, now, range, seek, setRange, source } from "./model.ts";
import { readPalette } from "./palette.ts";
import { hatch, line } from "./scene.ts";
import { story } from "./story.ts";
import { clock, hours, span } from "./words.ts";

const margin = 4;
const each = 3;

/** The whole range in columns of three pixels: events, and errors below them. */
const columns = computed(() => {
  const from = source.value;
  const count = Math.max(1, Math.floor((canvasWidth.value - 2 * margin) / each));
  const counts = new Float64Array(count);
  const errors = new Float64Array(count);
  const levels = from?.pyramid.levels.toSorted((a, b) => a.buckets - b.buckets) ?? [];
  const level = levels.find(({ buckets }) => buckets >= count * 2) ?? levels.at(-1);
  if (!level) return { counts, errors };
  const add = (into: Float64Array, lists: readonly Uint32Array[]) => {
    for (const list of lists) {
      for (let bucket = 0; bucket < list.length; bucket++) {
        const value = list[bucket];
        if (!value) continue;
        const column = Math.min(count - 1, Math.floor((bucket * count) / level.buckets));
        into[column] = (into[column] ?? 0) + value;
      }
    }
  };
  add(counts, level.counts);
  add(errors, level.errors);
  return { counts, errors };
});

function place(at: number): number {
  const header = source.value?.header;
  if (!header) return margin;
  const share = (at - header.from) / Math.max(1, header.to - header.from);
  return margin + share * (canvasWidth.value - 2 * margin);
}

function timeOf(x: number): number {
  const header = source.value?.header;
  if (!header) return 0;
  const share = (x - margin) / Math.max(1, canvasWidth.value - 2 * margin);
  return header.from + share * (header.to - header.from);
}

function paint(canvas: HTMLCanvasElement): void {
  const on = canvas.getContext("2d", { alpha: false });
  const palette = readPalette(document.documentElement);
  const width = canvasWidth.value;
  const high = windowSize.value[0] < 700 ? 33 : 39;
  const scale = devicePixelRatio || 1;
  if (!on) return;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(high * scale);
  on.setTransform(scale, 0, 0, scale, 0, 0);
  on.fillStyle = palette["bg-2"];
  on.fillRect(0, 0, width, high);
  const [from, to] = range.value.map((at) => place(at)) as [number, number];
  on.fillStyle = palette.bg;
  on.fillRect(from, 0, to - from, high);
  const base = high - 9;
  // What the lanes narrow is hatched here too: the two axes are seen to be of one piece.
  for (const gap of gaps.value) {
    const [x0, x1] = [place(gap.from), place(gap.to)];
    if (x1 - x0 > 12) hatch(on, palette["line-2"], [x0 + 2, base - 10, x1 - 2, base], 7);
  }
  const { counts, errors } = columns.value;
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  for (const [column, count] of counts.entries()) {
    const x = margin + column * each;
    if (count > 0) {
      const tall = Math.max(1, Math.round(Math.sqrt(count / most) * (base - 5)));
      on.fillStyle = palette.act;
      on.fillRect(x, base - tall, each - 1, tall);
    }
    if ((errors[column] ?? 0) > 0) {
      on.fillStyle = palette.err;
      on.fillRect(x, base + 1.5, 1.5, 4);
    }
  }
  for (const lease of story.value?.leases.slice(0, 20_000) ?? []) {
    if (lease.lapsedAt === undefined) continue;
    on.fillStyle = palette.warn;
    const x0 = place(story.value?.heard(lease) ?? lease.from);
    on.fillRect(x0, base + 6.5, Math.max(2, place(lease.lapsedAt) - x0), 2);
  }
  for (const x of [from, to]) {
    line(on, palette["ink-2"], 1, [
      [Math.round(x) + 0.5, 0],
      [Math.round(x) + 0.5, high],
    ]);
    on.beginPath();
    on.roundRect(Math.min(width - 7, Math.max(0.5, Math.round(x) - 2.5)), high / 2 - 8, 6, 16, 2);
    on.fillStyle = palette.bg;
    on.fill();
    on.stroke();
  }
  const x = Math.round(place(now.value));
  line(on, palette.ink, 1.5, [
    [x, 0],
    [x, high],
  ]);
}

/** A drag that starts on an edge moves it, inside the window all of it, elsewhere it makes a new one; a click moves T. */
function handle(canvas: HTMLCanvasElement): () => void {
  let drag: { how: "from" | "to" | "move" | "new"; x: number; range: readonly [number, number] } | undefined;
  let moved = false;
  const xOf = (event: PointerEvent) => event.clientX - canvas.getBoundingClientRect().left;
  const onDown = (event: PointerEvent) => {
    const x = xOf(event);
    const [from, to] = range.value;
    const [a, b] = [place(from), place(to)];
    const header = source.value?.header;
    const whole = header !== undefined && from <= header.from && to >= header.to;
    const how =
      Math.abs(x - a) < 7 ? "from" : Math.abs(x - b) < 7 ? "to" : x > a && x < b && !whole ? "move" : "new";
    drag = { how, x, range: range.value };
    moved = false;
    canvas.setPointerCapture(event.pointerId);
  };
  const onMove = (event: PointerEvent) => {
    if (!drag) return;
    const x = xOf(event);
    if (Math.abs(x - drag.x) < 3 && !moved) return;
    const first = !moved;
    moved = true;
    const [from, to] = drag.range;
    const by = timeOf(x) - timeOf(drag.x);
    if (drag.how === "from") setRange(Math.min(to - 20, from + by), to, first);
    else if (drag.how === "to") setRange(from, Math.max(from + 20, to + by), first);
    else if (drag.how === "move") setRange(from + by, to + by, first);
    else setRange(timeOf(Math.min(x, drag.x)), timeOf(Math.max(x, drag.x)), first);
  };
  const onUp = (event: PointerEvent) => {
    if (drag && !moved) seek(timeOf(xOf(event)));
    drag = undefined;
  };
  const off = new AbortController();
  const { signal } = off;
  canvas.addEventListener("pointerdown", onDown, { signal });
  canvas.addEventListener("pointermove", onMove, { signal });
  canvas.addEventListener("pointerup", onUp, { signal });
  canvas.addEventListener("pointercancel", () => (drag = undefined), { signal });
  return () => off.abort();
}

/** Always real time and the whole range: where the window of the lanes is, and T. */
export function Overview() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let asked = 0;
    const stop = effect(() => {
      void [columns.value, range.value, now.value, dark.value, windowSize.value, story.value, gaps.value];
      if (asked !== 0) return;
      asked = requestAnimationFrame(() => {
        asked = 0;
        if (canvas.current) paint(canvas.current);
      });
    });
    const off = canvas.current ? handle(canvas.current) : () => undefined;
    return () => {
      stop();
      off();
    };
  }, []);
  const header = source.value?.header;
  const [from, to] = range.value;
  const narrow = windowSize.value[0] < 700;
  return (
    <div class="over">
      <div class="glabel">
        {narrow ? (
          <>
            <span>{header && clock(header.from, false)}</span>
            <span>{header && clock(header.to, false)}</span>
          </>
        ) : (
          <>
            <span>All events, real time</span>
            <span class="faint" title={span(from, to)}>
              {hours(from, to)} shown
            </span>
          </>
        )}
      </div>
      <canvas ref={canvas} role="img" aria-label={`Overview; ${span(from, to)} is shown in the lanes`} />
    </div>
  );
}
