import { signal } from "@preact/signals";

export const tip = signal<
  { readonly x: number; readonly y: number; readonly lines: readonly string[] } | undefined
>(undefined);

const width = 300;

/** Two lines beside the pointer, without delay; never the only place of what they say. */
export function Tip() {
  const shown = tip.value;
  if (!shown) return null;
  const x = Math.max(4, Math.min(innerWidth - width - 8, shown.x + 12));
  const y = shown.y + 80 > innerHeight ? shown.y - 62 : shown.y + 16;
  return (
    <div class="tip" aria-hidden="true" style={{ transform: `translate(${x}px, ${y}px)` }}>
      {shown.lines.map((text, place) => (
        <div key={place} class={place > 0 ? "dim" : ""}>
          {text}
        </div>
      ))}
    </div>
  );
}
