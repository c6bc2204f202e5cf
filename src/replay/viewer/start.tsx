import "./class-refs.ts";
import { batch, effect } from "@preact/signals";
import { render } from "preact";
import type { Source } from "../page.ts";
import { goTo, keepAddress, placeNow } from "./address.ts";
import { App } from "./app.tsx";
import { remembering } from "./blocks.ts";
import { handleKey } from "./keys.ts";
import { blocks, gaps, keepScroll, windowSize } from "./lane-view.ts";
import { dark, darkSystem, following, now, open, range, said, seek, source, work } from "./model.ts";
import { bindPageKeys } from "./page-keys.ts";
import { keepPlaying } from "./play.ts";
import { keepSpent } from "./spent-now.ts";

const measure = () => {
  windowSize.value = [innerWidth, innerHeight];
};

/** Shows a source in the page's `#app`, at the place that the address names. */
export async function start(from: Source): Promise<void> {
  const system = matchMedia("(prefers-color-scheme: dark)");
  darkSystem.value = system.matches;
  system.addEventListener("change", () => (darkSystem.value = system.matches));
  measure();
  addEventListener("resize", measure);
  effect(() => {
    document.documentElement.dataset["theme"] = dark.value ? "dark" : "light";
    document.title = `${source.value?.header.project ?? "tracecraft"} · replay`;
  });
  effect(() => {
    if (said.value === "") return undefined;
    const off = setTimeout(() => (said.value = ""), 4000);
    return () => clearTimeout(off);
  });
  open(remembering(from));
  keepScroll();
  keepPlaying(() => gaps.value);
  keepSpent();
  bindPageKeys();
  addEventListener("keydown", handleKey);
  const root = document.getElementById("app");
  if (root) render(<App />, root);
  await goTo(location.hash);
  keepAddress();
  performance.mark("tc:interactive");
  if (location.hash.includes("debug")) exposeWork();
}

/** Takes in what a followed bucket has now. T stays where it is, unless it stood at the end and the list follows. */
export function grow(next: Source): void {
  const before = source.value?.header;
  const atEnd = before !== undefined && now.value >= before.to && following.value;
  const [from, to] = range.value;
  const whole = before !== undefined && from <= before.from && to >= before.to;
  batch(() => {
    open(remembering(next));
    if (whole) range.value = [next.header.from, Math.max(next.header.from + 20, next.header.to)];
    if (atEnd) seek(next.header.to);
  });
}

/** For those who measure: what was touched and read so far, and the place before it is written into the address. */
function exposeWork(): void {
  Object.defineProperty(globalThis, "tracecraftPlace", { get: placeNow });
  Object.defineProperty(globalThis, "tracecraftWork", {
    get: () => ({ ...work, ...source.value?.work, blocks: blocks.value !== undefined }),
  });
}
