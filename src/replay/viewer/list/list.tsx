import { batch, useSignalEffect } from "@preact/signals";
import { createRef } from "preact";
import { useEffect } from "preact/hooks";
import type { Source } from "../../page.ts";
import { Mark, markOf, markWords } from "../marks.tsx";
import { following, now, selection, select, work } from "../model.ts";
import { clock, long } from "../words.ts";
import { actor, eventWords, kindOf, momentWords, toolOf } from "./event-words.tsx";
import type { Place } from "./extent.ts";
import { hitsAround } from "./hits.ts";
import type { Line, Merged } from "./merged.ts";
import { keepMerged, lineOfNow, merged, nowSeq, opened, rowPx, version } from "./merged.ts";
import type { Page } from "./pages.ts";
import { arrived, momentAt } from "./pages.ts";
import { recordsOf } from "./records.ts";
import { isFailed, rowShowing, toolCounts } from "./rows.ts";
import { Scroller } from "./scroller.tsx";

const scroller = createRef<Scroller>();
const rowId = (seq: number) => `e${seq}`;

/** Opens or closes the fold at a line. False where the line is none. */
export function toggle(list: Merged, place: Place): boolean {
  const here = list.lines(place.block);
  const line = here?.lines[place.item];
  if (!here || !line?.calls) return false;
  const seq = here.page.events.first + line.index;
  const next = new Set(opened.value);
  if (!next.delete(seq)) next.add(seq);
  opened.value = next;
  return true;
}

function textOf(source: Source, { events, previews }: Page, line: Line) {
  const { header } = source;
  if (line.calls) {
    const names = line.calls.map((index) => toolOf(header, events, index) || "call");
    return { text: `${line.calls.length} calls: ${toolCounts(names)}` };
  }
  const moment = momentAt(source, events.first + line.index);
  if (moment) return momentWords(moment, header, recordsOf(source));
  return eventWords(header, events, line.index, previews[line.index] ?? "");
}

function markFor(source: Source, { events }: Page, index: number) {
  const moment = momentAt(source, events.first + index);
  const unread =
    moment?.kind === "send" &&
    moment.id !== undefined &&
    !recordsOf(source).reads(moment.id) &&
    moment.to !== -1;
  if (moment?.urgent) return markOf(moment.kind, moment);
  if (unread) return "unread" as const;
  return isFailed(events, index) && !moment ? ("error" as const) : markOf(kindOf(events, index), moment);
}

function classOf({ events }: Page, line: Line, mark: string): string {
  const quiet = /^(?:call|renew|result|note|model|thought|read|ack|compaction|unknown)$/.test(mark);
  const bad = mark === "error" || mark === "fenced";
  const later = (events.at[line.index] ?? 0) > now.value;
  return `ev${quiet ? " tool" : ""}${bad ? " bad" : ""}${later ? " later" : ""}${line.inner ? " inner" : ""}`;
}

interface RowProps {
  readonly list: Merged;
  readonly block: number;
  readonly item: number;
  readonly page: Page;
  readonly line: Line;
  readonly named: boolean;
  readonly selected: boolean;
}

function EventRow({ list, block, item, page, line, named, selected }: RowProps) {
  work.rows++;
  const { source } = list;
  const { events } = page;
  const seq = events.first + line.index;
  const mark = markFor(source, page, line.index);
  const { text, meta } = textOf(source, page, line);
  const hits = hitsAround(seq);
  const press = () => {
    if (selection.peek()?.seq === seq && toggle(list, { block, item })) return;
    following.value = false;
    void select(seq);
  };
  return (
    <div
      id={rowId(seq)}
      role="option"
      aria-selected={selected}
      class={classOf(page, line, mark)}
      onClick={press}
    >
      <span class="tm">{clock(events.at[line.index] ?? NaN)}</span>
      <Mark name={mark} />
      <span class={named ? "ag" : "ag same"}>{actor(source.header, events.lane[line.index] ?? 0)}</span>
      <span class="hidden">{markWords[mark]}</span>
      <span class="x">
        {line.calls && <i class={opened.value.has(seq) ? "turn-mark open" : "turn-mark"} />}
        {text}
      </span>
      <span class="m">{hits > 0 ? `${hits} ${hits === 1 ? "match" : "matches"}` : meta}</span>
    </div>
  );
}

function NowLine() {
  return (
    <div class="nowline" role="presentation">
      {clock(now.value)}
    </div>
  );
}

interface ItemProps {
  readonly list: Merged;
  readonly block: number;
  readonly item: number;
  /** The first that is seen: it names its agent. */
  readonly top: boolean;
}

