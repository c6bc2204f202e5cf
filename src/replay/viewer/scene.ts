import type { Lease } from "../leases.ts";
import type { Letter } from "../letters.ts";
import type { Moment } from "../page.ts";
import type { Axis } from "./axis.ts";
import type { Activity } from "./density.ts";
import type { readPalette } from "./palette.ts";
import type { Measures, Row } from "./rows.ts";
import type { Story } from "./story.ts";

/** What can be pointed at: each knows what it stands for. */
export type Thing =
  | { readonly sort: "moment"; readonly moment: Moment; readonly more: number }
  | { readonly sort: "lease"; readonly lease: Lease }
  | { readonly sort: "letter"; readonly letter: Letter; readonly reader: number; readonly at?: number }
  | {
      readonly sort: "errors";
      readonly lane: number;
      readonly from: number;
      readonly to: number;
      readonly count: number;
    };

/** A place on the canvas that something took. */
export interface Spot {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly thing: Thing;
}

/** Everything that one drawing of the lanes needs; `y` of a row is on the canvas after taking `top` away. */
export interface Scene {
  readonly on: CanvasRenderingContext2D;
  readonly palette: ReturnType<typeof readPalette>;
  readonly axis: Axis;
  readonly rows: readonly Row[];
  /** The row of a lane, also when it is out of sight; of a lane without a row, its agent's. */
  readonly rowOf: (lane: number) => Row | undefined;
  readonly size: Measures;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly t: number;
  readonly story: Story;
  readonly activity: ReadonlyMap<number, Activity>;
  readonly most: number;
  /** Agents whose messages are drawn where there are too many for all. */
  readonly near: ReadonlySet<number>;
  readonly spots: Spot[];
}

/** Writes words with a ring of the background around them, so that lines may run below. */
export function write(
  { on, palette, t, axis }: Scene,
  text: string,
  x: number,
  y: number,
  colour: string,
  {
    weight = 400,
    align = "left",
    ring = true,
  }: { weight?: number; align?: CanvasTextAlign; ring?: boolean } = {},
): number {
  on.font = `${weight} 11px ${palette.sans}`;
  on.textAlign = align;
  on.textBaseline = "alphabetic";
  if (ring) {
    on.strokeStyle = x > axis.x(t) ? palette.future : palette.bg;
    on.lineWidth = 4;
    on.lineJoin = "round";
    on.setLineDash([]);
    on.strokeText(text, x, y);
  }
  on.fillStyle = colour;
  on.fillText(text, x, y);
  return on.measureText(text).width;
}

/** A path through points, drawn once: crisp lines stand on half pixels. */
export function line(
  on: CanvasRenderingContext2D,
  colour: string,
  width: number,
  points: readonly (readonly [number, number])[],
  dash: readonly number[] = [],
): void {
  on.beginPath();
  for (const [place, [x, y]] of points.entries()) {
    if (place === 0) on.moveTo(x, y);
    else on.lineTo(x, y);
  }
  on.strokeStyle = colour;
  on.lineWidth = width;
  on.setLineDash(dash as number[]);
  on.stroke();
}

/** Fills a rectangle with slanted lines. */
export function hatch(
  on: CanvasRenderingContext2D,
  colour: string,
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  apart: number,
  width = 1,
): void {
  if (x1 <= x0 || y1 <= y0) return;
  on.save();
  on.beginPath();
  on.rect(x0, y0, x1 - x0, y1 - y0);
  on.clip();
  on.beginPath();
  const high = y1 - y0;
  // From the first slanted line that touches, on a grid that stays where it is when the rectangle moves.
  for (let x = Math.floor((x0 - high) / apart) * apart; x < x1; x += apart) {
    on.moveTo(x, y1);
    on.lineTo(x + high, y0);
  }
  on.strokeStyle = colour;
  on.lineWidth = width;
  on.setLineDash([]);
  on.stroke();
  on.restore();
}
