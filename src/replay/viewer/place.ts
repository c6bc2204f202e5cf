import type { Header, Kind } from "../page.ts";
import { kinds } from "../page.ts";
import type { AxisMode, Filters, QuickView, Tab, Theme } from "./model.ts";
import { noFilters } from "./model.ts";

/** What an address says of the page: every member that is not there leaves things as they are. */
export interface Place {
  readonly t?: number;
  readonly range?: readonly [number, number];
  readonly axis?: AxisMode;
  /** The selected event: the key of its lane, and its place in it. */
  readonly event?: { readonly lane: string; readonly nth: number };
  readonly lane?: string;
  readonly filters?: Filters;
  readonly query?: string;
  readonly pattern?: boolean;
  readonly tab?: Tab;
  readonly theme?: Theme;
}

const axes = ["real", "compressed", "sequence"] as const;
const tabs = ["state", "events", "script", "spent"] as const;
const themes = ["system", "light", "dark"] as const;
const views = ["all", "errors", "conflicts", "handoffs", "stuck"] as const;
const statuses = ["ok", "failed"] as const;

/** What lasts of a lane when the page is made again: a session by its id, an agent by its name, a sub-agent below its parent. */
export function laneKey(header: Header, index: number, depth = 0): string {
  const lane = header.lanes[index];
  if (!lane) return "";
  if (lane.session !== undefined && lane.session !== "") return lane.session;
  if (lane.parent === undefined || lane.parent >= index || depth > 64) return lane.name;
  return `${laneKey(header, lane.parent, depth + 1)}/${lane.name}`;
}

/** The lane with this key; undefined where the page has none. */
export function laneWithKey(header: Header, key: string): number | undefined {
  const found = header.lanes.findIndex((_, index) => laneKey(header, index) === key);
  return found < 0 ? undefined : found;
}

/** The `seq` range of the block that holds the nth event of a lane, by the blocks' own counts. */
export function blockOfNth(header: Header, lane: number, nth: number): number | undefined {
  let before = 0;
  for (const [place, block] of header.index.entries()) {
    for (let at = 0; at < block.lanes.length; at += 2) {
      if (block.lanes[at] !== lane) continue;
      before += block.lanes[at + 1] ?? 0;
      if (before > nth) return place;
    }
  }
  return undefined;
}

function oneOf<T extends string>(values: readonly T[], word: string | null): T | undefined {
  return values.find((value) => value === word);
}

function time(word: string | null): number | undefined {
  if (word === null || word === "") return undefined;
  const at = /^-?\d{1,16}$/.test(word) ? Number(word) : Date.parse(word);
  return Number.isFinite(at) ? at : undefined;
}

/** Reads the part of an address after `#`. Anything that is not understood is left out. */
export function readPlace(hash: string): Place {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const t = time(words.get("t"));
  const [from, to] = (words.get("w") ?? "").split("~").map((word) => time(word));
  const event = /^(.*):(\d{1,12})$/su.exec(words.get("e") ?? "");
  const axis = oneOf(axes, words.get("axis"));
  const tab = oneOf(tabs, words.get("tab"));
  const theme = oneOf(themes, words.get("theme"));
  const query = words.get("q");
  const lane = words.get("lane");
  return {
    ...(t !== undefined && { t }),
    ...(from !== undefined && to !== undefined && from < to && { range: [from, to] as const }),
    ...(event && { event: { lane: event[1] ?? "", nth: Number(event[2]) } }),
    ...(axis && { axis }),
    ...(tab && { tab }),
    ...(theme && { theme }),
    ...(query !== null && { query }),
    ...(words.has("regex") && { pattern: true }),
    ...(lane !== null && { lane }),
    filters: readFilters(words),
  };
}

function readFilters(words: URLSearchParams): Filters {
  const since = time(words.get("since"));
  const until = time(words.get("until"));
  return {
    ...noFilters,
    view: oneOf<QuickView>(views, words.get("view")) ?? "all",
    agents: words.getAll("agent"),
    harnesses: words.getAll("harness"),
    kinds: words.getAll("kind").filter((kind): kind is Kind => kinds.includes(kind as Kind)),
    tools: words.getAll("tool"),
    statuses: statuses.filter((status) => words.getAll("status").includes(status)),
    steps: words.getAll("step"),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

/** The part of an address after `#` that says this place: short, as each usual thing is left out. */
export function writePlace(place: Place): string {
  const words = new URLSearchParams();
  if (place.t !== undefined) words.set("t", new Date(place.t).toISOString());
  if (place.range) words.set("w", place.range.map((at) => Math.round(at)).join("~"));
  if (place.event) words.set("e", `${place.event.lane}:${place.event.nth}`);
  if (place.lane !== undefined) words.set("lane", place.lane);
  if (place.axis && place.axis !== "compressed") words.set("axis", place.axis);
  if (place.tab && place.tab !== "state") words.set("tab", place.tab);
  if (place.theme && place.theme !== "system") words.set("theme", place.theme);
  if (place.query) words.set("q", place.query);
  if (place.pattern) words.set("regex", "1");
  const filters = place.filters ?? noFilters;
  if (filters.view !== "all") words.set("view", filters.view);
  const lists = {
    agent: filters.agents,
    harness: filters.harnesses,
    kind: filters.kinds,
    tool: filters.tools,
    status: filters.statuses,
    step: filters.steps,
  };
  for (const [name, values] of Object.entries(lists)) for (const value of values) words.append(name, value);
  if (filters.since !== undefined) words.set("since", String(filters.since));
  if (filters.until !== undefined) words.set("until", String(filters.until));
  return words.toString().replaceAll("%3A", ":").replaceAll("%7E", "~").replaceAll("%2F", "/");
}