function Item({ list, block, item, top }: ItemProps) {
  const place = { block, item };
  const here = list.lines(place.block);
  const line = here?.lines[place.item];
  if (!here || !line) return <div class="ev" role="presentation" />;
  const { events } = here.page;
  const at = lineOfNow(place.block, here.lines);
  const chosen = selection.value?.seq;
  const shown = chosen === undefined ? -1 : chosenLine(here, chosen);
  const before = here.lines[place.item - 1];
  const named =
    !before ||
    before.idle !== undefined ||
    at === place.item ||
    events.lane[before.index] !== events.lane[line.index];
  return (
    <div role="presentation">
      {at === place.item && <NowLine />}
      {line.idle === undefined ? (
        <EventRow
          list={list}
          block={block}
          item={item}
          page={here.page}
          line={line}
          named={named || top}
          selected={shown === place.item}
        />
      ) : (
        <div class="gapline" role="presentation">
          nothing for {long(line.idle)}
        </div>
      )}
      {at === here.lines.length && place.item === at - 1 && <NowLine />}
    </div>
  );
}

let last: { lines: readonly Line[]; seq: number; place: number } | undefined;
/** The line that shows the selected event: looked for once, not once a line. */
function chosenLine({ page, lines }: { page: Page; lines: readonly Line[] }, seq: number): number {
  if (last?.lines === lines && last.seq === seq) return last.place;
  const index = seq - page.events.first;
  const inside = index >= 0 && index < page.events.at.length;
  const inner = inside ? lines.findIndex((line) => line.inner && line.index === index) : -1;
  const place = inner >= 0 || !inside ? inner : rowShowing(lines, page.events, index);
  last = { lines, seq, place };
  return place;
}

async function reveal(seq: number | undefined, share?: number): Promise<void> {
  const list = merged.peek();
  if (!list || seq === undefined) return;
  const place = await list.find(seq);
  if (place && merged.peek() === list) scroller.current?.reveal(place, share);
}

/** Selects the line below or above the selected one. */
export async function moveBy(delta: 1 | -1): Promise<void> {
  const list = merged.peek();
  if (!list) return;
  const from = selection.peek()?.seq ?? nowSeq.peek() ?? 0;
  let place = (await list.find(from)) ?? { block: Math.floor(from / 4096), item: -1 };
  for (;;) {
    const items = list.lines(place.block)?.lines ?? [];
    const item = place.item + delta;
    const line = items[item];
    if (line && line.idle === undefined) {
      const page = list.lines(place.block)?.page;
      following.value = false;
      if (page) await select(page.events.first + line.index);
      return;
    }
    if (line) place = { block: place.block, item };
    else {
      let block = place.block + delta;
      while (block >= 0 && block < list.source.header.index.length && list.match.skips(block)) block += delta;
      if (block < 0 || block >= list.source.header.index.length) return;
      await list.pages.load(block);
      place = { block, item: delta > 0 ? -1 : (list.lines(block)?.lines.length ?? 0) };
    }
  }
}

/** Opens or folds the selected line. */
export async function openSelected(): Promise<void> {
  const list = merged.peek();
  const seq = selection.peek()?.seq;
  const place = list && seq !== undefined ? await list.find(seq) : undefined;
  if (list && place) toggle(list, place);
}

function Follows() {
  return (
    <button
      type="button"
      class="push dim"
      aria-pressed={following.value}
      title="f"
      onClick={() => {
        following.value = !following.value;
      }}
    >
      {following.value ? "follows T" : "follow T"}
    </button>
  );
}

function useTouch(): void {
  useEffect(() => {
    const narrow = matchMedia("(max-width: 699px)");
    const set = () => {
      rowPx.value = narrow.matches ? 32 : 22;
    };
    set();
    narrow.addEventListener("change", set);
    return () => narrow.removeEventListener("change", set);
  }, []);
}

/** The merged list: every event of every agent in the one order, folded, filtered, and only what is in view drawn. */
export function List() {
  useEffect(keepMerged, []);
  useTouch();
  useSignalEffect(() => {
    const seq = selection.value?.seq;
    if (seq !== undefined) void reveal(seq);
  });
  useSignalEffect(() => {
    const seq = nowSeq.value;
    if (following.value) void reveal(seq, 0.62);
  });
  const list = merged.value;
  const chosen = selection.value?.seq;
  return (
    <section class="pane events" aria-label="Events">
      <div class="bar">
        <h2>Events</h2>
        <span class="faint">all agents, one clock</span>
        <Follows />
      </div>
      {list && (
        <Scroller
          ref={scroller}
          extent={list.extent}
          version={version.value + arrived.value + (nowSeq.value ?? 0)}
          label="Events, all agents"
          role="listbox"
          active={chosen === undefined ? undefined : rowId(chosen)}
          item={({ block, item }, top) => (
            <Item key={`${block}.${item}`} list={list} block={block} item={item} top={top} />
          )}
          waiting={(block) => <Waiting key={`w${block}`} list={list} block={block} />}
          onReader={() => batch(() => (following.value = false))}
        />
      )}
    </section>
  );
}

function Waiting({ list, block }: { readonly list: Merged; readonly block: number }) {
  list.lines(block);
  return (
    <div
      class="waiting"
      data-waiting=""
      role="presentation"
      style={{ height: `${list.extent.height({ block, item: 0 })}px` }}
    >
      {list.pages.trouble(block)}
    </div>
  );
}
