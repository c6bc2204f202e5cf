import { useEffect, useRef } from "preact/hooks";
import { gapLabel, ticks, type Axis } from "./axis.ts";
import { axis, windowSize } from "./lane-view.ts";
import { now, seek, source } from "./model.ts";
import { muted, unmuteAll } from "./rows.ts";
import { summary } from "./summary.ts";
import { clock, counted } from "./words.ts";
import { pan, zoom } from "./zoom.ts";

const half = 31;

function Labels({ view, t }: { view: Axis; t: number }) {
  const narrow = view.width < 500;
  const cut = view.x(t);
  const flag = Math.min(view.width - half, Math.max(half, cut));
  const near = (x: number, room: number) => Math.abs(x - flag) < room;
  const gaps = view.gaps.map((gap) => ({ gap, x: (gap.x0 + gap.x1) / 2 }));
  let last = Number.NEGATIVE_INFINITY;
  const shown = gaps.filter(({ x }) => {
    if (near(x, narrow ? 56 : 72) || x - last < 90 || x < 30 || x > view.width - 30) return false;
    last = x;
    return true;
  });
  return (
    <>
      {ticks(view, narrow ? 84 : 60).map(({ at, x, label }) => {
        const bare =
          near(x, 54) ||
          shown.some((gap) => Math.abs(gap.x - x) < (narrow ? 40 : 62)) ||
          x < 16 ||
          x > view.width - 18;
        return (
          <g key={at}>
            <path d={`M${Math.round(x) + 0.5} 19v4`} stroke="var(--line-2)" />
            {!bare && (
              <text x={x} y={15} text-anchor="middle" class="tick">
                {label}
              </text>
            )}
          </g>
        );
      })}
      {shown.map(({ gap, x }) => (
        <text key={gap.from} x={x} y={15} text-anchor="middle" class="tick">
          {gapLabel(gap, narrow)}
        </text>
      ))}
      {cut >= 0 && cut <= view.width && (
        <>
          <rect x={flag - half} y={3} width={2 * half} height={17} rx={2} fill="var(--ink)" />
          <text x={flag} y={15.5} text-anchor="middle" class="flag">
            {clock(t)}
          </text>
          <path d={`M${Math.round(cut)} 20v4`} stroke="var(--ink)" stroke-width={1.5} />
        </>
      )}
    </>
  );
}

/** The axis of the lanes: drag it to move the window, the wheel zooms. It is also the scrubber of T for keys. */
export function AxisBar() {
  const svg = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const element = svg.current;
    if (!element) return undefined;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const x = event.clientX - element.getBoundingClientRect().left;
      zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006), x);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);
  const drag = useRef<{ x: number; moved: boolean } | undefined>(undefined);
  const header = source.value?.header;
  const sum = summary.value;
  const hidden = muted.value.size;
  const view = axis.value;
  const narrow = windowSize.value[0] < 700;
  const who = sum?.solo ? counted(sum.sessions, "session") : counted(sum?.agents ?? 0, "agent");
  const steps = sum && sum.steps.length > 0 ? `, ${counted(sum.steps.length, "step")}` : "";
  const said = header?.events === 0 ? "no agents" : !narrow && `${who}${steps}`;
  return (
    <div class="axis">
      <div class="glabel gut-label">
        {hidden > 0 ? (
          <button type="button" class="link" onClick={unmuteAll}>
            show {hidden} hidden
          </button>
        ) : (
          said
        )}
      </div>
      <svg
        ref={svg}
        height={23}
        width={view.width}
        role="slider"
        tabIndex={0}
        aria-label="T, the time that is shown"
        aria-valuemin={0}
        aria-valuemax={Math.round(((header?.to ?? 0) - (header?.from ?? 0)) / 1000)}
        aria-valuenow={Math.round((now.value - (header?.from ?? 0)) / 1000)}
        aria-valuetext={`${clock(now.value)} UTC`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, moved: false };
        }}
        onPointerMove={(event) => {
          const from = drag.current;
          if (!from || Math.abs(event.clientX - from.x) < 2) return;
          pan(from.x - event.clientX);
          drag.current = { x: event.clientX, moved: true };
        }}
        onPointerUp={(event) => {
          const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
          if (drag.current && !drag.current.moved) seek(view.at(x));
          drag.current = undefined;
        }}
      >
        {header && header.events > 0 && <Labels view={view} t={now.value} />}
      </svg>
    </div>
  );
}
