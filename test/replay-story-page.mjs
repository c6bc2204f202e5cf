import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const viewer = here("../src/replay/viewer/");

/** The viewer as one script, with an entry of the test's own in front of it. */
export async function bundleViewer(entry) {
  const build = await rolldown({
    input: "virtual:entry",
    platform: "browser",
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "virtual:entry" ? here("./virtual-entry.ts") : undefined),
        load: (id) => (id === here("./virtual-entry.ts") ? { code: entry, moduleType: "tsx" } : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: "iife", minify: true });
  await build.close();
  return output[0].code;
}

export function viewerStyles() {
  return ["viewer.css", "list/list.css"].map((name) => readFileSync(`${viewer}${name}`, "utf8")).join("\n");
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** A page as `replay` makes it, around a script that brings its own data. */
export function wrapPage(script, styles) {
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(styles)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"><title>replay</title>',
    `<style>${styles}</style></head><body><div id="app"></div><script>${script}</script></body></html>`,
  ].join("\n");
}

const made = new Map();

/** The page of a variant of the story, built once for a process. */
export function storyPage(variant = "team") {
  const known = made.get(variant);
  if (known) return known;
  const page = bundleViewer(
    `import { storySource } from "./replay-story.ts"; import { start } from "../src/replay/viewer/start.tsx"; void start(storySource("${variant}"));`,
  ).then((script) => wrapPage(script, viewerStyles()));
  made.set(variant, page);
  return page;
}
