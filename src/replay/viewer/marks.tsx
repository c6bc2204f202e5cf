import type { Kind, Moment } from "../page.ts";
import type { Colour, Palette } from "./palette.ts";

/** How one stroke of a mark is made: filled, drawn, drawn in dashes, or a lease's bar. All in a square of 14, around 0. */
type Stroke = readonly [how: "fill" | "line" | "dash" | "soft", path: string, colour: Colour, width?: number];

const bar = "M-5.5-4H5.5V4H-5.5Z";
const disc = (r: number) => `M0-${r}A${r} ${r} 0 1 1 0 ${r}A${r} ${r} 0 1 1 0-${r}Z`;

// Shape decides, colour helps: without colour no two of these are alike.
const strokes = {
  claim: [
    ["soft", bar, "lease"],
    ["line", "M-5-4V4", "lease", 2],
  ],
  taken: [
    ["soft", bar, "lease"],
    ["line", "M-5-4V4M-1.5-4V4", "lease", 2],
  ],
  renew: [
    ["soft", "M-5.5-5H5.5V1H-5.5Z", "lease"],
    ["line", "M0 1V5.5", "lease", 1.5],
  ],
  complete: [
    ["soft", bar, "lease"],
    ["fill", "M1-4.5H6V4.5H1Z", "lease"],
  ],
  release: [
    ["soft", "M-5.5-4H1V4H-5.5Z", "lease"],
    ["line", "M2.5 0H6", "lease", 1.5],
  ],
  block: [
    ["soft", bar, "warn"],
    ["line", "M3-5.5V5.5M5.8-5.5V5.5", "warn", 1.5],
  ],
  review: [
    ["soft", bar, "lease"],
    ["line", "M-1.5-.5 .8 2 4.5-2.5", "lease", 1.5],
  ],
  reopen: [["line", "M4.2-2.8A5 5 0 1 0 5 1.5M5-5.5V-1.8H1.2", "lease", 1.5]],
  lapse: [
    ["dash", "M3-4H-5.5V4H3", "warn", 1],
    ["line", "M3-6 5.5-3 2.5 0 5.5 3 3 6", "warn", 1.5],
  ],
  lost: [
    ["line", "M-5-4.2 2 0-5 4.2Z", "warn", 1.5],
    ["line", "M5-5V5", "warn", 2],
  ],
  unresolved: [["dash", "M-5-4.2 3.5 0-5 4.2Z", "warn", 1.5]],
  fenced: [
    ["line", disc(5.2), "err", 1.75],
    ["line", "M-2.6 0H2.6", "err", 2],
  ],
  handoff: [["fill", "M0-6 6 0 0 6-6 0Z", "hand"]],
  send: [
    ["line", "M-6 0H1", "msg", 1.25],
    ["fill", "M0-3.6 6 0 0 3.6Z", "msg"],
  ],
  unread: [
    ["line", "M-6 0H0", "warn", 1.25],
    ["line", "M0-3.6 6 0 0 3.6Z", "warn", 1.25],
  ],
  urgent: [
    ["line", "M-6 0H1", "err", 1.25],
    ["fill", "M0-3.6 6 0 0 3.6Z", "err"],
    ["line", "M-5-4.5V4.5", "err", 2],
  ],
  broadcast: [
    ["line", "M-6 0H-1", "msg", 1.25],
    ["fill", "M-3-3.6 2 0-3 3.6Z", "msg"],
    ["fill", "M2-3.6 7 0 2 3.6Z", "msg"],
  ],
  read: [["line", "M-6 0H-1M-1-3.6 5 0-1 3.6Z", "msg", 1.25]],
  ack: [["line", "M-5 .5-1.5 4 5-3.5", "msg", 1.5]],
  artifact: [["line", "M-3.8-3.8H3.8V3.8H-3.8Z", "ink", 1.75]],
  memory: [["fill", disc(4), "mem"]],
  error: [["line", "M-3.5-3.5 3.5 3.5M3.5-3.5-3.5 3.5", "err", 2]],
  silent: [["line", "M-6 0H2M2-5V5", "ink", 1.5]],
  join: [["line", "M-2 0H6M-2-5V5", "ink", 1.5]],
  alive: [["fill", disc(3.5), "ink"]],
  idle: [["line", disc(3.2), "ink-3", 1.5]],
  free: [["dash", bar, "ink-3", 1]],
  reserve: [["line", "M-5-3H-2L-.5-5H5V4H-5Z", "lease", 1.25]],
  unreserve: [["dash", "M-5-3H-2L-.5-5H5V4H-5Z", "ink-3", 1.25]],
  call: [["line", "M-2.5 0H2.5", "ink-3", 1.5]],
  result: [["line", "M-2.5 0H2.5M2.5-2V2", "ink-3", 1.25]],
  prompt: [
    ["line", "M-3-4V4", "ink", 2],
    ["line", "M0-2H5M0 2H4", "ink", 1.25],
  ],
  reply: [["line", "M-5-2.5H5M-5 2.5H2", "ink-2", 1.25]],
  thought: [["dash", "M-5-2.5H5M-5 2.5H2", "ink-3", 1.25]],
  model: [["line", "M-4 3 0-4 4 3Z", "ink-3", 1.25]],
  compaction: [["line", "M-5-4H5M-5 4H5M-2-1.5H2M-2 1.5H2", "ink-3", 1.25]],
  note: [["fill", disc(1.5), "ink-3"]],
  unknown: [["line", "M-2.5-2.2A2.5 2.5 0 1 1 0 .8V2M0 4.2V5", "ink-3", 1.25]],
} as const satisfies Record<string, readonly Stroke[]>;
export type MarkName = keyof typeof strokes;

