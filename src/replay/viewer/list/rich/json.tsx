import type { ComponentChild } from "preact";
import type { Budget } from "./text.tsx";
import { textNodes } from "./text.tsx";

export type Fields = Readonly<Record<string, unknown>>;

/** Above this a value is not taken apart. */
const parsedChars = 1024 * 1024;

/** A JSON object that somebody else wrote; undefined for anything that is none. */
export function fieldsIn(text: string): Fields | undefined {
  if (text.length > parsedChars || !/^\s*\{/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

function written(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value, undefined, 2) ?? "";
  } catch {
    // Nested deeper than the stack is high.
    return "(nested too deep)";
  }
}

/** The input of a call: a name and a value on each line; texts of several lines keep their lines. */
export function fieldNodes(fields: Fields, budget: Budget): ComponentChild {
  const entries = Object.entries(fields).slice(0, Math.max(1, Math.floor(budget.nodes / 6)));
  return (
    <dl class="fields">
      {entries.map(([name, value]) => {
        budget.nodes -= 4;
        return [<dt>{name}</dt>, <dd>{textNodes(written(value), budget)}</dd>];
      })}
    </dl>
  );
}
