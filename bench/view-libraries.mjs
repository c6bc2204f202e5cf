// The same list, 40 rows that move on by one 2,000 times and a selection that follows, in each view library that was a
// candidate for the replay page: bytes of the bundle and time in Chromium. node bench/view-libraries.mjs [rounds]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { rolldown } from "rolldown";

const rounds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), "tracecraft-views-"));
const packages = ["preact", "@preact/signals", "solid-js", "lit"];

const data = `
export const rows = Array.from({ length: 2100 }, (_, n) => ({ n, time: "13:30:" + (n % 60), who: "agent-" + (n % 7), text: "event " + n }));
export const shown = 40;
export async function measure(move) {
  let took = 0;
  for (let at = 0; at < 2000; at++) {
    const began = performance.now();
    move(at);
    document.body.offsetHeight; // Layout is part of it, and whatever waits for the end of the task.
    await undefined;
    took += performance.now() - began;
    if (at % 20 === 0) await new Promise(requestAnimationFrame);
  }
  globalThis.took = took;
  const list = document.querySelectorAll(".row");
  globalThis.right = list.length === shown && list[0].textContent.includes("event 1999") && document.querySelectorAll(".sel").length === 1;
}
`;

const candidates = {
  "Preact with signals": `
    import { render, h } from "preact"; import { signal } from "@preact/signals"; import { rows, shown, measure } from "./data.js";
    const at = signal(0);
    const Row = ({ row, selected }) => h("div", { class: selected ? "row sel" : "row" }, h("span", null, row.time), h("span", null, row.who), h("span", null, row.text));
    const App = () => h("div", null, rows.slice(at.value, at.value + shown).map((row) => h(Row, { key: row.n, row, selected: row.n === at.value + 5 })));
    render(h(App), document.body);
    const { options } = await import("preact");
    options.debounceRendering = (work) => work();
    measure((next) => (at.value = next));`,
  Solid: `
    import { createEffect, createSignal, For } from "solid-js"; import { render } from "solid-js/web"; import h from "solid-js/h"; import { rows, shown, measure } from "./data.js";
    const [at, setAt] = createSignal(0);
    const line = (row) => {
      const made = h("div", { class: "row" }, h("span", row.time), h("span", row.who), h("span", row.text));
      const element = typeof made === "function" ? made() : made;
      createEffect(() => element.classList.toggle("sel", row.n === at() + 5));
      return element;
    };
    render(() => h("div", h(For, { each: () => rows.slice(at(), at() + shown) }, line)), document.body);
    measure((next) => setAt(next));`,
  lit: `
    import { html, render } from "lit"; import { repeat } from "lit/directives/repeat.js"; import { rows, shown, measure } from "./data.js";
    const draw = (at) => render(html\`<div>\${repeat(rows.slice(at, at + shown), (row) => row.n, (row) =>
      html\`<div class=\${row.n === at + 5 ? "row sel" : "row"}><span>\${row.time}</span><span>\${row.who}</span><span>\${row.text}</span></div>\`)}</div>\`, document.body);
    draw(0);
    measure(draw);`,
};

try {
  execFileSync("npm", [
    "i",
    "--silent",
    "--no-save",
    "--no-package-lock",
    "--ignore-scripts",
    "--prefix",
    folder,
    ...packages,
  ]);
  writeFileSync(join(folder, "data.js"), data);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  console.log("| library | bundle, gzipped | ms for 2,000 moves, median |\n|---|---|---|");
  for (const [name, source] of Object.entries(candidates)) {
    const entry = join(folder, `${name.split(" ")[0]}.js`);
    writeFileSync(entry, source);
    const build = await rolldown({
      input: entry,
      platform: "browser",
      resolve: { conditionNames: ["browser", "import", "default"] },
    });
    const { output } = await build.generate({ format: "esm", minify: true, codeSplitting: false });
    await build.close();
    const script = output[0].code;
    const times = [];
    for (let round = 0; round < rounds; round++) {
      const page = await browser.newPage();
      page.on("pageerror", (error) => console.error(name, error.message));
      await page.setContent("<!doctype html><body></body>");
      await page.addScriptTag({ type: "module", content: script });
      await page.waitForFunction(() => globalThis.took !== undefined);
      if (!(await page.evaluate(() => globalThis.right)))
        throw new Error(`${name} shows ${await page.evaluate(() => document.body.innerHTML.slice(0, 300))}`);
      times.push(await page.evaluate(() => globalThis.took));
      await page.close();
    }
    const median = times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)];
    console.log(`| ${name} | ${(gzipSync(script).length / 1024).toFixed(1)} KiB | ${median.toFixed(0)} |`);
  }
  await browser.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
