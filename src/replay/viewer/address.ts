import { batch, effect } from "@preact/signals";
import * as model from "./model.ts";
import { blockOfNth, laneKey, laneWithKey, readPlace, writePlace } from "./place.ts";

/** The address of what is shown now, after its `#`. */
export function placeNow(): string {
  const header = model.source.value?.header;
  if (!header) return "";
  const chosen = model.selection.value;
  const [from, to] = model.range.value;
  const everything = from <= header.from && to >= header.to;
  const event =
    chosen?.lane !== undefined && chosen.nth !== undefined
      ? { lane: laneKey(header, chosen.lane), nth: chosen.nth }
      : undefined;
  return writePlace({
    t: Math.round(model.now.value),
    ...(!everything && { range: [from, to] }),
    ...(event && { event }),
    ...(model.focused.value !== 0 &&
      model.focused.value !== chosen?.lane && { lane: laneKey(header, model.focused.value) }),
    axis: model.axisMode.value,
    tab: model.tab.value,
    theme: model.theme.value,
    filters: model.filters.value,
    query: model.query.value,
    pattern: model.queryIsPattern.value,
  });
}

/** Goes where an address says. Resolves when its event is selected; an event that the page lacks is said in words. */
export async function goTo(hash: string): Promise<void> {
  const source = model.source.value;
  if (!source) return;
  const { header } = source;
  const place = readPlace(hash);
  batch(() => {
    if (place.axis) model.axisMode.value = place.axis;
    if (place.tab) model.tab.value = place.tab;
    if (place.theme) model.theme.value = place.theme;
    if (place.filters) model.filters.value = place.filters;
    model.query.value = place.query ?? "";
    model.queryIsPattern.value = place.pattern ?? false;
    if (place.range) model.setRange(place.range[0], place.range[1]);
    const lane = place.lane === undefined ? undefined : laneWithKey(header, place.lane);
    if (lane !== undefined) model.focused.value = lane;
    if (place.t !== undefined) model.seek(place.t);
  });
  if (!place.event) return;
  const { event } = place;
  const lane = laneWithKey(header, event.lane);
  const block = lane === undefined ? undefined : blockOfNth(header, lane, event.nth);
  if (lane === undefined || block === undefined) {
    model.said.value = "The event that this link names is not on this page";
    return;
  }
  const events = await source.events(block);
  const index = events.nth.findIndex((nth, at) => nth === event.nth && events.lane[at] === lane);
  if (index < 0) return;
  await model.select(events.first + index);
  if (place.t !== undefined) model.seek(place.t);
}

/** Keeps the address in step with the page, at most four times a second, without filling the browser's history. */
export function keepAddress(): void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let written = "";
  effect(() => {
    const place = placeNow();
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      written = `#${place}${location.hash.includes("debug") ? "&debug=1" : ""}`;
      history.replaceState(null, "", written);
    }, 250);
  });
  addEventListener("hashchange", ({ newURL }) => {
    // Not what stands there now: the place may have been written over it before this event came.
    const { hash } = new URL(newURL);
    if (hash !== written) void goTo(hash);
  });
}

async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    model.said.value = `${what} copied`;
  } catch {
    model.said.value = `${what}: ${text}`; // The browser forbids it: the reader can copy it from here.
  }
}

/** Copies the address of this page as it stands. */
export function copyLink(): Promise<void> {
  return copy(`${location.href.split("#")[0] ?? ""}#${placeNow()}`, "Link");
}

function quoted(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command that shows the selected event, or what happened around T, in a terminal. */
function commandNow(): string {
  const chosen = model.selection.value;
  const lane = model.laneOf(chosen?.lane ?? -1);
  if (lane?.session) return `tracecraft session show ${quoted(lane.session)} --events`;
  const [from, to] = model.range.value;
  const agent = lane?.name ?? model.laneOf(model.agentOf(model.focused.value))?.name;
  const bounds = `--since ${new Date(from).toISOString()} --until ${new Date(to).toISOString()}`;
  return `tracecraft replay ${bounds}${agent === undefined ? "" : ` --agent ${quoted(agent)}`} --open`;
}

export function copyCommand(): Promise<void> {
  return copy(commandNow(), "Command");
}
