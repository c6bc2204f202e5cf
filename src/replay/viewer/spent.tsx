import type { Spent as One } from "../page.ts";
import { grouped } from "./grouped.ts";
import { agentOf, laneOf, source } from "./model.ts";
import { spentNow } from "./spent-now.ts";
import { sumOf, type Sum } from "./summary.ts";
import { clock, dollars, short, whole } from "./words.ts";

const mostRows = 40;

function costOf(sum: Sum): string {
  if (sum.tokens === 0) return "";
  if (!sum.priced) return "unpriced";
  return dollars(sum.usd);
}

interface TableProps {
  readonly title: string;
  readonly by: (one: One) => string;
  /** Of the whole page: its rows stay in one order, whatever T is. */
  readonly whole: readonly One[];
  /** Up to T. */
  readonly spent: readonly One[];
}

function Table({ title, by, whole: total, spent }: TableProps) {
  const known = grouped(spent, by);
  const rows = [...grouped(total, by)]
    .map(([name, list]) => ({ name, most: sumOf(list).tokens, sum: sumOf(known.get(name) ?? []) }))
    .toSorted((a, b) => b.most - a.most);
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
            <td class={sum.priced || sum.tokens === 0 ? "" : "warn"}>{costOf(sum)}</td>
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

/** Tokens and cost up to T, by agent, by step and by model. What has no price is said to have none, and is in no sum of money. */
export function Spent() {
  const header = source.value?.header;
  const known = spentNow.value;
  if (!header || !known) return null;
  const { spent } = known;
  const total = header.spent;
  if (total.length === 0) return <p class="sec faint">No transcript here says how many tokens it used.</p>;
  const lasting = sumOf(total);
  return (
    <div class="spents">
      <Table
        title="By agent"
        whole={total}
        spent={spent}
        by={({ lane }) => laneOf(agentOf(lane))?.name ?? "?"}
      />
      <Table title="By step" whole={total} spent={spent} by={({ step }) => step ?? "no step held"} />
      <Table title="By model" whole={total} spent={spent} by={({ model }) => model} />
      <p class="faint rest">
        Up to {clock(known.t)}; the whole page: {short(lasting.tokens)} tokens
        {lasting.priced && `, ${dollars(lasting.usd)}`}. Each request is counted once. Prices of{" "}
        {header.prices}; a model without one is unpriced.
      </p>
    </div>
  );
}
