import { blockOf, merged, stateOf, type Block } from "./blocks.ts";
import type { Values } from "./rows.ts";

export interface TableRow {
  readonly id: number;
  readonly data: Values;
}

/** What was told: blocks in the order of their ids, and the last id of the last block. */
export interface Seen {
  readonly blocks: readonly Block[];
  readonly last: number;
}

/** One line of a mirrored table. A `row_delete` of a range is followed by the rows that are left in it. */
export interface Operation {
  readonly op: "row" | "row_update" | "row_delete" | "session";
  readonly table: string;
  readonly id: number | string | readonly [from: number, to: number];
  readonly data?: Values;
}

/** Compares rows, as they come in the order of their ids, with the blocks of a cursor. */
export function comparing(table: string, state: readonly string[], from: Seen) {
  const { blocks: old, last } = from;
  const fresh: Block[] = [];
  let index = 0;
  let held: TableRow[] = [];
  const block = (row: TableRow) => blockOf(row.id, row.data, state);

  function* close(): Iterable<Operation> {
    const was = old[index];
    const to = (old[index + 1]?.first ?? last + 1) - 1;
    index++;
    if (was === undefined) return;
    const now = merged(held.map(block));
    const same = now.count === was.count && now.content === was.content;
    if (same && now.state === was.state) {
      fresh.push(was);
    } else {
      fresh.push(...held.map(block));
      const alone = was.count === 1 && held.length === 1 && held[0]?.id === was.first;
      if (!same && !alone)
        yield {
          op: "row_delete",
          table,
          id: to === was.first || was.count === 1 ? was.first : [was.first, to],
        };
      for (const { id, data } of held) {
        if (same) yield { op: "row_update", table, id, data: stateOf(data, state) };
        else yield { op: alone ? "row_update" : "row", table, id, data };
      }
    }
    held = [];
  }

  return {
    *next(row: TableRow): Iterable<Operation> {
      while (index < old.length && row.id > (old[index + 1]?.first ?? last + 1) - 1) yield* close();
      const was = old[index];
      if (was !== undefined && row.id >= was.first) {
        held.push(row);
      } else {
        fresh.push(block(row));
        yield { op: "row", table, id: row.id, data: row.data };
      }
    },

    *end(): Iterable<Operation> {
      while (index < old.length) yield* close();
    },

    /** What is known when the rows passed in so far are told, and those of unclosed blocks are not. */
    seen(): Seen {
      const blocks = [...fresh, ...old.slice(index)];
      return { blocks, last: index < old.length ? last : (fresh.at(-1)?.first ?? -1) };
    },
  };
}