/** What each mark is called, in the legend and for those who do not see it. */
export const markWords: Readonly<Record<MarkName, string>> = {
  claim: "lease",
  taken: "taken over",
  renew: "renewed",
  complete: "completed",
  release: "released",
  block: "blocked",
  review: "needs review",
  reopen: "reopened",
  lapse: "lapsed",
  lost: "lost race",
  unresolved: "outcome unknown",
  fenced: "fenced",
  handoff: "handoff",
  send: "message, read",
  unread: "unread",
  urgent: "urgent message",
  broadcast: "to everyone",
  read: "reads its mail",
  ack: "acknowledged",
  artifact: "artifact",
  memory: "memory",
  error: "error",
  silent: "silent",
  join: "joined",
  alive: "working",
  idle: "waiting",
  free: "held by nobody",
  reserve: "reserved",
  unreserve: "reservation ended",
  call: "tool call",
  result: "result",
  prompt: "prompt",
  reply: "reply",
  thought: "thought",
  model: "model",
  compaction: "compaction",
  note: "note",
  unknown: "unknown record",
};

/** The mark of an event: of a claim that took a lapsed step over, of an urgent message and of one to everybody another. */
export function markOf(
  kind: Kind,
  moment?: Pick<Moment, "takenFrom" | "forcedFrom" | "to" | "urgent">,
): MarkName {
  if (kind === "claim" && (moment?.takenFrom ?? moment?.forcedFrom) !== undefined) return "taken";
  if (kind === "send" && moment?.urgent) return "urgent";
  if (kind === "send" && moment?.to === -1) return "broadcast";
  return kind;
}

/** The mark as a picture of 14 by 14. It says nothing to a screen reader: the words beside it do. */
export function Mark({ name }: { readonly name: MarkName }) {
  return (
    <svg width={14} height={14} viewBox="-7 -7 14 14" aria-hidden="true" data-mark={name}>
      {strokes[name].map(([how, path, colour, width]: Stroke) => (
        <path
          key={path}
          d={path}
          fill={how === "fill" ? `var(--${colour})` : how === "soft" ? "var(--lease-bg)" : "none"}
          stroke={how === "fill" ? "none" : `var(--${colour})`}
          stroke-width={width ?? 1}
          stroke-dasharray={how === "dash" ? "2 2" : undefined}
          stroke-linejoin="round"
        />
      ))}
    </svg>
  );
}

const paths = new Map<string, Path2D>();
function pathOf(path: string): Path2D {
  const known = paths.get(path);
  if (known) return known;
  const made = new Path2D(path);
  paths.set(path, made);
  return made;
}

/** Draws the same mark on a canvas, set off from what is below by a ring of the background. */
export function drawMark(
  on: CanvasRenderingContext2D,
  name: MarkName,
  x: number,
  y: number,
  palette: Palette,
): void {
  on.save();
  on.translate(x, y);
  on.lineJoin = "round";
  on.strokeStyle = palette.bg;
  for (const [how, path, , width] of strokes[name] as readonly Stroke[]) {
    on.lineWidth = (how === "fill" ? 0 : (width ?? 1)) + 3.5;
    on.stroke(pathOf(path));
  }
  for (const [how, path, colour, width] of strokes[name] as readonly Stroke[]) {
    on.fillStyle = how === "soft" ? palette["lease-bg"] : palette[colour];
    on.strokeStyle = palette[colour];
    on.lineWidth = width ?? 1;
    on.setLineDash(how === "dash" ? [2, 2] : []);
    if (how === "fill" || how === "soft") on.fill(pathOf(path));
    if (how !== "fill") on.stroke(pathOf(path));
  }
  on.restore();
}
