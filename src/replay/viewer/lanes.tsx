import { useEffect, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { arrived } from "./blocks.ts";
import { Gutter } from "./gutter.tsx";
import { handleLanes } from "./lane-input.ts";
import {
  axis,
  canvasWidth,
  hovered,
  lanesHeight,
  scrolled,
  visibleRows,
  wholeHeight,
  wishedHeight,
} from "./lane-view.ts";
import { dark, focused, now, selection, source } from "./model.ts";
import { paintLanes } from "./paint.ts";
import { readPalette } from "./palette.ts";
import { summary } from "./summary.ts";
import { counted } from "./words.ts";

/** Draws when anything that is seen has changed, at most once a frame. */
function usePainting(canvas: { readonly current: HTMLCanvasElement | null }): void {
  useEffect(() => {
    let asked = 0;
    let painted = false;
    let palette = readPalette(document.documentElement);
    let wasDark: boolean | undefined;
    const frame = () => {
      asked = 0;
      const element = canvas.current;
      if (!element) return;
      if (wasDark !== dark.value) palette = readPalette(document.documentElement);
      wasDark = dark.value;
      paintLanes(element, palette, arrived.value);
      if (painted || !source.value) return;
      painted = true;
      performance.mark("tc:painted");
    };
    const stop = effect(() => {
      void [axis.value, now.value, selection.value, focused.value, visibleRows.value, lanesHeight.value];
      void [dark.value, arrived.value, hovered.value, scrolled.value];
      if (asked === 0) asked = requestAnimationFrame(frame);
    });
    return () => {
      stop();
      cancelAnimationFrame(asked);
    };
  }, []);
}

function words(): string {
  const sum = summary.value;
  if (!sum) return "";
  const agents = sum.solo ? counted(sum.sessions, "session") : counted(sum.agents, "agent");
  const steps = sum.steps.length > 0 ? ` and ${counted(sum.steps.length, "step")}` : "";
  return `Lanes of ${agents}${steps}. The list of events below it says the same in words.`;
}

/** The staffs. Names and drawing scroll together below a fixed axis. */
export function Lanes() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroll = useRef<HTMLDivElement>(null);
  usePainting(canvas);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => {
      const box = element.parentElement?.getBoundingClientRect();
      if (box && box.width > 0) canvasWidth.value = Math.max(80, Math.round(box.width));
    });
    if (element.parentElement) watch.observe(element.parentElement);
    const off = handleLanes(element);
    return () => {
      watch.disconnect();
      off();
    };
  }, []);
  useEffect(() => {
    const element = scroll.current;
    if (element && Math.abs(element.scrollTop - scrolled.value) > 1) element.scrollTop = scrolled.value;
  }, [scrolled.value]);
  const high = lanesHeight.value;
  return (
    <div
      class="lanes-scroll"
      ref={scroll}
      style={{ height: `${high}px` }}
      onScroll={(event) => (scrolled.value = event.currentTarget.scrollTop)}
    >
      <div style={{ height: `${wholeHeight.value}px` }}>
        <div class="lanes" style={{ height: `${high}px` }}>
          <Gutter />
          <div class="lanes-canvas">
            <canvas ref={canvas} role="img" aria-label={words()} />
          </div>
        </div>
      </div>
    </div>
  );
}

/** The hairline between the lanes and the panes: drag it, or move it with the arrow keys. */
export function Divider() {
  const start = useRef<{ y: number; high: number } | undefined>(undefined);
  const high = lanesHeight.value;
  return (
    <div
      class="resize"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the lanes"
      aria-valuenow={high}
      aria-valuemin={64}
      aria-valuemax={Math.max(high, wholeHeight.value)}
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { y: event.clientY, high };
      }}
      onPointerMove={(event) => {
        if (start.current) wishedHeight.value = start.current.high + event.clientY - start.current.y;
      }}
      onPointerUp={() => (start.current = undefined)}
      onDblClick={() => (wishedHeight.value = undefined)}
      onKeyDown={(event) => {
        const by = event.key === "ArrowUp" ? -24 : event.key === "ArrowDown" ? 24 : 0;
        if (by === 0) return;
        event.preventDefault();
        wishedHeight.value = high + by;
      }}
    />
  );
}
