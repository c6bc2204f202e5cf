import type { ComponentChild } from "preact";

/** How many more nodes a text may become: what is left when they are spent is one plain node. */
export interface Budget {
  nodes: number;
}

const redaction = /\[REDACTED:([A-Za-z0-9._-]{1,64})\]/g;

/** Text as text; where a secret was taken out a mark says so, and by which rule. */
export function textNodes(text: string, budget: Budget): ComponentChild[] {
  if (!text.includes("[REDACTED:")) {
    budget.nodes--;
    return [text];
  }
  const nodes: ComponentChild[] = [];
  let from = 0;
  for (const found of text.matchAll(redaction)) {
    if (budget.nodes <= 0) break;
    if (found.index > from) nodes.push(text.slice(from, found.index));
    nodes.push(
      <span class="red" title={`taken out by the rule ${found[1] ?? ""}`}>
        {found[0]}
      </span>,
    );
    from = found.index + found[0].length;
    budget.nodes -= 2;
  }
  if (from < text.length) nodes.push(text.slice(from));
  budget.nodes--;
  return nodes;
}

/** The first lines of a text, at most so many characters, and how many lines follow. Never cuts a pair of surrogates. */
export function firstLines(text: string, lines: number, characters: number): { shown: string; more: number } {
  let end = -1;
  for (let line = 0; line < lines; line++) {
    const next = text.indexOf("\n", end + 1);
    if (next === -1 || next > characters) {
      end = next === -1 ? text.length : next;
      break;
    }
    end = next;
  }
  let cut = Math.min(end, characters);
  if (cut < text.length && /[\uD800-\uDBFF]/.test(text[cut - 1] ?? "")) cut--;
  const rest = text.slice(cut).replace(/^\n/, "");
  return { shown: text.slice(0, cut), more: rest === "" ? 0 : lineCount(rest) };
}

/** How many lines a text has; a line feed at its end begins none. */
export function lineCount(text: string): number {
  let count = 0;
  for (let at = -1; at < text.length - 1; count++) {
    at = text.indexOf("\n", at + 1);
    if (at === -1) return count + 1;
  }
  return count;
}
