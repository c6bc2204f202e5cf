import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Viewer } from "./html.ts";

/** The viewer as the build left it beside this program's own files; both are plain text in UTF-8. */
export function readViewer(folder: string = import.meta.dirname): Viewer {
  const read = (name: string) => readFileSync(join(folder, name), "utf8").trimEnd();
  return { script: read("replay-viewer.js"), style: read("replay-viewer.css") };
}
