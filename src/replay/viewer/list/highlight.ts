import { effect } from "@preact/signals";
import { query } from "../model.ts";
import { looking, search } from "./hits.ts";

/** So many marks, and so many characters looked at, in all that is drawn. */
const rangesMost = 600;
const charsMost = 400_000;

let waiting = 0;

/** Marks the matches in what is drawn, without changing the page: ranges that the style sheet colours. */
function mark(): void {
  waiting = 0;
  const find = looking.peek();
  if (!("highlights" in CSS)) return;
  if (typeof find === "string") {
    CSS.highlights.delete("found");
    return;
  }
  const ranges: Range[] = [];
  let chars = 0;
  for (const pane of document.querySelectorAll(".events .scroll, .script .scroll")) {
    const walker = document.createTreeWalker(pane, NodeFilter.SHOW_TEXT);
    for (
      let node = walker.nextNode();
      node && ranges.length < rangesMost && chars < charsMost;
      node = walker.nextNode()
    ) {
      const text = node.nodeValue ?? "";
      chars += text.length;
      try {
        for (const [from, to] of find.places(text.slice(0, 64 * 1024), 50)) {
          const range = new Range();
          range.setStart(node, from);
          range.setEnd(node, to);
          ranges.push(range);
        }
      } catch {
        return; // The search itself says that the pattern takes too long.
      }
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}

/** Marks again before the next frame: something was drawn. */
export function markSoon(): void {
  if (waiting === 0 && query.peek() !== "") waiting = requestAnimationFrame(mark);
}

/** Marks again whenever what is looked for has changed. Gives back what ends it. */
export function keepHighlights(): () => void {
  return effect(() => {
    void looking.value;
    void search.value.done;
    if (waiting === 0) waiting = requestAnimationFrame(mark);
  });
}
