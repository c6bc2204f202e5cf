import { agentOf, filters, focused, laneOf, now } from "./model.ts";
import { focusLane } from "./focus.ts";
import { hovered, lanesHeight, scrolled, size, visibleRows } from "./lane-view.ts";
import { Mark } from "./marks.tsx";
import type { Row } from "./rows.ts";
import { mute, pinned, toggleFold, togglePin, toggleSolo } from "./rows.ts";
import { heldByLane, stateNow } from "./state-now.ts";
import { lifeWords } from "./state-panel.tsx";
import { spentByAgent, spentByLane, summary, type Sum } from "./summary.ts";
import { dollars, long, roughly, short } from "./words.ts";

function costOf(sum: Sum | undefined): string {
  if (!sum || sum.tokens === 0) return "";
  return sum.priced ? dollars(sum.usd) : "unpriced";
}

/** A clock that was measured a second or more off is told where it may mislead: beside the name. */
function ClockBadge({ lane }: { lane: number }) {
  const offset = laneOf(lane)?.offset;
  if (offset === undefined || Math.abs(offset) < 1000) return null;
  const text = `${offset > 0 ? "+" : "−"}${roughly(Math.abs(offset))}`;
  const title = `Its clock was ${long(Math.abs(offset))} ${offset > 0 ? "ahead" : "behind"}; times here are corrected`;
  return (
    <span class="skew" title={title}>
      <span class="hidden">{title}</span>
      <span aria-hidden="true">{text}</span>
    </span>
  );
}

function Tools({ row }: { row: Row }) {
  const { lane } = row;
  const name = laneOf(lane)?.name ?? "";
  return (
    <span class="lane-tools">
      <button
        type="button"
        aria-pressed={filters.value.agents.includes(name)}
        aria-label={`Only ${name}`}
        onClick={() => toggleSolo(lane)}
      >
        only
      </button>
      <button type="button" aria-label={`Hide ${name}`} onClick={() => mute(lane)}>
        hide
      </button>
      <button
        type="button"
        aria-pressed={pinned.value.includes(lane)}
        aria-label={`Pin ${name}`}
        onClick={() => togglePin(lane)}
      >
        pin
      </button>
    </span>
  );
}

function Fold({ row }: { row: Row }) {
  if (!row.folds) return null;
  const name = laneOf(row.lane)?.name ?? "";
  return (
    <button
      type="button"
      class="fold-lane"
      aria-expanded={!row.folded}
      aria-label={`Sessions and sub-agents of ${name}`}
      onClick={() => toggleFold(row.lane, !row.folded)}
    />
  );
}

function AgentName({ row }: { row: Row }) {
  const { lane } = row;
  const t = now.value;
  const { mark, word, life } = lifeWords(lane, t);
  const held = heldByLane.value.get(lane) ?? [];
  const unread = stateNow.value.direct.get(lane)?.size ?? 0;
  const spent = spentByAgent.value.get(lane);
  const harness = harnessOf(row);
  const holds = held
    .slice(0, 1)
    .map(({ step, term }) => `${step}, term ${term}`)
    .join("");
  const rest = held.length > 1 ? ` and ${held.length - 1} more` : "";
  const status =
    life === "silent"
      ? word
      : held.length > 0
        ? `holds ${holds}${rest}`
        : unread > 0
          ? `${word}, ${unread} unread`
          : word;
  const tone = life === "silent" ? "s dead" : held.length > 0 ? "s hold" : "s";
  return (
    <>
      <Mark name={mark} />
      <span class="n">
        {laneOf(lane)?.name}
        <ClockBadge lane={lane} />
      </span>
      <span class="r wide">{costOf(spent)}</span>
      <span class="mid2">{harness}</span>
      <span class="r wide mid2">{spent ? short(spent.tokens) : ""}</span>
      <span class={tone}>{status}</span>
    </>
  );
}

function harnessOf(row: Row): string {
  const names = new Set<string>();
  for (const lane of row.lanes.slice(0, 32)) {
    const harness = laneOf(lane)?.harness;
    if (harness) names.add(harness);
  }
  return [...names].join(", ");
}

function ChildName({ row }: { row: Row }) {
  const own = laneOf(row.lane);
  const spent = spentByLane.value.get(row.lane);
  const name =
    row.kind === "session" ? `${own?.session?.slice(0, 8) ?? "session"} ${own?.harness ?? ""}` : own?.name;
  return (
    <>
      <span class="tw" />
      <span class={row.kind === "session" ? "mono" : ""}>{name}</span>
      <span class="r wide">{spent ? short(spent.tokens) : ""}</span>
    </>
  );
}

/** The names of the rows in sight, with how each agent is at T. */
export function Gutter() {
  const top = scrolled.value;
  const agent = agentOf(focused.value);
  const dense = size.value.name === "dense";
  return (
    <div class={`gut ${size.value.name}`} style={{ height: `${lanesHeight.value}px` }}>
      {visibleRows.value.map((row) => {
        const child = row.kind !== "agent";
        const current = row.lane === agent || row.lane === focused.value;
        return (
          <div
            key={row.lane}
            class={child ? "lane-row sub" : "lane-row"}
            style={{ transform: `translateY(${row.y - top}px)`, height: `${row.height}px` }}
            onPointerEnter={() => (hovered.value = agentOf(row.lane))}
            onPointerLeave={() => (hovered.value = undefined)}
          >
            <button
              type="button"
              class={child ? (row.deep ? "lane sub deep" : "lane sub") : "lane"}
              data-lane={row.lane}
              aria-current={current ? "true" : undefined}
              onClick={() => focusLane(row.lane)}
            >
              {child ? <ChildName row={row} /> : <AgentName row={row} />}
            </button>
            <Fold row={row} />
            {!child && !dense && !summary.value?.solo && <Tools row={row} />}
          </div>
        );
      })}
    </div>
  );
}
