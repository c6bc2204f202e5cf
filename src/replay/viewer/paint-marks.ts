import type { Moment } from "../page.ts";
import { columnPixels } from "./density.ts";
import { firstFrom } from "./intervals.ts";
import type { MarkName } from "./marks.tsx";
import { drawMark, markOf } from "./marks.tsx";
import { work } from "./model.ts";
import { baseOf } from "./paint-ground.ts";
import type { Row } from "./rows.ts";
import type { Scene, Thing } from "./scene.ts";
import { write } from "./scene.ts";
import { silentAfter } from "./story.ts";
import { refusedAct } from "./words.ts";

/** Marks closer than this step right; from three on they are one mark with a count. */
const apart = 11;
/** Of a crowd, so many are looked at to tell which is the worst. */
const looked = 8;

interface Placed {
  readonly x: number;
  readonly name: MarkName;
  readonly count: number;
  readonly thing: Thing;
}

const worst: readonly MarkName[] = ["fenced", "error", "lost", "unresolved", "block", "silent", "handoff"];

function rank(name: MarkName): number {
  const place = worst.indexOf(name);
  return place < 0 ? worst.length : place;
}

const timeOf = (moment: Moment) => moment.at;

/** Walks a sorted list by pixels, not by items: a crowd is one step, however many it has. */
function clusters(scene: Scene, moments: readonly Moment[], dx: (moment: Moment) => number): Placed[] {
  const { axis } = scene;
  const out: Placed[] = [];
  let place = firstFrom(moments, axis.from, timeOf);
  while (place < moments.length) {
    const first = moments[place];
    if (!first || first.at > axis.to) break;
    const x = axis.x(first.at);
    const next = Math.max(place + 1, firstFrom(moments, axis.at(x + apart), timeOf));
    const crowd = moments.slice(place, Math.min(next, place + looked));
    work.marks += crowd.length;
    const count = next - place;
    if (count > 2) {
      const chosen = crowd.reduce((a, b) => (rank(markOf(b.kind, b)) < rank(markOf(a.kind, a)) ? b : a));
      out.push({
        x: x + dx(chosen),
        name: markOf(chosen.kind, chosen),
        count,
        thing: { sort: "moment", moment: chosen, more: count - 1 },
      });
    } else {
      for (const moment of crowd) {
        out.push({
          x: axis.x(moment.at) + dx(moment),
          name: markOf(moment.kind, moment),
          count: 1,
          thing: { sort: "moment", moment, more: 0 },
        });
      }
    }
    place = next;
  }
  return out;
}

function errorClusters(scene: Scene, row: Row): Placed[] {
  const errors = scene.activity.get(row.lane)?.errors;
  if (!errors) return [];
  const out: Placed[] = [];
  const reach = Math.ceil(apart / columnPixels);
  for (let column = 0; column < errors.length; column++) {
    if (!errors[column]) continue;
    let count = 0;
    const end = Math.min(errors.length, column + reach);
    for (let near = column; near < end; near++) count += errors[near] ?? 0;
    const all = Math.round(count);
    const thing: Thing = {
      sort: "errors",
      lane: row.lane,
      from: scene.axis.at(column * columnPixels),
      to: scene.axis.at(end * columnPixels),
      count: all,
    };
    const x = column * columnPixels + 1.5;
    out.push({ x, name: "error", count: all > 2 ? all : 1, thing });
    if (all === 2) out.push({ x: x + 4, name: "error", count: 1, thing });
    column = end - 1;
  }
  return out;
}

