import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { memoryLocalState } from "../coord/local.ts";
import { memoryStore } from "../store/memory.ts";
import {
  answer,
  objects,
  plant,
  storyTime,
  terminal,
  testContext,
  testProject,
  withDefaults,
} from "../../test/project.ts";
import { memoryDelete } from "./memory-delete.ts";
import { memoryGet } from "./memory-get.ts";
import { memoryHistory } from "./memory-history.ts";
import { memoryList } from "./memory-list.ts";
import { memorySet } from "./memory-set.ts";
import { send } from "./send.ts";

function shop() {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const at = (time: string) => void (clock.now = Date.parse(`2026-11-22T${time}Z`));
  const as = (agent: string, ids: readonly string[] = []) =>
    testProject({ store, clock, agent, ids, local: memoryLocalState() });
  return { store, at, as };
}

/** design.status as the samples have it: set by web-1, then by api-2. */
async function draftThenReview() {
  const { store, at, as } = shop();
  at("13:50:00");
  await answer(memorySet, as("web-1", ["7be01c44"]), { key: "design.status", value: "draft" });
  at("14:02:10");
  await answer(memorySet, as("api-2", ["0d9a31f2"]), { key: "design.status", value: "review" });
  at("14:05:00");
  return { store, at, as };
}

it("memory set says what was set and its revision", async () => {
  const { as } = shop();
  expect(await answer(memorySet, as("web-1", ["7be01c44"]), { key: "design.status", value: "draft" })).toBe(
    "Set design.status = draft\nrevision 7be01c44\n# 0",
  );
  expect(await answer(memoryGet, as("api-2"), { key: "design.status" })).toBe("draft\n# 0");
  expect(await answer(memoryGet, as("api-2"), { key: "design/status" })).toBe("draft\n# 0");
});

it("memory get of a key that is not set names where to look", async () => {
  const { as } = shop();
  expect(await answer(memoryGet, as("web-1"), { key: "design.nothing" })).toMatchInlineSnapshot(`
    "2> Error: Cannot get memory "design.nothing": not set
    2> Hint: tracecraft memory list design
    # 5"
  `);
});

it("memory set --if-revision refuses what was changed meanwhile", async () => {
  const { as } = await draftThenReview();
  const set = { key: "design.status", value: "final" };
  expect(await answer(memorySet, as("web-1"), { ...set, ifRevision: "7be01c44" })).toMatchInlineSnapshot(`
    "2> Error: Cannot set "design.status": it was changed meanwhile
    2> Cause: revision is 0d9a31f2, by api-2 at 2026-11-22T14:02:10Z
    2> Hint: tracecraft memory get design.status
    # 3"
  `);
  expect(await answer(memorySet, as("web-1"), { ...set, ifRevision: "none" })).toContain("# 3");
  expect(await answer(memorySet, as("web-1"), { ...set, key: "new", ifRevision: "7be01c44" })).toContain(
    "Cause: it is not set",
  );
  expect(await answer(memorySet, as("web-1"), { ...set, ifRevision: "0d9a31f2" })).toContain("# 0");
  expect(await answer(memorySet, as("web-1"), { ...set, key: "new", ifRevision: "none" })).toContain("# 0");
});

it("memory list prints bare keys, with --values what they hold, and no deleted ones", async () => {
  const { as } = await draftThenReview();
  await answer(memorySet, as("web-1"), { key: "design.contract", value: `line one\nline two` });
  await answer(memorySet, as("web-1"), { key: "design.old", value: "x" });
  await answer(memoryDelete, as("web-1"), { key: "design.old" });
  expect(await answer(memoryList, as("web-1"), { prefix: "design" })).toBe(
    "design.contract\ndesign.status\n# 0",
  );
  expect(await answer(memoryList, as("web-1"), { prefix: "design", values: true })).toBe(
    "design.contract  line one… (17 B)\ndesign.status  review\n# 0",
  );
  expect(await answer(memoryList, as("web-1"), { prefix: "nothing" })).toBe("# 0");
});

it("memory history lists what a key held, the newest first", async () => {
  const { as } = await draftThenReview();
  expect(await answer(memoryHistory, as("web-1"), { key: "design.status" })).toMatchInlineSnapshot(`
    "0d9a31f2  2026-11-22T14:02:10Z  api-2  review
    7be01c44  2026-11-22T13:50:00Z  web-1  draft
    # 0"
  `);
  expect(await answer(memoryHistory, as("web-1"), { key: "design.status" }, { view: terminal }))
    .toMatchInlineSnapshot(`
    "REVISION   SET       BY      VALUE
    ───────────────────────────────────
    0d9a31f2   2m ago    api-2   review
    7be01c44   15m ago   web-1   draft
    # 0"
  `);
  expect(await answer(memoryHistory, as("web-1"), { key: "nothing" })).toContain("# 5");
});

