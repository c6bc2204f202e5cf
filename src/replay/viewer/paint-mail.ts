import type { Letter } from "../letters.ts";
import { firstFrom } from "./intervals.ts";
import { work } from "./model.ts";
import type { Scene } from "./scene.ts";
import { line, write } from "./scene.ts";

/** With more messages in view than this, only those of agents that the reader is with are drawn as arrows. */
const mostArrows = 40;
/** And of each of those at most so many; dots on a rail are this far apart. */
const mostOfOne = 60;
const dotsApart = 7;

interface Leg {
  readonly letter: Letter;
  readonly reader: number;
  /** When it was read; absent: not up to the end. */
  readonly at?: number;
}

/** A message goes down where it was sent and along until it was read. */
function legsOf(letter: Letter): Leg[] {
  const legs: Leg[] = letter.reads.map(({ lane, at }) => ({ letter, reader: lane, at }));
  if (letter.to >= 0 && !letter.reads.some(({ lane }) => lane === letter.to)) {
    legs.push({ letter, reader: letter.to });
  }
  // One who has no lane never reads: the open end stands on the sender's own rail.
  if (letter.to < -1) legs.push({ letter, reader: letter.from });
  return legs;
}

/** The messages that touch the window: arrows where there are few or where the reader is, dots on the rails for the rest. */
export function paintMail(scene: Scene): void {
  const { axis, story, near, size } = scene;
  const all = story.letters.touching(axis.from, axis.to, mostArrows + 1);
  const few = all.length <= mostArrows;
  const drawn = new Set(
    few ? all : [...near].flatMap((lane) => story.lettersWith(lane).touching(axis.from, axis.to, mostOfOne)),
  );
  const named = new Set<number>();
  if (size.name !== "dense") {
    for (const letter of drawn) for (const leg of legsOf(letter)) paintLeg(scene, leg, named);
  }
  for (const row of scene.rows) if (row.kind === "agent") paintRail(scene, row.lane, few ? 0 : dotsApart);
  work.marks += drawn.size;
}

const time = (letter: Letter) => letter.at;

/** What an agent sent, walked by pixels: of a crowd one dot is drawn. */
function paintRail(scene: Scene, lane: number, apart: number): void {
  const { axis, story } = scene;
  const sent = story.sentBy(lane);
  for (let place = firstFrom(sent, axis.from, time); place < sent.length;) {
    const letter = sent[place];
    if (!letter || letter.at > axis.to) return;
    paintDot(scene, letter);
    work.marks++;
    place = Math.max(place + 1, apart === 0 ? 0 : firstFrom(sent, axis.at(axis.x(letter.at) + apart), time));
  }
}

function railOf(scene: Scene, lane: number): number | undefined {
  const row = scene.rowOf(lane);
  return row && row.y - scene.top + scene.size.mail;
}

function paintDot(scene: Scene, letter: Letter): void {
  const { on, palette, axis, spots } = scene;
  const y = railOf(scene, letter.from);
  const x = axis.x(letter.at);
  if (y === undefined || letter.at < axis.from || x > scene.width || y < -8 || y > scene.height + 8) return;
  on.beginPath();
  const colour = letter.urgent ? palette.err : palette.msg;
  on.arc(x, y, letter.to === -1 ? 3.2 : 2.4, 0, Math.PI * 2);
  on.fillStyle = letter.to === -1 ? palette.bg : colour;
  on.strokeStyle = colour;
  on.lineWidth = 1.25;
  on.setLineDash([]);
  on.fill();
  on.stroke();
  if (letter.urgent)
    line(on, colour, 2, [
      [x - 5, y - 4.5],
      [x - 5, y + 4.5],
    ]); // As the mark has it.
  const reader = letter.reads[0]?.lane ?? letter.to;
  spots.push({
    x0: x - 6,
    x1: x + 6,
    y0: y - 6,
    y1: y + 6,
    thing: { sort: "letter", letter, reader, ...(letter.reads[0] && { at: letter.reads[0].at }) },
  });
}

function paintLeg(scene: Scene, leg: Leg, named: Set<number>): void {
  const { on, palette, axis, width, height, spots } = scene;
  const { letter, reader, at } = leg;
  const from = railOf(scene, letter.from);
  const to = railOf(scene, reader);
  if (from === undefined || to === undefined || (from < 0 && to < 0) || (from > height && to > height))
    return;
  const unread = at === undefined;
  const x0 = letter.at < axis.from ? -12 : axis.x(letter.at);
  const x1 = unread ? width - 8 : Math.max(at > axis.to ? width + 12 : axis.x(at), x0 + 9);
  if (x1 < 0 || x0 > width) return;
  const colour = unread ? palette.warn : palette.msg;
  const dash = unread ? [4, 3] : [];
  const down = to > from ? 1 : -1;
  if (from !== to) {
    // Full where it leaves, faint where it crosses the rows of others: many of them must not be a fence.
    const leave = Math.min(Math.abs(to - from), scene.size.agent - scene.size.mail);
    const arrive = to - 4 * down;
    on.globalAlpha = 0.4;
    line(
      on,
      colour,
      1,
      [
        [Math.round(x0) + 0.5, from],
        [Math.round(x0) + 0.5, arrive],
      ],
      dash,
    );
    on.globalAlpha = 1;
    const out = down > 0 ? from + leave : from - scene.size.mail;
    line(
      on,
      colour,
      1,
      [
        [Math.round(x0) + 0.5, from],
        [Math.round(x0) + 0.5, down > 0 ? Math.min(out, arrive) : Math.max(out, arrive)],
      ],
      dash,
    );
  }
  on.beginPath();
  on.moveTo(Math.round(x0) + 0.5, from === to ? to : to - 6 * down);
  if (from !== to) on.arcTo(Math.round(x0) + 0.5, to, x0 + 6, to, 4);
  on.lineTo(x1 - 5, to);
  on.strokeStyle = colour;
  on.lineWidth = 1;
  on.setLineDash(dash);
  on.stroke();
  paintHead(scene, x1, to, unread);
  if (unread && x0 < width - 90 && !named.has(reader)) {
    named.add(reader);
    write(scene, width > 500 ? "never read" : "unread", x1 - 11, to + 3.5, palette.warn, { align: "right" });
  }
  spots.push({
    x0,
    x1,
    y0: to - 4,
    y1: to + 4,
    thing: { sort: "letter", letter, reader, ...(at !== undefined && { at }) },
  });
}

function paintHead({ on, palette }: Scene, x: number, y: number, hollow: boolean): void {
  on.beginPath();
  on.moveTo(x - 6, y - 3.4);
  on.lineTo(x, y);
  on.lineTo(x - 6, y + 3.4);
  on.closePath();
  on.setLineDash([]);
  on.fillStyle = hollow ? palette.bg : palette.msg;
  on.fill();
  if (!hollow) return;
  on.strokeStyle = palette.warn;
  on.lineWidth = 1.25;
  on.stroke();
}