/** The marks of one band, from left to right, each beside the one before where they would touch. */
function paintBand(scene: Scene, placed: Placed[], y: number, words: boolean): void {
  const { on, palette, spots, width } = scene;
  let last = Number.NEGATIVE_INFINITY;
  let wordsEnd = Number.NEGATIVE_INFINITY;
  let said = "";
  let saidAt = 0;
  for (const { x: wished, name, count, thing } of placed.toSorted((a, b) => a.x - b.x)) {
    const x = Math.max(wished, last + apart);
    if (x > width + 20) break;
    let taken = 0;
    // Of a row of the same the first is named, and again where that is out of sight.
    const told = thing.sort === "moment" ? `${name} ${thing.moment.step ?? ""}` : "";
    if (words && width > 360 && thing.sort === "moment" && (told !== said || x - saidAt > 300)) {
      taken = paintWords(scene, thing, x, y, Math.max(wordsEnd, last + 8));
      if (taken > 0) [wordsEnd, said, saidAt] = [x + taken, told, x];
    }
    drawMark(on, name, x, y, palette);
    work.marks++;
    if (count > 1 && taken === 0) {
      const wide = write(scene, String(count), x + 7, y + 4, palette["ink-2"], { weight: 600 });
      last = x + wide + 2;
    } else last = Math.max(x, wordsEnd - 6);
    spots.push({ x0: x - 7, x1: x + 7, y0: y - 8, y1: y + 8, thing });
  }
}

/** Words only for what is rare. Answers how far to the right of the mark they reach. */
function paintWords(
  scene: Scene,
  { moment, more }: Extract<Thing, { sort: "moment" }>,
  x: number,
  y: number,
  free: number,
): number {
  const { on, palette, width } = scene;
  const bold = { weight: 600 };
  if (moment.kind === "lost") {
    const one = width > 500 ? `lost ${moment.step ?? ""}` : "lost";
    const text = more > 0 ? `${more + 1} lost races` : one;
    on.font = `600 11px ${palette.sans}`;
    const wide = on.measureText(text).width;
    if (x - 10 - wide < Math.max(2, free)) return 0;
    write(scene, text, x - 9, y + 4, palette.warn, { ...bold, align: "right" });
    return 8;
  }
  if (moment.kind !== "fenced") return 0;
  const now = `now ${moment.holderTerm ?? "?"}`;
  const terms = moment.term === undefined ? `another's, ${now}` : `term ${moment.term}, ${now}`;
  on.font = `600 11px ${palette.sans}`;
  const wordings =
    width > 500 ? [`${refusedAct(moment)} refused: ${terms}`, `refused: ${terms}`, "fenced"] : ["fenced"];
  const right = wordings.find((text) => x + 12 + on.measureText(text).width <= width);
  const left = wordings.slice(-1).find((text) => x - 12 - on.measureText(text).width >= Math.max(2, free));
  // To the left stands what came before: words go there only where the right has no room at all.
  if (right !== undefined) return 14 + write(scene, right, x + 10, y + 4, palette.err, bold);
  if (left !== undefined) write(scene, left, x - 10, y + 4, palette.err, { ...bold, align: "right" });
  return left === undefined ? 0 : 8;
}

/** What closes a bar stands beside its end. */
const afterBlock = 10;
const afterwards: ReadonlySet<string> = new Set(["handoff", "block", "review", "release"]);

/** The bar across the baseline stands at the last sign of life, not where it was missed. */
function backTo({ axis }: Scene, { kind, at }: Moment): number {
  return kind === "silent" ? axis.x(at - silentAfter) - axis.x(at) : 0;
}

/** The marks of a row: in the activity what was made and what failed, beside the leases what became of claims. */
export function paintMarks(scene: Scene, row: Row): void {
  const { story, size, top } = scene;
  const { base, high } = baseOf(scene, row);
  const made = row.lanes.flatMap((lane) =>
    clusters(scene, story.made(lane), (moment) => backTo(scene, moment)),
  );
  const activityY = row.y - top + base - Math.max(4, high / 2);
  paintBand(scene, [...made, ...errorClusters(scene, row)], activityY, false);
  if (row.kind !== "agent") return;
  const step = size.name === "dense" ? 0 : size.leaseHigh + 4;
  for (let track = 0; track < row.tracks; track++) {
    const fates = clusters(scene, story.fates(row.lane, track), ({ kind }) =>
      afterwards.has(kind) ? afterBlock : 0,
    );
    const y = row.y - top + size.lease + size.leaseHigh / 2 + track * step;
    paintBand(scene, fates, y, size.name !== "dense");
  }
}