it("memory delete leaves a mark, so that get finds nothing and history everything", async () => {
  const { as } = await draftThenReview();
  expect(await answer(memoryDelete, as("web-1", ["51f0a7d3"]), { key: "design.status" })).toBe(
    "Deleted design.status\nrevision 51f0a7d3\n# 0",
  );
  expect(await answer(memoryDelete, as("web-1"), { key: "design.status" })).toBe(
    "Deleted design.status\nrevision 51f0a7d3\n# 0",
  );
  expect(await answer(memoryDelete, as("web-1"), { key: "never.set" })).toMatchInlineSnapshot(`
    "2> Error: Cannot delete memory "never.set": not set
    2> Hint: tracecraft memory list never
    # 5"
  `);
  expect(await answer(memoryGet, as("web-1"), { key: "design.status" })).toContain("# 5");
  expect(
    (await answer(memoryHistory, as("web-1"), { key: "design.status" })).split("\n").slice(0, 2),
  ).toEqual([
    "51f0a7d3  2026-11-22T14:05:00Z  web-1  (deleted)",
    "0d9a31f2  2026-11-22T14:02:10Z  api-2  review",
  ]);
  expect(await answer(memorySet, as("web-1"), { key: "design.status", value: "again" })).toContain("# 0");
  expect(await answer(memoryGet, as("web-1"), { key: "design.status" })).toBe("again\n# 0");
});

