import { AxisBar } from "./axis-bar.tsx";
import { Empty } from "./empty.tsx";
import { GoTo } from "./go.tsx";
import { Header } from "./header.tsx";
import { KeyBar, KeysSheet } from "./keys-sheet.tsx";
import { windowSize } from "./lane-view.ts";
import { Divider, Lanes } from "./lanes.tsx";
import { Legend, legendOpen } from "./legend.tsx";
import { Filters, List, Search, Transcript } from "./list/index.ts";
import { said, source, tab, type Tab } from "./model.ts";
import { Overview } from "./overview.tsx";
import { StatePanel } from "./state-panel.tsx";
import { summary } from "./summary.ts";
import { Tip } from "./tip.tsx";
import { Transport } from "./transport.tsx";
import { Twin } from "./twin.tsx";

const tabs: readonly (readonly [Tab, string])[] = [
  ["state", "State"],
  ["events", "Events"],
  ["script", "Transcript"],
  ["spent", "Cost"],
];

/** The panes for which there is no room beside each other. The arrow keys walk them, as in any list of tabs. */
function Tabs() {
  const narrow = windowSize.value[0] < 700;
  const shown = tabs.filter(([name]) => narrow || name !== "events");
  const current = shown.some(([name]) => name === tab.value) ? tab.value : "state";
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const place = shown.findIndex(([name]) => name === current);
    const next = shown[(place + by + shown.length) % shown.length]?.[0];
    if (!next) return;
    tab.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Panes" onKeyDown={onKeyDown}>
      {shown.map(([name, word]) => (
        <button
          type="button"
          role="tab"
          id={`tab-${name}`}
          key={name}
          aria-selected={current === name}
          tabIndex={current === name ? 0 : -1}
          onClick={() => (tab.value = name)}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

/** The page: a grid of slots. Everything below reads the model. */
export function App() {
  const header = source.value?.header;
  if (header?.events === 0) {
    return (
      <div class="app" data-variant="empty">
        <Header />
        <section class="time" aria-label="Timeline">
          <AxisBar />
        </section>
        <Empty project={header.project} />
        <p class="hidden" role="status">
          {said.value}
        </p>
      </div>
    );
  }
  const solo = summary.value?.solo ?? false;
  return (
    <div class="app" data-tab={tab.value} data-variant={solo ? "solo" : "team"}>
      <Header />
      <nav class="filter" aria-label="Filters">
        <Filters />
        <Search />
      </nav>
      <section class="time" aria-label="Timeline">
        <Overview />
        <AxisBar />
        <Lanes />
        <Twin />
        <Divider />
        {legendOpen.value && <Legend />}
        <Transport />
      </section>
      <Tabs />
      <List />
      <Transcript />
      <StatePanel />
      <KeyBar solo={solo} />
      <Tip />
      <KeysSheet />
      <GoTo />
      <p class="said" role="status">
        {said.value}
      </p>
    </div>
  );
}
