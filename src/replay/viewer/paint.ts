import { activityOf } from "./density.ts";
import {
  axis,
  blocks,
  hovered,
  lanesHeight,
  rowByLane,
  rows,
  scrolled,
  size,
  spots,
  visibleRows,
} from "./lane-view.ts";
import { agentOf, focused, laneOf, now, selection, source, work } from "./model.ts";
import { paintActivity, paintGround, paintHanging } from "./paint-ground.ts";
import { paintLeases } from "./paint-leases.ts";
import { paintMail } from "./paint-mail.ts";
import { paintMarks } from "./paint-marks.ts";
import type { readPalette } from "./palette.ts";
import type { Row } from "./rows.ts";
import type { Scene, Spot } from "./scene.ts";
import { line } from "./scene.ts";
import { story } from "./story.ts";

type Activities = ReturnType<typeof activityOf>;
let counted: Activities | undefined;
let countedFor: readonly unknown[] = [];

/** The activity of the rows in sight; counted anew only when the window, the rows or the blocks are others. */
function activities(arrivals: number, visible: readonly Row[]): Activities | undefined {
  const [from, held] = [source.value, blocks.value];
  if (!from || !held) return undefined;
  const key = [
    from,
    held,
    axis.value,
    arrivals,
    ...visible.map(({ lane, lanes }) => `${lane}.${lanes.length}`),
  ];
  if (counted && key.length === countedFor.length && key.every((one, at) => one === countedFor[at])) {
    return counted;
  }
  counted = activityOf(from, held, axis.value, visible);
  countedFor = key;
  return counted;
}

function sceneFor(
  on: CanvasRenderingContext2D,
  palette: ReturnType<typeof readPalette>,
  arrivals: number,
): Scene | undefined {
  const told = story.value;
  const visible = visibleRows.value;
  const active = activities(arrivals, visible);
  if (!told || !active) return undefined;
  const all = rows.value;
  const byLane = rowByLane.value;
  const chosen = selection.value?.lane;
  const near = [agentOf(focused.value), hovered.value, chosen === undefined ? undefined : agentOf(chosen)];
  return {
    on,
    palette,
    axis: axis.value,
    rows: visible,
    rowOf: (lane) => all[byLane.get(lane) ?? byLane.get(agentOf(lane)) ?? -1],
    size: size.value,
    top: scrolled.value,
    width: axis.value.width,
    height: lanesHeight.value,
    t: now.value,
    story: told,
    activity: active.rows,
    most: active.most,
    near: new Set(near.filter((lane) => lane !== undefined)),
    spots: [],
  };
}

/** Draws the lanes as the model has them. What it costs grows with the rows and pixels in sight, not with the page. */
export function paintLanes(
  canvas: HTMLCanvasElement,
  palette: ReturnType<typeof readPalette>,
  arrivals: number,
): void {
  const on = canvas.getContext("2d", { alpha: false });
  if (!on) return;
  const scale = devicePixelRatio || 1;
  const scene = sceneFor(on, palette, arrivals);
  if (!scene) return;
  const [wide, high] = [Math.round(scene.width * scale), Math.round(scene.height * scale)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  on.setTransform(scale, 0, 0, scale, 0, 0);
  paintGround(scene);
  for (const row of scene.rows) {
    work.rows++;
    paintActivity(scene, row);
    paintHanging(scene, row);
  }
  paintMail(scene);
  for (const row of scene.rows) paintLeases(scene, row);
  for (const row of scene.rows) paintMarks(scene, row);
  paintSelection(scene);
  const x = Math.round(scene.axis.x(scene.t));
  line(on, palette.ink, 1.5, [
    [x, 0],
    [x, scene.height],
  ]);
  spots.value = scene.spots as Spot[];
  spots.version++;
}

/** A frame around the selected event where it is drawn, else a tick at its time in its row. */
function paintSelection({ on, palette, axis: view, rowOf, size: measures, top, spots: all }: Scene): void {
  const chosen = selection.value;
  if (chosen?.at === undefined || chosen.lane === undefined) return;
  const row = rowOf(chosen.lane);
  if (!row || chosen.at < view.from || chosen.at > view.to) return;
  const x = view.x(chosen.at);
  const spot = all.findLast(({ thing }) => {
    if (thing.sort === "moment") return thing.moment.seq === chosen.seq;
    return thing.sort === "letter" ? thing.letter.seq === chosen.seq : false;
  });
  const agent = row.kind === "agent" && laneOf(chosen.lane)?.kind === "agent";
  const box = spot ?? {
    x0: x - 4,
    x1: x + 9,
    y0: agent ? row.y - top + measures.lease - 3.5 : row.y - top + 3,
    y1: agent ? row.y - top + measures.lease + measures.leaseHigh + 3.5 : row.y - top + row.height - 3,
  };
  on.beginPath();
  on.roundRect(Math.max(1, box.x0 - 0.5), box.y0, Math.min(26, box.x1 - box.x0 + 1), box.y1 - box.y0, 2);
  on.strokeStyle = palette.focus;
  on.lineWidth = 1.5;
  on.setLineDash([]);
  on.stroke();
}
