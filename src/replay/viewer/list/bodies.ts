import { signal } from "@preact/signals";
import type { Events, Source } from "../../page.ts";

/** A text as far as it is here. */
export interface Body {
  readonly text: string;
  /** False while the preview stands for the text that is on its way. */
  readonly whole: boolean;
  /** Why there is no more than the preview, in words. */
  readonly trouble?: string;
}

const textsKept = 500;
const charsKept = 16 * 1024 * 1024;

interface Kept {
  readonly texts: Map<number, Body>;
  readonly coming: Set<number>;
  chars: number;
}
const bySource = new WeakMap<Source, Kept>();
/** Counts texts that came. */
export const bodiesArrived = signal(0);

function keptOf(source: Source): Kept {
  const known = bySource.get(source);
  if (known) return known;
  const made: Kept = { texts: new Map(), coming: new Set(), chars: 0 };
  bySource.set(source, made);
  return made;
}

function keep(kept: Kept, seq: number, body: Body): void {
  kept.texts.set(seq, body);
  kept.chars += body.text.length;
  for (const [old, { text }] of kept.texts) {
    if (kept.texts.size <= textsKept && (kept.chars <= charsKept || kept.texts.size === 1)) break;
    kept.texts.delete(old);
    kept.chars -= text.length;
  }
}

/** The whole text of an event, or its preview while the text is fetched; whoever reads this is drawn again when it has come. */
export function bodyOf(source: Source, events: Events, index: number, preview: string): Body {
  if ((events.body[index] ?? -1) < 0) return { text: preview, whole: true };
  const seq = events.first + index;
  const kept = keptOf(source);
  const known = kept.texts.get(seq);
  if (known) return known;
  void bodiesArrived.value;
  if (source.header.bodies !== "full")
    return { text: preview, whole: true, trouble: "the page was made without whole texts" };
  if (!kept.coming.has(seq)) {
    kept.coming.add(seq);
    source
      .body(events, index)
      .then((text) => keep(kept, seq, { text, whole: true }))
      .catch((error: unknown) => {
        const words = error instanceof Error ? error.message : String(error);
        keep(kept, seq, { text: preview, whole: true, trouble: words });
      })
      .finally(() => {
        kept.coming.delete(seq);
        bodiesArrived.value++;
      });
  }
  return { text: preview, whole: false };
}
