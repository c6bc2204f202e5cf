import { defineConfig } from "vitest/config";

// A browser takes both cores of a small machine: its tests come last, one file after the other, so that nobody else's
// deadline passes meanwhile.
const browser = ["test/replay-{page,list,hostile}*.test.ts"];

export default defineConfig({
  test: {
    pool: "threads",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: browser,
          maxWorkers: "100%", // Most wait for processes and clocks.
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "browser", include: browser, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
