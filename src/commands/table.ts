import type { Style, View } from "./command.ts";
import { cut, displayWidth } from "./display-width.ts";

/** `plain` replaces `text` where nothing is aligned, coloured or cut. */
export type Cell = string | { readonly text: string; readonly style?: Style; readonly plain?: string };

export interface Column {
  /** Shown on a terminal only. May be empty. */
  readonly title: string;
  readonly align?: "right";
  /** The free text that is cut at the edge; without one so marked, it is the last column. It stands last. */
  readonly last?: true;
}

export interface List {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** How many there are in all. With it, `more` is only the command that shows them. */
  readonly total?: number;
  /** What the last line says after `… `, such as `31 more: tracecraft steps --all`. */
  readonly more?: string;
}

/** The most records that a list shows unless all are asked for. */
const rowBudget = 20;
const narrowColumns = 60;
/** A last column with less room than this is better off on a line by itself. */
const leastLast = 12;
const gap = "   ";

/**
 * Records as lines. Plain: two spaces between the values, nothing padded or cut, `-` for none. On a terminal: a dim
 * header, aligned columns, the last one cut at the edge or, where there is little room, on a second line.
 */
export function list(view: View, { columns, rows, total, more }: List): string {
  const lines = view.layout === "plain" ? rows.map(plainLine) : terminalLines(view, columns, rows);
  const left =
    total === undefined ? more : total > rows.length ? `${total - rows.length} more: ${more}` : undefined;
  if (left !== undefined) lines.push(`… ${left}`);
  return lines.join("\n");
}

/** The rows that a list shows within its budget, and how many more there are. */
export function shownRows<Row>(
  all: boolean,
  rows: readonly Row[],
): { readonly rows: readonly Row[]; readonly more: number } {
  if (all || rows.length <= rowBudget) return { rows, more: 0 };
  return { rows: rows.slice(0, rowBudget), more: rows.length - rowBudget };
}

function plainLine(row: readonly Cell[]): string {
  const values = row.map((cell) => (typeof cell === "string" ? cell : (cell.plain ?? cell.text)) || "-");
  while (values.length > 1 && values.at(-1) === "-" && isNothing(row[values.length - 1]!)) values.pop();
  return values.join("  ");
}

/** An empty value at the end of a line is left out; one that says `-` is kept. */
function isNothing(cell: Cell): boolean {
  return typeof cell === "string" ? cell === "" : (cell.plain ?? cell.text) === "";
}

function terminalLines(view: View, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string[] {
  const lastAt =
    columns.findIndex(({ last }) => last) >= 0 ? columns.findIndex(({ last }) => last) : columns.length - 1;
  const widths = columns.map(({ title }, at) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(textOf(row[at])))),
  );
  const before = widths.slice(0, lastAt).reduce((sum, width) => sum + width + gap.length, 0);
  const room = view.width - before;
  const apart = lastAt > 0 && (view.width < narrowColumns || room < Math.min(leastLast, widths[lastAt]!));
  const lastWidth = Math.min(widths[lastAt]!, apart ? view.width - 2 : room);

  const line = (cells: readonly (Cell | undefined)[]): string => {
    const aligned = columns.slice(0, lastAt).map(({ align }, at) => {
      const cell = cells[at];
      const padding = " ".repeat(widths[at]! - displayWidth(textOf(cell)));
      return align === "right" ? padding + painted(view, cell) : painted(view, cell) + padding;
    });
    const last = cells[lastAt];
    const text = cut(textOf(last), lastWidth);
    const pad = columns[lastAt]!.align === "right" ? " ".repeat(lastWidth - displayWidth(text)) : "";
    const end = pad + painted(view, typeof last === "object" ? { ...last, text } : text);
    if (apart) return [aligned.join(gap).trimEnd(), ...(text === "" ? [] : [`  ${end}`])].join("\n");
    return [...aligned, end].join(gap).trimEnd();
  };

  const header = columns.map(({ title }, at) => (apart && at === lastAt ? "" : title));
  const ruleWidth = apart ? Math.max(0, before - gap.length) : before + lastWidth;
  return [view.paint("dim", line(header)), view.paint("dim", "─".repeat(ruleWidth)), ...rows.map(line)];
}

function textOf(cell: Cell | undefined): string {
  return cell === undefined ? "" : typeof cell === "string" ? cell : cell.text;
}

function painted(view: View, cell: Cell | undefined): string {
  if (cell === undefined || typeof cell === "string" || cell.style === undefined) return textOf(cell);
  return cell.text === "" ? "" : view.paint(cell.style, cell.text);
}
