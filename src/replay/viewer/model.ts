import { batch, computed, signal } from "@preact/signals";
import type { Events, Header, Kind, Lane, Source } from "../page.ts";
import { blockEvents } from "../page.ts";

/** What the page shows. Undefined until its first bytes are decoded; replaced as a whole when a followed bucket grew. */
export const source = signal<Source | undefined>(undefined);

/** T: the moment of which the page tells the state, in milliseconds. Never eased. */
export const now = signal(0);

export interface Selection {
  readonly seq: number;
  /** Known once the event's block is read. */
  readonly at?: number;
  readonly lane?: number;
  readonly nth?: number;
  readonly kind?: number;
}
/** The one selected event: in the lanes, the list and the transcript. */
export const selection = signal<Selection | undefined>(undefined);

/** The span that the lanes show. */
export const range = signal<readonly [from: number, to: number]>([0, 1]);

export type AxisMode = "real" | "compressed" | "sequence";
export const axisMode = signal<AxisMode>("compressed");

/** The lane whose transcript is shown; its agent is marked in the lanes. */
export const focused = signal(0);

/** Below the lanes, where there is no room for all: which pane is shown. */
export type Tab = "state" | "events" | "script" | "spent";
export const tab = signal<Tab>("state");

export type Theme = "system" | "light" | "dark";
export const theme = signal<Theme>("system");

export type QuickView = "all" | "errors" | "conflicts" | "handoffs" | "stuck";

/** What is left in the list: AND across the members, OR within one; an empty member asks nothing. */
export interface Filters {
  readonly view: QuickView;
  readonly agents: readonly string[];
  readonly harnesses: readonly string[];
  readonly kinds: readonly Kind[];
  readonly tools: readonly string[];
  readonly statuses: readonly ("ok" | "failed")[];
  readonly steps: readonly string[];
  /** Milliseconds; absent: no bound. */
  readonly since?: number;
  readonly until?: number;
}
export const noFilters: Filters = {
  view: "all",
  agents: [],
  harnesses: [],
  kinds: [],
  tools: [],
  statuses: [],
  steps: [],
};
export const filters = signal<Filters>(noFilters);
/** The text that is looked for, and whether it is a regular expression. */
export const query = signal("");
export const queryIsPattern = signal(false);

/** Whether the list and the transcript keep T in view; ends when the reader scrolls. */
export const following = signal(true);

/** Whether the page is fed by a server that follows the bucket. */
export const live = signal(false);

export const playing = signal(false);
export const speeds = [0.5, 1, 5, 10, 50] as const;
export const speed = signal<number>(10);

/** What screen readers are told: how many events a filter left, what was copied. */
export const said = signal("");

/** A dark page: the system's wish is the theme `system`. Set by the shell. */
export const darkSystem = signal(false);
export const dark = computed(() => theme.value === "dark" || (theme.value === "system" && darkSystem.value));

/** How often a row was drawn or looked at since the page was opened: it must not grow with the page. */
export const work = { rows: 0, marks: 0, bins: 0, hits: 0 };

export function laneOf(index: number): Lane | undefined {
  return source.value?.header.lanes[index];
}

/** What a message's `to` is called: a lane's name, everyone, or the name of one who is no agent. */
export function addressee(
  to: number | undefined,
  { lanes, strangers }: Pick<Header, "lanes" | "strangers">,
): string {
  if (to === undefined) return "somebody";
  if (to === -1) return "everyone";
  return (to < 0 ? strangers?.[-2 - to] : lanes[to]?.name) ?? "somebody";
}

/** The agent's lane that a lane belongs to; itself where it is one. */
export function agentOf(index: number): number {
  let lane = index;
  for (let depth = 0; depth < 64; depth++) {
    const parent = laneOf(lane)?.parent;
    if (parent === undefined || parent >= lane) return lane;
    lane = parent;
  }
  return lane;
}

/** The columns of the block that holds `seq`, and the place in them. Undefined for a `seq` that the page does not have. */
async function eventAt(seq: number): Promise<{ events: Events; index: number } | undefined> {
  const from = source.value;
  if (!from || !(seq >= 0) || seq >= from.header.events) return undefined;
  const events = await from.events(Math.floor(seq / blockEvents));
  return { events, index: seq - events.first };
}

let asked = 0;
/** Selects an event, moves T to its time, and shows its lane. The last call wins. */
export async function select(seq: number): Promise<void> {
  const ask = ++asked;
  selection.value = { seq };
  const found = await eventAt(seq);
  if (!found || ask !== asked) return;
  const { events, index } = found;
  const at = events.at[index] ?? now.value;
  const lane = events.lane[index] ?? 0;
  const kind = events.kind[index] ?? 0;
  batch(() => {
    selection.value = { seq, at, lane, nth: events.nth[index] ?? 0, kind };
    focused.value = lane;
    seek(at);
  });
}

/** Moves T, kept inside the page's range, and the window with it where T has left it. */
export function seek(at: number): void {
  const header = source.value?.header;
  if (!header || !Number.isFinite(at)) return;
  const t = Math.min(header.to, Math.max(header.from, at));
  batch(() => {
    now.value = t;
    const [from, to] = range.value;
    if (t >= from && t <= to) return;
    const span = to - from;
    setRange(t - span / 3, t + (span * 2) / 3);
  });
}

const past: (readonly [number, number])[] = [];

/** Shows this span of time, at least 20 ms of it and nothing outside the page's range. `remember`: Backspace comes back. */
export function setRange(from: number, to: number, remember = false): void {
  const header = source.value?.header;
  if (!header) return;
  const whole = Math.max(20, header.to - header.from);
  const span = Math.min(whole, Math.max(20, to - from));
  const start = Math.min(header.from + whole - span, Math.max(header.from, from));
  if (remember && (past.length === 0 || past.at(-1) !== range.value)) past.push(range.value);
  if (past.length > 200) past.shift();
  range.value = [start, start + span];
}

/** The span that was shown before the last zoom. */
export function rangeBefore(): void {
  const before = past.pop();
  if (before) range.value = before;
}

/** Takes in a source: T, the window and the focus start where a reader looks first, and stay where they were later. */
export function open(next: Source): void {
  const first = source.value === undefined;
  batch(() => {
    source.value = next;
    if (!first) return;
    const { from, to } = next.header;
    range.value = [from, Math.max(from + 20, to)];
    now.value = to;
  });
}
