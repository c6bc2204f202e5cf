import { clearSearch, resetFilters } from "./list/index.ts";
import { copyCommand, copyLink } from "./address.ts";
import { focusNext } from "./focus.ts";
import { goOpen } from "./go.tsx";
import type { Jump } from "./jump.ts";
import { step } from "./jump.ts";
import { allBindings, bind, type Binding } from "./keys.ts";
import { sheetOpen } from "./keys-sheet.tsx";
import {
  axisMode,
  focused,
  now,
  playing,
  rangeBefore,
  seek,
  selection,
  source,
  speed,
  speeds,
  type AxisMode,
} from "./model.ts";
import { toggleSolo } from "./rows.ts";
import { pan, zoom, zoomOut, zoomToSelection } from "./zoom.ts";

const jumps: readonly (readonly [string, Exclude<Jump, "event">])[] = [
  ["c", "claim"],
  ["m", "message"],
  ["e", "error"],
  ["h", "handoff"],
  ["x", "conflict"],
  ["p", "prompt"],
];

function faster(direction: 1 | -1): void {
  const place = speeds.findIndex((each) => each === speed.value) + direction;
  speed.value = speeds[Math.max(0, Math.min(speeds.length - 1, place))] ?? 10;
}

const time: readonly Binding[] = [
  {
    keys: [" "],
    group: "Time",
    label: "play or pause",
    run: () => (playing.value = !playing.value),
  },
  {
    keys: ["ArrowLeft", "ArrowRight"],
    group: "Time",
    label: "event before, after",
    run: ({ key, shiftKey }) => {
      const direction = key === "ArrowRight" ? 1 : -1;
      if (shiftKey) seek(now.value + direction * 1000);
      else void step("event", direction);
    },
  },
  { keys: [], shown: ["⇧", "←", "→"], group: "Time", label: "one second", run: () => undefined },
  {
    keys: ["<", ">"],
    group: "Time",
    label: "slower, faster",
    run: ({ key }) => faster(key === ">" ? 1 : -1),
  },
  { keys: ["g"], group: "Time", label: "go to a time", run: () => (goOpen.value = true) },
  {
    keys: ["Home", "End"],
    group: "Time",
    label: "first, last",
    run: ({ key }) => {
      const header = source.value?.header;
      if (header) seek(key === "Home" ? header.from : header.to);
    },
  },
];

const view: readonly Binding[] = [
  {
    keys: ["w", "s"],
    group: "View",
    label: "zoom in, out",
    run: ({ key }) => zoom(key === "w" ? 0.75 : 1.333),
  },
  { keys: ["a", "d"], group: "View", label: "pan", run: ({ key }) => pan(key === "d" ? 96 : -96) },
  { keys: ["z"], group: "View", label: "zoom to selection", run: zoomToSelection },
  { keys: ["Backspace"], group: "View", label: "zoom back", run: rangeBefore },
  { keys: ["0"], group: "View", label: "everything", run: zoomOut },
  {
    keys: ["1", "2", "3"],
    group: "View",
    label: "real, compressed, sequence",
    run: ({ key }) => {
      const modes: readonly AxisMode[] = ["real", "compressed", "sequence"];
      axisMode.value = modes[Number(key) - 1] ?? "compressed";
    },
  },
];

/** One step out: first the topmost thing that is open, then the search, the selection, the filters. */
function out(): void {
  if (sheetOpen.value) sheetOpen.value = false;
  else if (goOpen.value) goOpen.value = false;
  else if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
  else if (clearSearch()) return;
  else if (selection.value) selection.value = undefined;
  else resetFilters();
}

/** The keys of the shell; what the list has bound before stays the list's. */
export function bindPageKeys(): void {
  const taken = new Set(allBindings().flatMap(({ keys }) => keys));
  const own: readonly Binding[] = [
    ...time,
    ...jumps.map(([key, jump]): Binding => ({
      keys: [key, key.toUpperCase()],
      shown: [key],
      group: "Next, with Shift the one before",
      label: jump,
      run: (event) => void step(jump, event.shiftKey ? -1 : 1),
    })),
    ...view,
    {
      keys: ["[", "]"],
      group: "Lists",
      label: "agent before, after",
      run: ({ key }) => focusNext(key === "]" ? 1 : -1),
    },
    { keys: ["o"], group: "Lists", label: "only this agent", run: () => toggleSolo(focused.value) },
    { keys: ["y"], group: "Find", label: "copy link", run: () => void copyLink() },
    { keys: ["Y"], group: "Find", label: "copy as command", run: () => void copyCommand() },
    { keys: ["?"], group: "Find", label: "all keys", run: () => (sheetOpen.value = true) },
    { keys: ["Escape"], group: "Find", label: "one step out", everywhere: true, run: out },
  ];
  bind(...own.filter(({ keys }) => keys.length === 0 || !keys.every((key) => taken.has(key))));
}
