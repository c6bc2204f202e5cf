import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { storyTime, testProject, answer } from "../../test/project.ts";
import { reserve } from "./reserve.ts";
import { reservations } from "./reservations.ts";
import { unreserve } from "./unreserve.ts";

function shop() {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const as = (agent: string, skewMs = 0) => testProject({ store, clock, agent, skewMs });
  return { as, minutes: (n: number) => (clock.now += n * 60_000), store };
}

it("reserve, unreserve, reservations: the samples of the output book", async () => {
  const { as, minutes } = shop();
  expect(await answer(reservations, as("web-1"))).toMatchInlineSnapshot(`
    "No reservations.
    # 0"
  `);
  expect(await answer(reserve, as("web-1"), { pattern: "src/api/**" })).toMatchInlineSnapshot(`
    "Reserved src/api/** as web-1
    exclusive, until 2026-11-22T15:05:00Z (60m)
    # 0"
  `);
  minutes(38);
  expect(await answer(reserve, as("api-2"), { pattern: "src/**/*.ts" })).toMatchInlineSnapshot(`
    "2> Error: Cannot reserve "src/**/*.ts": web-1 holds src/api/** (exclusive, 22m left)
    2> Hint: tracecraft send web-1 "…"
    # 3"
  `);
  expect(await answer(reserve, as("api-2"), { pattern: "src/**/*.ts", advise: true })).toMatchInlineSnapshot(`
    "Reserved src/**/*.ts as api-2
    exclusive, until 2026-11-22T15:43:00Z (60m)
    2> warning: web-1 holds src/api/** (exclusive, 22m left)
    # 0"
  `);
  expect(await answer(reserve, as("api-2"), { pattern: "docs", shared: true, step: "manual" }))
    .toMatchInlineSnapshot(`
    "Reserved docs as api-2
    shared, until 2026-11-22T15:43:00Z (60m)
    # 0"
  `);
  expect(await answer(reserve, as("web-1"), { pattern: "docs/x.md", shared: true })).toMatchInlineSnapshot(`
    "Reserved docs/x.md as web-1
    shared, until 2026-11-22T15:43:00Z (60m)
    # 0"
  `);
  expect(await answer(reserve, as("web-1"), { pattern: "docs/x.md" })).toMatchInlineSnapshot(`
    "2> Error: Cannot reserve "docs/x.md": api-2 holds docs (shared, 60m left)
    2> Hint: tracecraft send api-2 "…"
    # 3"
  `);
  expect(await answer(reservations, as("web-1"))).toMatchInlineSnapshot(`
    "src/api/**  exclusive  web-1  22m left
    src/**/*.ts  exclusive  api-2  60m left
    docs  shared  api-2  60m left  step manual
    docs/x.md  shared  web-1  60m left
    # 0"
  `);
  expect(await answer(unreserve, as("web-1"), { pattern: "src/api/**" })).toMatchInlineSnapshot(`
    "Unreserved src/api/**
    # 0"
  `);
  expect(await answer(unreserve, as("web-1"), { pattern: "src/api/**" })).toMatchInlineSnapshot(`
    "2> Error: Cannot unreserve "src/api/**": web-1 has not reserved it
    2> Hint: tracecraft reservations
    # 5"
  `);
  expect(await answer(reserve, as("web-1"), { pattern: "../x" })).toMatchInlineSnapshot(`
    "2> Error: Cannot reserve "../x": ".", ".." and empty names lead elsewhere
    # 2"
  `);
});

it("a reservation lapses by the store's clock though others write the object, whatever the machines' clocks say", async () => {
  const { as, minutes } = shop();
  await answer(reserve, as("web-1", 600_000), { pattern: "src" });
  minutes(59);
  await answer(reserve, as("docs-4", -600_000), { pattern: "docs" });
  expect(await answer(reserve, as("api-2", -600_000), { pattern: "src/a" })).toContain("web-1 holds src");
  minutes(2);
  expect(await answer(reserve, as("api-2", -600_000), { pattern: "src/a" })).toContain(
    "Reserved src/a as api-2",
  );
});

it("of 20 agents that reserve one path at once exactly one has it", async () => {
  const { as } = shop();
  const agents = Array.from({ length: 20 }, (_, at) => as(`agent-${at}`));
  const answers = await Promise.all(agents.map((agent) => answer(reserve, agent, { pattern: "src" })));
  expect(answers.filter((text) => text.endsWith("# 0"))).toHaveLength(1);
  expect(answers.filter((text) => text.endsWith("# 3"))).toHaveLength(19);
});
