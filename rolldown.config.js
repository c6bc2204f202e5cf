import { defineConfig } from "rolldown";

// CommonJS in split chunks: the ESM loader alone would cost the whole start-up budget on Node 20.
export default defineConfig({
  input: { cli: "src/cli/main.ts" },
  platform: "node",
  output: {
    dir: "dist",
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "chunk-[name]-[hash].cjs",
    cleanDir: true,
    banner: (chunk) => (chunk.isEntry && chunk.name === "cli" ? "#!/usr/bin/env node" : ""),
  },
});
