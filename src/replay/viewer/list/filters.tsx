import { computed, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Kind } from "../../page.ts";
import { kinds } from "../../page.ts";
import type { Filters as Asked, QuickView } from "../model.ts";
import { filters, focused, noFilters, range, source, agentOf, laneOf } from "../model.ts";
import { clock, whole } from "../words.ts";
import { momentsOfView } from "./match.ts";
import { count } from "./merged.ts";

const views: readonly (readonly [QuickView, string])[] = [
  ["all", "All"],
  ["errors", "Errors"],
  ["conflicts", "Conflicts"],
  ["handoffs", "Handoffs"],
  ["stuck", "Stuck"],
];

const kindNames: { readonly [kind in Kind]?: string } = {
  call: "tool call",
  result: "tool result",
  send: "message",
  read: "mail read",
  lost: "lost race",
  unresolved: "outcome unknown",
  review: "needs review",
  unknown: "unknown record",
};

/** How many events each quick view would show; errors are summed in the overview. */
const viewCounts = computed((): ReadonlyMap<QuickView, number> => {
  const from = source.value;
  const level = from?.pyramid.levels.at(-1);
  const errors = level?.errors.reduce((sum, row) => sum + row.reduce((all, one) => all + one, 0), 0) ?? 0;
  const counts = new Map<QuickView, number>([["errors", errors]]);
  for (const view of ["conflicts", "handoffs", "stuck"] as const)
    counts.set(view, momentsOfView(view, from?.moments ?? []).length);
  return counts;
});

type ListName = "agents" | "harnesses" | "kinds" | "steps" | "tools" | "statuses";
interface Choice {
  readonly value: string;
  readonly name: string;
}

const sorted = (names: Iterable<string>): Choice[] =>
  [...new Set(names)].toSorted().map((value) => ({ value, name: value }));

const choices = computed((): { readonly [name in ListName]: readonly Choice[] } => {
  const from = source.value;
  const lanes = from?.header.lanes ?? [];
  const steps = (from?.moments ?? []).flatMap(({ step }) => (step === undefined ? [] : [step]));
  return {
    agents: sorted(lanes.flatMap(({ kind, name }) => (kind === "agent" ? [name] : []))),
    harnesses: sorted(lanes.flatMap(({ harness }) => (harness === undefined ? [] : [harness]))),
    kinds: kinds.map((kind) => ({ value: kind, name: kindNames[kind] ?? kind })),
    steps: sorted(steps),
    tools: sorted(from?.header.tools ?? []),
    statuses: [
      { value: "failed", name: "failed" },
      { value: "ok", name: "succeeded" },
    ],
  };
});

const menus: readonly (readonly [ListName, string])[] = [
  ["agents", "Agent"],
  ["harnesses", "Harness"],
  ["kinds", "Kind"],
  ["steps", "Step"],
  ["tools", "Tool"],
  ["statuses", "Status"],
];

/** Which menu is open, and where it hangs. */
const openMenu = signal<
  { readonly name: ListName | "time"; readonly left: number; readonly top: number } | undefined
>(undefined);

export function isFiltered(asked: Asked): boolean {
  const { view, since, until } = asked;
  return (
    view !== "all" ||
    since !== undefined ||
    until !== undefined ||
    menus.some(([name]) => asked[name].length > 0)
  );
}

/** Puts a value into a filter, or takes it out again. */
export function toggleFilter(name: ListName, value: string): void {
  const before = filters.peek()[name] as readonly string[];
  const after = before.includes(value) ? before.filter((one) => one !== value) : [...before, value];
  filters.value = { ...filters.peek(), [name]: after };
}

/** Leaves only the agent that has the focus; everybody again when that is how it was. */
export function onlyThisAgent(): void {
  const name = laneOf(agentOf(focused.peek()))?.name;
  if (name === undefined) return;
  const { agents } = filters.peek();
  filters.value = { ...filters.peek(), agents: agents.length === 1 && agents[0] === name ? [] : [name] };
}

export function resetFilters(): void {
  filters.value = noFilters;
}

function Drop({
  name,
  label,
  active,
}: {
  readonly name: ListName | "time";
  readonly label: string;
  readonly active: number;
}) {
  const open = openMenu.value?.name === name;
  const button = useRef<HTMLButtonElement>(null);
  const press = () => {
    const box = button.current?.getBoundingClientRect();
    openMenu.value =
      open || !box ? undefined : { name, left: Math.min(box.left, innerWidth - 248), top: box.bottom + 4 };
  };
  return (
    <button
      ref={button}
      type="button"
      class="q drop"
      aria-expanded={open}
      aria-haspopup="true"
      onClick={press}
    >
      {label}
      {active > 0 && <b>{active}</b>}
    </button>
  );
}

const shownChoices = 200;
const narrowed = signal("");

