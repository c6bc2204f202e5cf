import { Filters, List, Search, Transcript } from "./list/index.ts";
import { tab } from "./model.ts";

/** The page: a grid of slots. Everything below reads the model. */
export function App() {
  return (
    <div class="app" data-tab={tab.value}>
      <header class="head" />
      <nav class="filter" aria-label="Filters">
        <Filters />
        <Search />
      </nav>
      <section class="time" aria-label="Timeline" />
      <div class="tabs" role="tablist" />
      <List />
      <Transcript />
      <aside class="pane state" aria-label="State at T" />
      <footer class="foot" />
    </div>
  );
}
