import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// A browser takes both cores of a small machine: its tests come last, one file after the other, so that nobody else's
// deadline passes meanwhile.
const browser = ["test/replay-{page,list,hostile}*.test.ts"];

// What looks for a fault that shows itself once in many runs: a second try would hide it.
const proofs = [
  "test/{race,kill,file-kill,mail-never-lost,sessions-exact,redact-leaks,sim,sim-bugs}.test.ts",
];
// Most wait for processes and clocks: one more than there are cores keeps these busy.
const workers = availableParallelism() + 1;

// A test that needs another's time on a busy machine may be given it once more, where that is said.
const retry = Number(process.env["TRACECRAFT_RETRIES"] ?? 0);

// The longest first, or one of them is alone at the end while the other cores wait. The slowest of each group is first.
const slow = (
  "sim kill trouble sim-bugs exit-statuses day schemas race probe-servers mcp sessions-exact hook-follow requests " +
  "hook-processes moto cli-output setup-round-trip replay-page-access replay-page-crowd replay-page replay-page-media"
).split(" ");
const place = (one: TestSpecification) => {
  const at = slow.findIndex((name) => one.moduleId.endsWith(`/test/${name}.test.ts`));
  return at < 0 ? slow.length : at;
};

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files); // oxlint-disable-line unicorn/no-array-sort -- It is no array's.
    return usual.toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: SlowFirst },
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
          maxWorkers: workers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "proofs", include: proofs, maxWorkers: workers, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: { name: "browser", include: browser, retry, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
