import type { Lease } from "../leases.ts";
import { firstFrom } from "./intervals.ts";
import { work } from "./model.ts";
import type { Axis } from "./axis.ts";
import type { Row } from "./rows.ts";
import type { Story } from "./story.ts";
import type { Scene } from "./scene.ts";
import { hatch, line, write } from "./scene.ts";
import { clock } from "./words.ts";

/** More bars than this in one row are no bars any more: of those that start within three pixels one is drawn. */
const mostLeases = 80;
const barsApart = 3;

interface Bar {
  readonly lease: Lease;
  readonly y: number;
  readonly high: number;
  readonly x0: number;
  /** Where the holder was last heard of, and where the lease ended. */
  readonly heard: number;
  readonly x1: number;
  readonly lapsed: boolean;
}

function barOf(scene: Scene, row: Row, lease: Lease): Bar {
  const { axis, size, top, story } = scene;
  const lapsed = lease.lapsedAt !== undefined;
  const track = Math.min(row.tracks - 1, story.track(lease));
  const step = size.name === "dense" ? 0 : size.leaseHigh + 4;
  const x1 = axis.x(Math.min(axis.to + (axis.to - axis.from), lease.endAt));
  return {
    lease,
    y: row.y - top + size.lease + track * step,
    high: size.leaseHigh,
    x0: Math.max(-6, axis.x(lease.from)),
    heard: lapsed ? Math.min(x1, axis.x(story.heard(lease))) : x1,
    x1,
    lapsed,
  };
}

/** Nobody held it any more from here on: torn, and what came of it. */
const torn = ({ end, lapsedAt }: Lease) => end === "taken" || lapsedAt !== undefined;

/** The leases of an agent's row: bars with their renewals, how they ended, and who took them over. */
export function paintLeases(scene: Scene, row: Row): void {
  const { axis, story, spots } = scene;
  if (row.kind !== "agent") return;
  for (const lease of leasesInSight(axis, story, row.lane)) {
    const bar = barOf(scene, row, lease);
    work.marks++;
    paintBar(scene, bar);
    if (torn(lease)) paintTear(scene, bar);
    if (bar.lapsed) paintLapse(scene, bar);
    if (scene.size.leaseHigh >= 10) nameBar(scene, bar);
    spots.push({
      x0: bar.x0,
      x1: Math.max(bar.x0 + 4, bar.x1),
      y0: bar.y - 2,
      y1: bar.y + bar.high + 4,
      thing: { sort: "lease", lease },
    });
  }
}

function leasesInSight(axis: Axis, story: Story, lane: number): readonly Lease[] {
  const all = story.leasesOf(lane).touching(axis.from, axis.to, mostLeases + 1);
  if (all.length <= mostLeases) return all;
  const list = story.leaseList(lane);
  const seen: Lease[] = [];
  for (let place = firstFrom(list, axis.from, start); place < list.length;) {
    const lease = list[place];
    if (!lease || lease.from > axis.to) break;
    seen.push(lease);
    place = Math.max(place + 1, firstFrom(list, axis.at(axis.x(lease.from) + barsApart), start));
  }
  return seen;
}

const start = ({ from }: Lease) => from;

function heldAt(scene: Scene, { lease }: Bar): boolean {
  return lease.from <= scene.t && scene.t < lease.endAt;
}

function paintBar(scene: Scene, bar: Bar): void {
  const { on, palette, size } = scene;
  const { lease, x0, y, high, heard, x1 } = bar;
  on.fillStyle = heldAt(scene, bar) ? palette["lease-on"] : palette["lease-bg"];
  on.fillRect(x0, y, Math.max(1, heard - x0), high);
  if (size.name === "dense") {
    on.fillStyle = palette.lease;
    on.fillRect(x0, y, Math.max(1.5, heard - x0), high);
    return;
  }
  line(on, palette.lease, 1, [
    [heard, y + 0.5],
    [x0, y + 0.5],
  ]);
  line(on, palette.lease, 1, [
    [heard, y + high - 0.5],
    [x0, y + high - 0.5],
  ]);
  on.fillStyle = palette.lease;
  on.fillRect(x0, y, 2, high);
  if (lease.takenFrom !== undefined) on.fillRect(x0 + 3.5, y, 2, high);
  paintRenewals(scene, bar);
  if (torn(lease)) return;
  if (lease.end === "complete") on.fillRect(Math.max(x0, x1 - 5), y, Math.min(5, x1 - x0), high);
  else if (lease.end === "review") on.fillRect(Math.max(x0, x1 - 2), y, 2, high);
  else if (lease.end === "block") {
    on.fillStyle = palette.warn;
    on.fillRect(x1 - 5, y - 2, 2, high + 4);
    on.fillRect(x1 - 1.5, y - 2, 2, high + 4);
  }
}

