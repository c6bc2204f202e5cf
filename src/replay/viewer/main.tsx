import { effect } from "@preact/signals";
import { render } from "preact";
import type { Source } from "../page.ts";
import { App } from "./app.tsx";
import { handleKey } from "./keys.ts";
import { dark, darkSystem, open } from "./model.ts";

/** Shows a source in the page's `#app`. */
export function start(from: Source): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  darkSystem.value = system.matches;
  system.addEventListener("change", () => (darkSystem.value = system.matches));
  effect(() => {
    document.documentElement.dataset["theme"] = dark.value ? "dark" : "light";
  });
  open(from);
  addEventListener("keydown", handleKey);
  const root = document.getElementById("app");
  if (root) render(<App />, root);
}