it("memory set takes its value from a file or standard input, byte for byte", async () => {
  const { as } = shop();
  const folder = mkdtempSync(join(tmpdir(), "memory-"));
  try {
    writeFileSync(join(folder, "schema.json"), '{ "a": [1, 2] }\n');
    writeFileSync(join(folder, "latin1.txt"), Buffer.from([0x63, 0xe9]));
    const set = (args: object, stdin = "") =>
      answer(memorySet, as("web-1"), { key: "k", ...args }, { cwd: folder, stdin });
    expect(await set({ file: "schema.json" })).toContain('Set k = { "a": [1, 2] }… (16 B)');
    expect(await answer(memoryGet, as("web-1"), { key: "k" })).toBe('{ "a": [1, 2] }\n# 0'); // One line end, whoever it is from.
    expect(await set({ value: "-" }, "from\nstdin")).toContain("Set k = from… (10 B)");
    for (const kept of ['["9007199254740993 1e400"]', "[9007199254740992,-0.5e-3,1e21]"])
      expect(await set({ value: kept, jsonValue: true })).toContain("# 0");
    expect(await set({ file: "schema.json", jsonValue: true })).toContain('Set k = {"a":[1,2]}');
    const { data } = await memoryGet.run(testContext(as("web-1")), { key: "k" });
    expect(data).toMatchObject({ key: "k", value: { a: [1, 2] }, set_by: "web-1", untrusted: true });

    for (const bad of [{ file: "latin1.txt" }, {}, { value: "x", file: "schema.json" }, { file: "." }])
      expect(await set(bad)).toContain("# 2");
    expect(await set({ file: "missing" })).toContain("# 5");
    expect(await set({ value: "{", jsonValue: true })).toContain("the value is not JSON");
    expect(await set({ value: "[".repeat(150) + "]".repeat(150), jsonValue: true })).toContain("# 2");
    expect(await set({ value: '{"id":9007199254740993}', jsonValue: true })).toBe(
      '2> Error: Cannot set "k": 9007199254740993 would become 9007199254740992\n' +
        "2> Cause: a number beyond what JSON readers keep: make it a string\n# 2",
    );
    for (const number of ["1e400", `-${"9".repeat(400)}`])
      expect(await set({ value: `[${number}]`, jsonValue: true })).toContain("would become");
    expect(await set({ value: "x".repeat(262_145) })).toContain("# 2");
    expect(
      await set({ key: Array.from({ length: 8 }, () => "x".repeat(120)).join("."), value: "x" }),
    ).toContain("bytes, over 900");
    expect(await answer(memoryGet, as("web-1"), { key: "k" })).toContain('{"a":[1,2]}');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("memory set takes secrets out, also out of JSON, and JSON stays JSON", async () => {
  const { as, store } = shop();
  const secret = ["ghp", "R2d7kP9vXq4LmZ8tYw3NbC6sJh1GfA5eUo0i"].join("_");
  const text = await answer(memorySet, as("web-1"), { key: "k", value: `token ${secret}` });
  expect(text).toContain("warning: 1 secret redacted");
  const json = JSON.stringify({ nested: [{ token: secret }], n: 1 });
  await answer(memorySet, as("web-1"), { key: "j", value: json, jsonValue: true });
  const { data } = await memoryGet.run(testContext(as("web-1")), { key: "j" });
  expect(data["value"]).toMatchObject({ n: 1 });
  expect(JSON.stringify(await objects(store))).not.toContain(secret);
  await answer(memorySet, as("web-1"), { key: "k", value: secret, noRedact: true });
  expect(await answer(memoryGet, as("web-1"), { key: "k" })).toContain(secret);
});

it("a secret in a key is refused, for a key cannot be redacted, and never printed; --no-redact keeps it", async () => {
  const { as, store } = shop();
  const github = ["ghp", "R2d7kP9vXq4LmZ8tYw3NbC6sJh1GfA5eUo0i"].join("_");
  const jwt = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTYifQ", "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"].join(
    ".",
  );
  const set = (key: string, more = {}) => answer(memorySet, as("web-1"), { key, value: "v", ...more });
  expect(await set(`k-${github}`)).toMatchInlineSnapshot(`
    "2> Error: Cannot set "k-[REDACTED:github_token]": a name cannot be redacted
    2> Cause: it looks like a secret; --no-redact keeps it
    2> Hint: docs/redaction.md
    # 2"
  `);
  for (const key of [github, `deploy.${github}`, `deploy/${github}`, jwt, jwt.replaceAll(".", "/")]) {
    const said = await set(key);
    expect(said, key).toMatch(/a name cannot be redacted\n(.*\n)*# 2$/);
    expect(said).not.toContain(key.slice(-20));
  }
  const sent = { to: "api-2", text: "hello" };
  expect(await answer(send, as("web-1"), { ...sent, thread: github })).toContain(
    'Cannot send in thread "[REDACTED:',
  );
  expect(await answer(send, as("web-1"), { ...sent, to: github })).toContain('Cannot send to "[REDACTED:');
  expect(await answer(memoryDelete, as("web-1"), { key: github })).toContain("# 5");
  const value = "wJa1rXUtnFEMI/K7MDENG/bPxRfiCYzQ93";
  const context = { ...testContext(as("web-1")), env: { DEPLOY_SECRET: value } };
  for (const key of [value, value.replaceAll("/", ".")])
    await expect(memorySet.run(context, withDefaults(memorySet, { key, value: "v" }))).rejects.toThrow(
      'Cannot set "[REDACTED:environment_value]"',
    );
  expect(await objects(store)).toEqual({});
  expect(await set(github, { noRedact: true })).toContain("# 0");
  expect(await answer(memoryDelete, as("web-1"), { key: github })).toContain("# 0"); // It is there: to be rid of it.
});

it("memory shows control characters as such, and reads what format 1 wrote", async () => {
  const { as, store } = shop();
  await plant(store, "memory/odd key/x.json", {
    value: "a\u001b[2Jb",
    set_by: "old",
    set_at: "2026-11-22T12:00:00+00:00",
  });
  await plant(store, "memory/number.json", { value: 7, set_by: "old", set_at: "2026-11-22T12:00:00+00:00" });
  await plant(store, "memory/broken.json", "{");
  expect(await answer(memoryGet, as("web-1"), { key: "odd key.x" })).toBe("a\\u{1b}[2Jb\n# 0");
  expect(await answer(memoryGet, as("web-1"), { key: "number" })).toBe("7\n# 0");
  expect(await answer(memoryGet, as("web-1"), { key: "broken" })).toContain("# 10");
  expect(await answer(memoryList, as("web-1"))).toMatchInlineSnapshot(`
    "number
    odd key.x
    2> warning: malformed: memory/broken.json (not JSON at byte 1)
    # 0"
  `);
  expect(await answer(memorySet, as("web-1"), { key: "number", value: "8" })).toContain("# 0");
  const history = (await answer(memoryHistory, as("web-1"), { key: "number" })).split("\n");
  expect(history[1]).toMatch(/^[0-9a-f]{8} {2}2026-11-22T12:00:00Z {2}old {2}7$/);
  expect(await answer(memorySet, as("web-1"), { key: "odd key", value: "x" })).toContain("# 2");
});