function Menu() {
  const box = useRef<HTMLDivElement>(null);
  const open = openMenu.value;
  useEffect(() => {
    if (!open) return undefined;
    narrowed.value = "";
    const opener = document.activeElement;
    box.current?.querySelector<HTMLElement>("input")?.focus();
    const outside = (event: PointerEvent) => {
      const target = event.target instanceof Element ? event.target : undefined;
      if (!target?.closest(".menu, .drop")) openMenu.value = undefined;
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      openMenu.value = undefined;
      if (opener instanceof HTMLElement) opener.focus();
    };
    addEventListener("pointerdown", outside, true);
    addEventListener("keydown", escape, true);
    return () => {
      removeEventListener("pointerdown", outside, true);
      removeEventListener("keydown", escape, true);
    };
  }, [open]);
  if (!open) return undefined;
  const label = menus.find(([name]) => name === open.name)?.[1] ?? "Time";
  return (
    <div
      ref={box}
      class="menu"
      role="group"
      aria-label={label}
      style={{ left: `${open.left}px`, top: `${open.top}px` }}
    >
      {open.name === "time" ? <TimeMenu /> : <ChoiceMenu name={open.name} />}
    </div>
  );
}

function ChoiceMenu({ name }: { readonly name: ListName }) {
  const all = choices.value[name];
  const wanted = narrowed.value.toLowerCase();
  const left = wanted === "" ? all : all.filter((choice) => choice.name.toLowerCase().includes(wanted));
  const chosen = filters.value[name] as readonly string[];
  return (
    <>
      {all.length > 12 && (
        <input
          class="narrow"
          placeholder="Narrow down"
          aria-label="Narrow down"
          value={narrowed.value}
          onInput={(event) => (narrowed.value = event.currentTarget.value)}
        />
      )}
      <div class="choices">
        {left.slice(0, shownChoices).map(({ value, name: shown }) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={() => toggleFilter(name, value)}
            />
            <span>{shown}</span>
          </label>
        ))}
      </div>
      {left.length > shownChoices && <p class="faint">and {left.length - shownChoices} more</p>}
      {left.length === 0 && <p class="faint">none</p>}
    </>
  );
}

/** A time of day on the page's first day, or a whole time as the address has it. */
export function timeFrom(text: string, base: number): number | undefined {
  const words = text.trim();
  if (words === "") return undefined;
  const day = new Date(base).toISOString().slice(0, 10);
  const at = Date.parse(
    /^\d{1,2}:\d{2}(?::\d{2})?$/.test(words) ? `${day}T${words.padStart(5, "0")}Z` : words,
  );
  return Number.isFinite(at) ? at : undefined;
}

function setTime(name: "since" | "until", at: number | undefined): void {
  const { [name]: _gone, ...rest } = filters.peek();
  filters.value = at === undefined ? (rest as Asked) : { ...filters.peek(), [name]: at };
}

function TimeMenu() {
  const { since, until } = filters.value;
  const base = source.value?.header.from ?? 0;
  const field = (name: "since" | "until", at: number | undefined) => (
    <label class="field">
      <span>{name}</span>
      <input
        class="narrow mono"
        placeholder="hh:mm:ss"
        value={at === undefined ? "" : at - base < 86_400_000 ? clock(at) : new Date(at).toISOString()}
        onChange={(event) => setTime(name, timeFrom(event.currentTarget.value, base))}
      />
    </label>
  );
  return (
    <>
      {field("since", since)}
      {field("until", until)}
      <button
        type="button"
        class="q"
        onClick={() =>
          (filters.value = { ...filters.peek(), since: range.peek()[0], until: range.peek()[1] })
        }
      >
        what the lanes show
      </button>
    </>
  );
}

function Left() {
  const { matches, of, left } = count.value;
  const asked = filters.value;
  const from = source.value?.header.index.length ?? 0;
  return (
    <span class="count">
      {isFiltered(asked) && (
        <button type="button" class="q link" onClick={resetFilters}>
          reset
        </button>
      )}
      <span class="faint" aria-live="off">
        {left > 0 && from > 8
          ? `${whole(matches)} so far, ${Math.round(100 - (left / from) * 100)} %`
          : `${whole(matches)} of ${whole(of)}`}
      </span>
    </span>
  );
}

/** Quick views and filters. They remove: AND across them, OR within one. */
export function Filters() {
  const asked = filters.value;
  const counts = viewCounts.value;
  const { since, until } = asked;
  return (
    <div class="filters">
      {views.map(([view, name]) => (
        <button
          key={view}
          type="button"
          class="q"
          aria-pressed={asked.view === view}
          onClick={() => (filters.value = { ...filters.peek(), view })}
        >
          {name}
          {counts.has(view) && <b>{whole(counts.get(view) ?? 0)}</b>}
        </button>
      ))}
      <i class="divider" />
      {menus
        .filter(([name]) => choices.value[name].length > 1)
        .map(([name, label]) => (
          <Drop key={name} name={name} label={label} active={asked[name].length} />
        ))}
      <Drop name="time" label="Time" active={(since === undefined ? 0 : 1) + (until === undefined ? 0 : 1)} />
      <Left />
      <Menu />
    </div>
  );
}