/** At most one tick for two pixels: what is closer cannot be told apart. */
function paintRenewals({ on, palette, axis }: Scene, { lease, y, high }: Bar): void {
  on.fillStyle = palette.lease;
  let last = Number.NEGATIVE_INFINITY;
  const { renewals } = lease;
  let place = firstFrom(renewals, axis.from, (at) => at);
  for (; place < renewals.length; place++) {
    const at = renewals[place] ?? 0;
    if (at > axis.to) break;
    const x = axis.x(at);
    if (x - last < 3) continue;
    last = x;
    on.fillRect(Math.round(x), y + high, 1.5, 3.5);
  }
}

function paintLapse(scene: Scene, bar: Bar): void {
  const { on, palette, size } = scene;
  const { lease, y, high, heard, x1 } = bar;
  on.save();
  on.globalAlpha = 0.6;
  hatch(on, palette.warn, [heard, y + 0.5, x1, y + high - 0.5], 5, 1.25);
  on.restore();
  if (size.name === "dense") return;
  for (const edge of [y + 0.5, y + high - 0.5]) {
    line(
      on,
      palette.warn,
      1,
      [
        [heard, edge],
        [x1, edge],
      ],
      [3, 2],
    );
  }
  // A bar without room for its step is named here.
  const step = Math.min(scene.width, heard) - Math.max(0, bar.x0) < 40 ? `${lease.step} ` : "";
  const said = `${step}lapsed ${clock(lease.endAt)}`;
  if (Math.min(scene.width, x1) - Math.max(0, heard) > 104 + step.length * 7) {
    const middle = (Math.max(0, heard) + Math.min(scene.width, x1)) / 2;
    on.font = `600 11px ${palette.sans}`;
    const wide = on.measureText(said).width;
    on.fillStyle = middle > scene.axis.x(scene.t) ? palette.future : palette.bg;
    on.fillRect(middle - wide / 2 - 4, y + 1.5, wide + 8, high - 3);
    write(scene, said, middle, y + high - 3.5, palette.warn, { weight: 600, align: "center", ring: false });
  } else if (scene.width > 500 && x1 < scene.width - 120) {
    write(scene, said, x1 + 8, y + high - 3.5, palette.warn, { weight: 600 });
  }
  if (heard > bar.x0 && x1 - heard > 2) {
    line(on, palette.ink, 2, [
      [heard, y - 2],
      [heard, y + high + 2],
    ]);
  }
}

function paintTear(scene: Scene, bar: Bar): void {
  const { on, palette, size, story } = scene;
  const { lease, y, high, x1 } = bar;
  if (size.name === "dense") return;
  line(on, palette.warn, 2, [
    [x1, y - 3],
    [x1 + 3, y + high * 0.2],
    [x1 - 2, y + high * 0.45],
    [x1 + 3, y + high * 0.75],
    [x1, y + high + 3],
  ]);
  const next = story.successor(lease);
  if (next) paintTakeOver(scene, bar, next);
}

/** From where a lease was torn to where the next one starts: dashed, square, with round corners. */
function paintTakeOver(scene: Scene, { x1, y, high }: Bar, next: Lease): void {
  const { on, palette, axis } = scene;
  const row = scene.rowOf(next.lane);
  if (!row) return;
  const { y: top, high: tall } = barOf(scene, row, next);
  const from = y + high / 2;
  const to = top + tall / 2;
  const x = axis.x(next.from);
  const turn = Math.max(x1 + 5, x - 9);
  on.beginPath();
  on.moveTo(x1 + 4, from);
  on.arcTo(turn, from, turn, to, 4);
  on.arcTo(turn, to, x, to, 4);
  on.lineTo(x - 1, to);
  on.strokeStyle = palette.warn;
  on.lineWidth = 1.25;
  on.setLineDash([3, 2]);
  on.stroke();
}

/** The step from 40 pixels on, its term from 96; what the bar has no room for its tip says. */
function nameBar(scene: Scene, bar: Bar): void {
  const { on, palette } = scene;
  const { lease, y, high } = bar;
  const left = Math.max(0, bar.x0);
  const room = Math.min(scene.width, bar.heard) - left;
  if (room < 40) return;
  on.save();
  on.beginPath();
  on.rect(left, y - 1, room - 8, high + 2);
  on.clip();
  const colour = heldAt(scene, bar) ? palette.ink : palette.lease;
  const foot = y + high - (high < 13 ? 2 : 3.5);
  const x = left + (lease.takenFrom === undefined ? 7 : 11);
  const wide = write(scene, lease.step, x, foot, colour, { weight: 600, ring: false });
  if (room > 96) write(scene, `term ${lease.term}`, x + wide + 6, foot, colour, { ring: false });
  on.restore();
}
