import type { ComponentChild } from "preact";
import { bytes } from "../words.ts";
import type { Body } from "./bodies.ts";
import { ansi } from "./rich/ansi.tsx";
import { diffNodes, isPatch, patchLines } from "./rich/diff.tsx";
import { markdown } from "./rich/markdown.tsx";
import type { Budget } from "./rich/text.tsx";
import { firstLines, textNodes } from "./rich/text.tsx";
import { shownMore } from "./script.ts";

/** How a text is read. */
export type Manner = "output" | "prose" | "plain";

/** Longer texts are shown as they are: reading them as something costs more than it tells. */
const readChars = 50 * 1024;
/** More than this is shown only when all is asked for. */
const mostChars = 1024 * 1024;
const chunkChars = 32 * 1024;

/** Lines and characters at first, after the first press, and after the second. */
const stages = [
  { lines: 12, chars: 4000 },
  { lines: 400, chars: 64 * 1024 },
  { lines: Infinity, chars: mostChars },
  { lines: Infinity, chars: Infinity },
] as const;

function stageOf(seq: number, manner: Manner): number {
  return shownMore.value.get(seq) ?? (manner === "output" ? 0 : 1);
}

function more(seq: number, stage: number): void {
  shownMore.value = new Map(shownMore.peek()).set(seq, stage);
}

/** A text too long to be one paragraph of the browser: what is not in view costs nothing. */
function chunks(text: string): ComponentChild[] {
  const found: ComponentChild[] = [];
  for (let from = 0; from < text.length;) {
    const line = text.lastIndexOf("\n", from + chunkChars);
    let to = line > from ? line + 1 : from + chunkChars;
    if (/[\uD800-\uDBFF]/.test(text[to - 1] ?? "")) to++;
    found.push(<div class="chunk">{text.slice(from, to)}</div>);
    from = to;
  }
  return found;
}

function read(text: string, manner: Manner, budget: Budget): ComponentChild {
  if (text.length > 128 * 1024) return chunks(text);
  if (text.length > readChars) return textNodes(text, budget);
  if (manner === "prose") return <div class="md">{markdown(text, budget, () => performance.now())}</div>;
  if (manner === "plain") return textNodes(text, budget);
  return isPatch(text) ? diffNodes(patchLines(text), budget) : ansi(text, budget);
}

/** A text as far as the reader asked for it, with what is left below: in words, and to press. */
export function LongText({
  body,
  seq,
  manner,
  cut,
}: {
  readonly body: Body;
  readonly seq: number;
  readonly manner: Manner;
  /** The page itself holds only the beginning. */
  readonly cut: boolean;
}) {
  const stage = stageOf(seq, manner);
  const limits = stages[Math.min(stage, stages.length - 1)] ?? stages[0];
  const { shown, more: left } = firstLines(body.text, limits.lines, limits.chars);
  const size = body.text.length;
  const rest =
    size - shown.length > readChars || left < 2
      ? `show ${stage < 2 && size > mostChars ? "more" : "all"}`
      : "";
  return (
    <>
      {read(shown, manner, { nodes: 500 })}
      {left > 0 && (
        <button type="button" class="more" onClick={() => more(seq, stage + 1)}>
          {rest === "" ? `${left} more lines` : `${rest}, ${bytes(size)}`}
        </button>
      )}
      {cut && left === 0 && <p class="aside">cut here when the page was made</p>}
      {body.trouble !== undefined && <p class="aside">{body.trouble}</p>}
    </>
  );
}
