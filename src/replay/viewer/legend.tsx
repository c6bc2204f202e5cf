import { computed, signal } from "@preact/signals";
import type { Kind } from "../page.ts";
import { Mark, markWords, type MarkName } from "./marks.tsx";
import { source } from "./model.ts";
import { story } from "./story.ts";

export const legendOpen = signal(true);

const order: readonly MarkName[] = [
  "claim",
  "renew",
  "taken",
  "lapse",
  "complete",
  "lost",
  "fenced",
  "handoff",
  "send",
  "unread",
  "urgent",
  "artifact",
  "memory",
  "error",
  "silent",
  "broadcast",
  "block",
  "review",
  "release",
];

/** Only the marks that this page has: a legend of what is not there explains nothing. */
const present = computed(() => {
  const from = source.value;
  const kinds = new Set<Kind>(from?.moments.map(({ kind }) => kind));
  const marks = new Set<MarkName>(kinds);
  for (const moment of from?.moments ?? []) {
    if (moment.kind === "claim" && (moment.takenFrom ?? moment.forcedFrom) !== undefined) marks.add("taken");
    if (moment.kind === "send" && moment.urgent) marks.add("urgent");
    if (moment.kind === "send" && moment.to === -1) marks.add("broadcast");
  }
  if ((story.value?.letters.touching(Number.MAX_VALUE, Number.POSITIVE_INFINITY, 1).length ?? 0) > 0) {
    marks.add("unread");
  }
  marks.add("error");
  return order.filter((mark) => marks.has(mark));
});

/** What the marks mean; it folds once it is learned. */
export function Legend() {
  const open = legendOpen.value;
  if (!open) return null;
  return (
    <div class="legend">
      <div>
        {present.value.map((mark) => (
          <span key={mark}>
            <Mark name={mark} />
            {markWords[mark]}
          </span>
        ))}
      </div>
      <button
        type="button"

        aria-label="Hide the legend"
        onClick={() => (legendOpen.value = false)}
      >
        hide
      </button>
    </div>
  );
}
