import type { Spent as One } from "../page.ts";
import { grouped } from "./grouped.ts";
import { agentOf, laneOf, source } from "./model.ts";
import { sumOf, type Sum } from "./summary.ts";
import { dollars, short, whole } from "./words.ts";

const mostRows = 40;

function costOf(sum: Sum): string {
  if (!sum.priced) return "unpriced";
  return dollars(sum.usd);
}

function Table({ title, by, spent }: { title: string; by: (one: One) => string; spent: readonly One[] }) {
  const rows = [...grouped(spent, by)]
    .map(([name, list]) => ({ name, sum: sumOf(list) }))
    .toSorted((a, b) => b.sum.tokens - a.sum.tokens);
  const all = sumOf(spent);
  return (
    <table class="spent">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{title.toLowerCase().replace("by ", "")}</th>
          <th scope="col">input</th>
          <th scope="col">output</th>
          <th scope="col">cached</th>
          <th scope="col">cost</th>
        </tr>
      </thead>
      <tbody>
        {[...rows.slice(0, mostRows), { name: "all", sum: all }].map(({ name, sum }, place, list) => (
          <tr key={place} class={place === list.length - 1 ? "sum" : ""}>
            <th scope="row" title={name}>
              {name}
            </th>
            <td title={whole(sum.input)}>{short(sum.input)}</td>
            <td title={whole(sum.output)}>{short(sum.output)}</td>
            <td title={`${whole(sum.cacheRead)} read, ${whole(sum.cacheWrite)} written`}>
              {short(sum.cacheRead + sum.cacheWrite)}
            </td>
            <td class={sum.priced ? "" : "warn"}>{costOf(sum)}</td>
          </tr>
        ))}
        {all.priced && all.unpricedTokens > 0 && (
          <tr>
            <td colSpan={5} class="warn">
              and {short(all.unpricedTokens)} tokens without a price
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

/** Tokens and cost by agent, by step and by model. What has no price is said to have none, and is in no sum of money. */
export function Spent() {
  const header = source.value?.header;
  if (!header) return null;
  const { spent } = header;
  if (spent.length === 0) return <p class="sec faint">No transcript here says how many tokens it used.</p>;
  return (
    <div class="spents">
      <Table title="By agent" spent={spent} by={({ lane }) => laneOf(agentOf(lane))?.name ?? "?"} />
      <Table title="By step" spent={spent} by={({ step }) => step ?? "no step held"} />
      <Table title="By model" spent={spent} by={({ model }) => model} />
      <p class="faint rest">
        Each request is counted once. Prices of {header.prices}; a model without one is unpriced.
      </p>
    </div>
  );
}
