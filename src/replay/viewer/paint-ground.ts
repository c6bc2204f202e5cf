import { ticks } from "./axis.ts";
import { columnPixels } from "./density.ts";
import { work } from "./model.ts";
import type { Row } from "./rows.ts";
import type { Scene } from "./scene.ts";
import { hatch, line } from "./scene.ts";

/** What lies below everything: what is after T, the grid of time, idle gaps, and the hairlines between rows. */
export function paintGround(scene: Scene): void {
  const { on, palette, axis, width, height, t, rows, top } = scene;
  on.clearRect(0, 0, width, height);
  on.fillStyle = palette.bg;
  on.fillRect(0, 0, width, height);
  const cut = axis.x(t);
  on.fillStyle = palette.future;
  if (cut < width) on.fillRect(Math.max(0, cut), 0, width - Math.max(0, cut), height);
  const bottom = rows.reduce((low, row) => Math.max(low, row.y + row.height - top), 0);
  for (const { x } of ticks(axis, width < 500 ? 84 : 60)) {
    line(on, palette.line, 1, [
      [Math.round(x) + 0.5, 0],
      [Math.round(x) + 0.5, bottom],
    ]);
  }
  for (const { x0, x1 } of axis.gaps) hatch(on, palette["line-2"], [x0, 0, x1, bottom], 7);
  for (const row of rows) {
    const y = row.y + row.height - top - 0.5;
    line(on, palette.line, 1, [
      [0, y],
      [width, y],
    ]);
  }
}

/** Where the activity of a row stands, and how high its columns may be. */
export function baseOf({ size }: Scene, row: Row): { base: number; high: number } {
  if (row.kind === "agent") return { base: size.base, high: size.column };
  return { base: row.height - 4, high: row.height - 8 };
}

/** When an agent was there, and how much it did: prompts and replies in a darker tone at the foot of a column. */
export function paintActivity(scene: Scene, row: Row): void {
  const { on, palette, axis, top, story, most } = scene;
  const { base, high } = baseOf(scene, row);
  const y = row.y - top + base;
  for (const lane of row.lanes) {
    for (const [from, to] of story.presence(lane)) {
      if (to < axis.from || from > axis.to) continue;
      line(on, palette.act, 1, [
        [Math.max(-2, axis.x(from)), y + 0.5],
        [Math.min(axis.width + 2, axis.x(to)), y + 0.5],
      ]);
    }
  }
  const activity = scene.activity.get(row.lane);
  if (!activity) return;
  const { counts, talk } = activity;
  const full = Math.max(4, most);
  for (let column = 0; column < counts.length; column++) {
    const count = counts[column] ?? 0;
    if (count === 0) continue;
    const tall = Math.max(2, Math.round(Math.sqrt(count / full) * high));
    on.fillStyle = palette.act;
    on.fillRect(column * columnPixels, y - tall, columnPixels - 1, tall);
    const said = talk[column] ?? 0;
    if (said > 0) {
      on.fillStyle = palette["ink-2"];
      const part = Math.max(2, Math.round((tall * said) / count));
      on.fillRect(column * columnPixels, y - part, columnPixels - 1, part);
    }
    work.bins++;
  }
}

/** A sub-agent hangs from the one that started it, from its first event to its last. */
export function paintHanging(scene: Scene, row: Row): void {
  const { on, palette, axis, top, story, size } = scene;
  if (row.kind === "agent") return;
  const parent = scene.rowOf(story.parent(row.lane));
  const lane = story.lane(row.lane);
  if (!parent || !lane || lane.count === 0 || parent.lane === row.lane) return;
  const above = parent.y - top + (parent.kind === "agent" ? size.base : parent.height - 4);
  const below = row.y - top + row.height - 4;
  for (const at of [lane.from, lane.to]) {
    if (at < axis.from || at > axis.to) continue;
    const x = Math.round(axis.x(at)) + 0.5;
    line(
      on,
      palette.act,
      1,
      [
        [x, above],
        [x, below],
      ],
      [1, 2],
    );
  }
}
