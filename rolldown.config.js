import { defineConfig } from "rolldown";

// CommonJS in split chunks: the ESM loader alone would cost the whole start-up budget on Node 20. Each command, driver
// and other heavy part is a chunk of its own, loaded where it is asked for. What nearly every command needs is one
// chunk: a file costs more to open than its code to parse.
export default defineConfig({
  input: { cli: "src/cli/main.ts" },
  platform: "node",
  output: {
    dir: "dist",
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "chunk-[name]-[hash].cjs",
    cleanDir: true,
    minify: { compress: true, mangle: true, codegen: true },
    banner: (chunk) => (chunk.isEntry && chunk.name === "cli" ? "#!/usr/bin/env node" : ""),
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: "s3", test: /src\/store\/(?:s3(?!-https|-multipart)|sigv4|retry)/, priority: 3 },
        { name: "file", test: /src\/store\/(?:file|source)/, priority: 2 },
        {
          name: "finish",
          test: /src\/coord\/(?:transition|finish|handoffs|projections|outcomes)/,
          priority: 2,
        },
        { name: "mail", test: /src\/coord\/(?:mail|arrivals|cursor|send)/, priority: 2 },
        { name: "memory", test: /src\/coord\/memory|src\/commands\/memory-words/, priority: 2 },
        {
          name: "records",
          test: /src\/(?:format\/(?:records|keys)|coord\/(?:update|steps|claims?|lapse|leases|journal|agents|fresh|verdict|own-record|project))|node_modules\/valibot/,
          priority: 1,
        },
        {
          name: "core",
          test: /src\/(?:errors|format\/names|coord\/(?:clock|local|news)\.ts|cli\/(?!main)|store\/(?:open|probe-name)|commands\/(?:all|command|text|values|names|machine|bindings|no-project|display-width|step-words|refusals|redacted)\.ts)/,
          priority: 1,
        },
      ],
    },
  },
});
