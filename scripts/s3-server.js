// Runs test/s3-server-main.ts on any Node: bundled first, because Node 20 does not read TypeScript.
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const file = `${root}node_modules/.cache/tracecraft/s3-server-${process.pid}.mjs`;
mkdirSync(`${root}node_modules/.cache/tracecraft`, { recursive: true });
const bundle = await rolldown({ input: `${root}test/s3-server-main.ts`, platform: "node" });
await bundle.write({ file, format: "esm", codeSplitting: false });
await bundle.close();
await import(file);
rmSync(file);
