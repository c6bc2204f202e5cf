import { computed, effect, signal } from "@preact/signals";
import { makeAxis, type Axis, type Gap } from "./axis.ts";
import { gapsFromEvents, gapsFromPyramid } from "./gaps.ts";
import { arrived, mostBlocks, openBlocks } from "./blocks.ts";
import { axisMode, focused, range, selection, source } from "./model.ts";
import { layRows, measuresFor, rowsBetween, shownAgents } from "./rows.ts";
import type { Spot } from "./scene.ts";
import { story } from "./story.ts";

/** The size of the browser's window, and of the lanes' canvas; set by the shell. */
export const windowSize = signal<readonly [width: number, height: number]>([1440, 900]);
export const canvasWidth = signal(900);
export const scrolled = signal(0);
/** How high the reader dragged the lanes; undefined: as high as they need and there is room for. */
export const wishedHeight = signal<number | undefined>(undefined);
/** The agent under the pointer. */
export const hovered = signal<number | undefined>(undefined);

export const blocks = computed(() => source.value && openBlocks(source.value));

/** Idle time: exact once all blocks of a small page are here, before that and for a large one as the overview knows it. */
export const gaps = computed<readonly Gap[]>(() => {
  const from = source.value;
  const held = blocks.value;
  if (!from || !held) return [];
  const { header, pyramid } = from;
  const count = header.index.length;
  if (count <= mostBlocks) {
    void arrived.value;
    held.want(0, count - 1);
    const here = header.index.flatMap((_, block) => held.get(block) ?? []);
    if (here.length === count) return gapsFromEvents(header, here);
  }
  return gapsFromPyramid(header, pyramid);
});

const noOrder = { rank: (at: number) => at, time: (rank: number) => rank };

/** Time to pixels, as the lanes and their labels have it now. */
export const axis = computed<Axis>(() => {
  const order = blocks.value?.order ?? noOrder;
  if (axisMode.value === "sequence") void arrived.value;
  return makeAxis(axisMode.value, range.value, canvasWidth.value, gaps.value, order);
});

export const size = computed(() => measuresFor(...windowSize.value, shownAgents.value.length));
export const rows = computed(() => layRows(size.value, (lane) => story.value?.tracks(lane) ?? 1));
export const wholeHeight = computed(() => {
  const last = rows.value.at(-1);
  return last ? last.y + last.height : 0;
});

/** What the lanes may take of the page: half of what the bars leave, unless the reader wished otherwise. */
export const lanesHeight = computed(() => {
  const [width, height] = windowSize.value;
  const bars = width < 700 ? 290 : 228;
  const most = Math.max(96, (height - bars) * (width < 700 ? 0.5 : 0.56));
  const wished = wishedHeight.value;
  const limit = wished === undefined ? most : Math.max(64, Math.min(height - bars - 60, wished));
  return Math.round(Math.min(wholeHeight.value, limit));
});

export const visibleRows = computed(() => {
  const top = scrolled.value;
  return rowsBetween(rows.value, top, top + lanesHeight.value);
});

/** What the last drawing put where, for the pointer. */
export const spots = { value: [] as Spot[], version: 0 };

/** Which row a lane is drawn in: its own, or that of the one it is folded into. */
export const rowByLane = computed(() => {
  const map = new Map<number, number>();
  for (const [place, row] of rows.value.entries()) for (const lane of row.lanes) map.set(lane, place);
  return map;
});

/** Keeps the scroll inside the lanes when they become fewer, and the row of what is selected or focused in sight. */
export function keepScroll(): void {
  effect(() => {
    const lane = selection.value?.lane ?? focused.value;
    const row = rows.value[rowByLane.value.get(lane) ?? -1];
    const top = scrolled.peek();
    const high = lanesHeight.value;
    if (!row || (row.y >= top && row.y + row.height <= top + high)) return;
    const most = Math.max(0, wholeHeight.value - high);
    scrolled.value = Math.max(0, Math.min(most, row.y - high / 3));
  });
  effect(() => {
    const most = Math.max(0, wholeHeight.value - lanesHeight.value);
    if (scrolled.value > most) scrolled.value = most;
  });
}
