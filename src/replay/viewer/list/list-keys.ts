import { bind } from "../keys.ts";
import { following, focused, agentOf, query, source } from "../model.ts";
import { onlyThisAgent } from "./filters.tsx";
import { moveBy, openSelected } from "./list.tsx";
import { focusSearch, goToHit } from "./search.tsx";

/** The agent before or after the one that has the focus, round the end. */
function agentBeside(delta: 1 | -1): void {
  const agents = (source.peek()?.header.lanes ?? []).flatMap(({ kind }, lane) =>
    kind === "agent" ? [lane] : [],
  );
  const place = agents.indexOf(agentOf(focused.peek()));
  const next = agents[(place + delta + agents.length) % agents.length];
  if (next !== undefined) focused.value = next;
}

/** Binds the keys of the lists and of the search. */
export function bindListKeys(): void {
  bind(
    { keys: ["j"], group: "Lists", label: "down", run: () => void moveBy(1) },
    { keys: ["k"], group: "Lists", label: "up", run: () => void moveBy(-1) },
    { keys: ["Enter"], group: "Lists", label: "open, fold", run: () => void openSelected() },
    { keys: ["["], group: "Lists", label: "agent before", run: () => agentBeside(-1) },
    { keys: ["]"], group: "Lists", label: "agent after", run: () => agentBeside(1) },
    { keys: ["o"], group: "Lists", label: "only this agent", run: onlyThisAgent },
    { keys: ["f"], group: "Lists", label: "follow T", run: () => (following.value = !following.peek()) },
    { keys: ["/"], group: "Find", label: "search", run: focusSearch },
    { keys: ["n"], group: "Find", label: "next match", run: () => goToHit(1) },
    { keys: ["N"], group: "Find", label: "match before", run: () => goToHit(-1) },
  );
}

/** Takes the search away. False when there was none. */
export function clearSearch(): boolean {
  if (query.peek() === "") return false;
  query.value = "";
  return true;
}
