import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    pool: "threads",
    maxWorkers: "100%", // Most wait for processes and clocks; what needs the machine alone says so itself.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
