import { effect, signal } from "@preact/signals";
import type { Spent } from "../page.ts";
import { spendingAt } from "../spending.ts";
import { now, source } from "./model.ts";

/** What had been spent up to `t`, which is T once the block that holds T is read. */
export const spentNow = signal<{ readonly t: number; readonly spent: readonly Spent[] } | undefined>(
  undefined,
);

/** Follows T, one question after the other: what was asked meanwhile is answered by the newest. */
export function keepSpent(): void {
  effect(() => {
    const from = source.value;
    if (!from) return undefined;
    const tell = spendingAt(from.header, from.moments, (block) => from.events(block));
    let busy = false;
    const until = new AbortController();
    const answer = async (): Promise<void> => {
      busy = true;
      for (let t = Number.NaN; !until.signal.aborted && t !== now.peek();) {
        t = now.peek();
        const spent = await tell(t);
        if (!until.signal.aborted) spentNow.value = { t, spent };
      }
    };
    const off = effect(() => {
      void now.value;
      if (busy) return;
      answer()
        .catch(() => undefined) // A block that cannot be read: what was known stays, with its time.
        .finally(() => (busy = false));
    });
    return () => {
      until.abort();
      off();
    };
  });
}
