import fc from "fast-check";
import { expect, it } from "vitest";
import { TracecraftError } from "../errors.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import { objects, storyTime, testProject } from "../../test/project.ts";
import { memoryLocalState } from "./local.ts";
import { revisionsOf } from "./memory-record.ts";
import { deleteMemory, readMemoryKey, setMemory } from "./memory.ts";

const lost = new TracecraftError("unreachable", 'Cannot reach "lossy:": connection reset');

/** Loses replies: of each put, in turn, what `faults` says. */
function lossyStore(inner: Store, faults: ("fine" | "before" | "after")[]): Store {
  return {
    ...inner,
    get: inner.get,
    async put(key, body, expect_) {
      const fault = key.startsWith("memory/") ? (faults.shift() ?? "fine") : "fine";
      if (fault === "before") return { outcome: "unknown", cause: lost };
      const result = await inner.put(key, body, expect_);
      return fault === "after" ? { outcome: "unknown", cause: lost } : result;
    },
  };
}

it("loses no set and repeats none, whatever replies are lost and however many write at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("fine", "fine", "before", "after"), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
      async (faults, writers) => {
        const clock = { now: storyTime };
        const inner = memoryStore(() => clock.now);
        const store = lossyStore(inner, faults as ("fine" | "before" | "after")[]);
        const work = writers.map(async (count, writer) => {
          const project = testProject({
            store,
            clock,
            agent: `w${writer}`,
            local: memoryLocalState(),
            deadlineMs: 1e9,
          });
          const revisions: string[] = [];
          for (let n = 0; n < count; n++) {
            const result = await setMemory(project, "k", `${writer}.${n}`);
            if (result.kind === "done") revisions.push(result.now.revision);
          }
          await project.settled();
          return revisions;
        });
        const told = (await Promise.all(work)).flat();
        const record = await readMemoryKey(testProject({ store: inner, clock }), "k");
        const kept = record!.revisions!.map(({ revision }) => revision);
        expect(kept.toSorted()).toEqual(told.toSorted()); // Each once: a repetition would be one more.
        expect(told).toHaveLength(writers.reduce((sum, count) => sum + count, 0));
      },
    ),
    { numRuns: 300 },
  );
});

it("--if-revision gives one revision to exactly one of many writers", async () => {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const as = (agent: string) => testProject({ store, clock, agent, local: memoryLocalState() });
  const first = await setMemory(as("w0"), "k", "0");
  const revision = first.kind === "done" ? first.now.revision : "";
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) => setMemory(as(`w${n}`), "k", String(n), { ifRevision: revision })),
  );
  expect(results.filter(({ kind }) => kind === "done")).toHaveLength(1);
});

it("a late repetition of an older set does not revive a deleted key", async () => {
  const store = memoryStore();
  const project = testProject({ store });
  await setMemory(project, "k", "1");
  const before = (await store.get("memory/k.json", { limit: 1 << 20 }))!;
  await setMemory(project, "k", "2");
  await deleteMemory(project, "k");
  const late = await store.put("memory/k.json", before.body, { version: before.version });
  expect(late).toEqual({ outcome: "refused" });
  expect(await readMemoryKey(project, "k")).toMatchObject({ deleted: true, value: "" });
});

it("an outcome that stays unknown is said to be unknown", async () => {
  const clock = { now: storyTime };
  const project = testProject({
    store: lossyStore(
      memoryStore(),
      Array.from({ length: 1_000 }, () => "before" as const),
    ),
    clock,
  });
  await expect(setMemory(project, "k", "1")).rejects.toMatchObject({ code: "outcome_unknown", status: 7 });
});

it("keeps twenty revisions and stays small, however large the values were", async () => {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const project = testProject({ store, clock });
  for (let n = 0; n < 30; n++) await setMemory(project, "k", `${n} ${"x".repeat(40_000)}`);
  const record = (await readMemoryKey(project, "k"))!;
  const revisions = revisionsOf(record);
  expect(revisions).toHaveLength(20);
  expect(revisions.map(({ value }) => value !== undefined)).toEqual([true, true, ...Array(18).fill(false)]);
  expect((await objects(store, "memory/"))["memory/k.json"]!.length).toBeLessThan(120_000);
  await project.settled();
  const events = Object.entries(await objects(store, "events/"));
  expect(events.filter(([, text]) => JSON.parse(text).value.length > 40_000)).toHaveLength(30);
});

it("a store without conditions has one writer, says so, and refuses --if-revision", async () => {
  const store = memoryStore();
  store.traits.conditions = "ignored";
  const project = testProject({ store });
  await setMemory(project, "k", "1");
  await setMemory(project, "k", "2");
  expect(project.warnings[0]).toContain("best effort");
  expect((await readMemoryKey(project, "k"))?.value).toBe("2");
  await expect(setMemory(project, "k", "3", { ifRevision: "none" })).rejects.toMatchObject({
    code: "unfit_store",
  });
});
