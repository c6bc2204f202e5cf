import { chmodSync, readFileSync } from "node:fs";
import { defineConfig } from "rolldown";

// What nearly every command needs: a file costs more to open than its compiled code to read (src/cli/load.ts).
const core = [
  /src\/(?:errors|format\/(?!version))/,
  /src\/cli\/(?!main|load|program)/,
  /src\/coord\/(?!.*(?:artifact|download|history|local-file))/,
  /src\/store\/(?:open|credentials\.ts|probe-name|source|too-large|key-length)/,
  /src\/commands\/(?:all|command|text|values|names|machine|configuration-places|bindings|no-project|display-width)\.ts/,
  /src\/commands\/(?:step-words|refusals|redacted|redactor|given-text|memory-words)\.ts/,
  /node_modules\/valibot/,
];

// CommonJS in split chunks: the ESM loader alone would cost the whole start-up budget on Node 20. Each command, driver
// and other heavy part is a chunk of its own, loaded where it is asked for. Names are kept, for the stacks of bug reports.
const program = {
  input: { cli: "src/cli/main.ts", program: "src/cli/program.ts" },
  platform: "node",
  preserveEntrySignatures: "allow-extension",
  checks: { ineffectiveDynamicImport: false }, // A chunk may be loaded lazily by one and at once by another.
  // Its main file loads the others by names that a bundler cannot see.
  resolve: { alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" } },
  plugins: [
    {
      // npm sets this when it installs a package; a clone that was linked is built again after that.
      name: "executable",
      writeBundle: ({ dir }) => chmodSync(`${dir}/cli.cjs`, 0o755),
    },
  ],
  output: {
    dir: "dist",
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "chunk-[name]-[hash].cjs",
    cleanDir: true,
    minify: { compress: true, mangle: false, codegen: true },
    banner: (chunk) => (chunk.isEntry && chunk.name === "cli" ? "#!/usr/bin/env node" : ""),
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: "s3", test: /src\/store\/(?:s3(?!-https|-multipart)|sigv4|retry)/, priority: 3 },
        { name: "file", test: /src\/store\/file/, priority: 2 },
        { name: "core", test: (id) => core.some((pattern) => pattern.test(id)), priority: 1 },
      ],
    },
  },
};

const styles = ["src/replay/viewer/viewer.css", "src/replay/viewer/list/list.css"];

// What a browser runs of a replay page: one script and one style sheet, which `replay` puts into the page by their hashes.
const viewer = {
  input: { "replay-viewer": "src/replay/viewer/main.tsx" },
  platform: "browser",
  output: { dir: "dist", format: "iife", entryFileNames: "[name].js", minify: true },
  plugins: [
    {
      name: "viewer-style",
      buildStart() {
        for (const file of styles) this.addWatchFile(file);
      },
      generateBundle() {
        const source = styles.map((file) => plainCss(readFileSync(file, "utf8"))).join("\n");
        this.emitFile({ type: "asset", fileName: "replay-viewer.css", source });
      },
    },
  ],
};

/** Without comments and indentation. Strings of these sheets hold neither. */
function plainCss(text) {
  return text
    .replaceAll(/\/\*[^]*?\*\//g, "")
    .replaceAll(/\n\s*/g, "\n")
    .trim();
}

export default defineConfig([program, viewer]);
