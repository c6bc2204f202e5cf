const names = [
  "bg",
  "bg-2",
  "bg-3",
  "future",
  "line",
  "line-2",
  "ink",
  "ink-2",
  "ink-3",
  "act",
  "msg",
  "lease",
  "lease-bg",
  "lease-on",
  "hand",
  "mem",
  "warn",
  "err",
  "sel",
  "focus",
] as const;
export type Colour = (typeof names)[number];
export type Palette = Readonly<Record<Colour, string>>;

/** The colours and families that viewer.css gives the root now: the canvas draws with the same words as the rest. */
export function readPalette(root: Element): Palette & { readonly sans: string; readonly mono: string } {
  const style = getComputedStyle(root);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const colours = Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Colour, string>;
  return { ...colours, sans: read("sans"), mono: read("mono") };
}
