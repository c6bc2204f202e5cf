import { defineConfig } from "vitest/config";

// A browser takes both cores of a small machine: its tests come last, one file after the other, so that nobody else's
// deadline passes meanwhile.
const browser = ["test/replay-{page,list,hostile}*.test.ts"];

// What looks for a fault that shows itself once in many runs: a second try would hide it.
const proofs = [
  "test/{race,kill,file-kill,mail-never-lost,sessions-exact,redact-leaks,sim,sim-bugs}.test.ts",
];
// A test that needs another's time on a busy machine may be given it once more, where that is said.
const retry = Number(process.env["TRACECRAFT_RETRIES"] ?? 0);

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
          exclude: [...browser, ...proofs],
          retry,
          maxWorkers: "100%", // Most wait for processes and clocks.
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "proofs", include: proofs, maxWorkers: "100%", sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: { name: "browser", include: browser, retry, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
