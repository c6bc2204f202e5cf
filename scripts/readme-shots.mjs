// Plays the demo and takes the README's two pictures of its replay, in both themes: node scripts/readme-shots.mjs
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const assets = join(root, "docs", "assets");
const shots = mkdtempSync(join(tmpdir(), "tracecraft-shots-"));
const told = execFileSync("npm", ["run", "--silent", "demo"], { cwd: root, encoding: "utf8" });
const page = /file:\/\/(\S+replay\.html)/.exec(told)?.[1];
if (page === undefined) throw new Error("the demo made no replay");
const take = join(root, "scripts", "replay-shots.mjs");
execFileSync(process.execPath, [take, shots, "--page", page, "--hash", "axis=real", "--only", "1440x900"], {
  stdio: "inherit",
});
mkdirSync(assets, { recursive: true });
for (const theme of ["light", "dark"])
  copyFileSync(join(shots, `1440x900-${theme}.png`), join(assets, `replay-${theme}.png`));
rmSync(shots, { recursive: true });
