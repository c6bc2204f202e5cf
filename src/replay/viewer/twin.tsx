import { computed, signal } from "@preact/signals";
import { kinds } from "../page.ts";
import { arrived, lowerBound, mostBlocks } from "./blocks.ts";
import { sentence } from "./describe.ts";
import { isError } from "./density.ts";
import { firstFrom } from "./intervals.ts";
import { blocks, rowByLane, rows } from "./lane-view.ts";
import { agentOf, focused, laneOf, range, select, selection, source } from "./model.ts";
import { clock, whole } from "./words.ts";

const most = 100;

interface Entry {
  readonly seq: number;
  readonly at: number;
  readonly text: string;
}

/** The events of the focused row that the window shows, the first 100: the drawing's words. */
const entries = computed<{ readonly list: readonly Entry[]; readonly more: boolean }>(() => {
  void arrived.value;
  const from = source.value;
  const held = blocks.value;
  const [start, end] = range.value;
  const place = rowByLane.value.get(focused.value) ?? rowByLane.value.get(agentOf(focused.value));
  const row = rows.value[place ?? -1];
  if (!from || !held || !row) return { list: [], more: false };
  const lanes = new Set(row.lanes);
  lanes.add(agentOf(row.lane));
  const list: Entry[] = [];
  const { first, last } = held.touching(start, end);
  if (last - first < mostBlocks) held.want(first, last);
  const { moments } = from;
  for (let block = first; block <= last && list.length <= most; block++) {
    const events = held.get(block);
    if (!events) break;
    const stop = lowerBound(events.at, end + 1e-6);
    for (let index = lowerBound(events.at, start); index < stop && list.length <= most; index++) {
      if (!lanes.has(events.lane[index] ?? -1)) continue;
      const seq = events.first + index;
      const moment = moments[firstFrom(moments, seq, (one) => one.seq)];
      const kind = kinds[events.kind[index] ?? 0] ?? "unknown";
      const tool = from.header.tools[(events.tool[index] ?? 0) - 1];
      const text = moment?.seq === seq ? sentence(moment) : [kind, tool].filter(Boolean).join(" ");
      const failed = isError(events, index) && kind !== "error" ? ", failed" : "";
      list.push({ seq, at: events.at[index] ?? 0, text: `${text}${failed}` });
    }
  }
  return { list: list.slice(0, most), more: list.length > most };
});

const active = signal(0);

/** A list for those who do not see the canvas: the arrow keys walk it, Enter selects. */
export function Twin() {
  const { list, more } = entries.value;
  const place = Math.min(active.value, list.length - 1);
  const name = laneOf(focused.value)?.name ?? "";
  const chosen = selection.value?.seq;
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      Home: 0,
      End: list.length - 1,
      PageDown: place + 10,
      PageUp: place - 10,
    };
    const next = moves[event.key];
    if (next !== undefined) active.value = Math.max(0, Math.min(list.length - 1, next));
    else if (event.key === "Enter" || event.key === " ") {
      const entry = list[place];
      if (entry) void select(entry.seq);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const label = `Events of ${name} in the lanes${more ? `, the first ${whole(most)}` : ""}`;
  return (
    <div
      class="twin"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={list.length > 0 ? `twin-${place}` : undefined}
      onKeyDown={onKeyDown}
    >
      {list.length === 0 && (
        <div role="option" aria-selected="false" aria-disabled="true">
          no events here
        </div>
      )}
      {list.map(({ seq, at, text }, index) => (
        <div
          key={seq}
          id={`twin-${index}`}
          role="option"
          aria-selected={seq === chosen}
          class={index === place ? "at" : ""}
        >
          {clock(at)} {text}
        </div>
      ))}
    </div>
  );
}
