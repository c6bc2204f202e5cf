import { expect, it } from "vitest";
import { memoryLocalState } from "../coord/local.ts";
import { registerAgent } from "../coord/agents.ts";
import { TracecraftError, explain } from "../errors.ts";
import { memoryStore } from "../store/memory.ts";
import {
  plain,
  plant,
  said,
  storyTime,
  terminal,
  testContext,
  testProject,
  type TestProject,
} from "../../test/project.ts";
import { claim } from "./claim.ts";
import type { Context, Reply, View } from "./command.ts";
import { complete } from "./complete.ts";
import { handoff } from "./handoff.ts";
import { release } from "./release.ts";
import { renew } from "./renew.ts";
import { reopen } from "./reopen.ts";
import { status } from "./status.ts";
import { stepStatus } from "./step-status.ts";
import { steps } from "./steps.ts";
import { waitFor } from "./wait-for.ts";

// The samples of sections 3 and 4 of the output book: several agents on one store, in one time.
function shop() {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const projects = new Map<string, TestProject>();
  const as = (agent: string, session = `session-of-${agent}`): TestProject => {
    const name = `${agent} ${session}`;
    const known =
      projects.get(name) ??
      testProject({ store, clock, agent, local: memoryLocalState(), session: { id: session } });
    projects.set(name, known);
    return known;
  };
  return { clock, store, as, minutes: (n: number) => (clock.now += n * 60_000) };
}

async function tell(
  command: { run(context: Context, args: never): Promise<Reply> },
  project: TestProject,
  args: object,
  view: View = plain,
): Promise<string> {
  const context = testContext(project);
  let answer: string;
  try {
    answer = await said(await command.run(context, args as never), view);
  } catch (error) {
    if (!(error instanceof TracecraftError)) throw error;
    answer = [
      ...explain(error)
        .split("\n")
        .map((line) => `2> ${line}`),
      `# ${error.status}`,
    ].join("\n");
  }
  await project.settled();
  expect(project.warnings).toEqual([]);
  return [...context.progressed.map(({ plain: line }) => `2> ${line}`), answer].join("\n");
}

it("claim: taken, already yours, taken by another, another session, lapsed, finished", async () => {
  const { as, minutes } = shop();
  expect(await tell(claim, as("web-1"), { step: "design" })).toMatchInlineSnapshot(`
    "Claimed step design as web-1
    until 2026-11-22T15:05:00Z (60m), term 1
    2> next: tracecraft complete design --note "what was done"
    # 0"
  `);
  expect(await tell(claim, as("web-1"), { step: "design" })).toMatchInlineSnapshot(`
    "Claimed step design as web-1
    already yours, until 2026-11-22T15:05:00Z (60m), term 1
    # 0"
  `);
  await tell(claim, as("api-2"), { step: "api" });
  minutes(48);
  expect(await tell(claim, as("web-1"), { step: "api" })).toMatchInlineSnapshot(`
    "2> Error: Step api already claimed by api-2
    2> Cause: lease until 2026-11-22T15:05:00Z (12m left), term 1
    2> Hint: tracecraft wait-for api
    # 3"
  `);
  expect(await tell(claim, as("web-1", "9b2e44d0-1"), { step: "design" })).toMatchInlineSnapshot(`
    "2> Error: Step design already claimed by web-1
    2> Cause: by its session session-, 12m left, term 1
    2> Hint: tracecraft claim design --mine
    # 3"
  `);
  expect(await tell(claim, as("web-1", "9b2e44d0-1"), { step: "design", mine: true })).toMatchInlineSnapshot(`
    "Claimed step design as web-1
    until 2026-11-22T15:53:00Z (60m), term 2; taken over from its session session-
    2> next: tracecraft complete design --note "what was done"
    # 0"
  `);
  await tell(claim, as("test-3"), { step: "tests" });
  minutes(61);
  expect(await tell(claim, as("web-1"), { step: "tests" })).toMatchInlineSnapshot(`
    "Claimed step tests as web-1
    until 2026-11-22T16:54:00Z (60m), term 2; test-3 let it lapse
    2> next: tracecraft complete tests --note "what was done"
    # 0"
  `);
  await tell(claim, as("ana"), { step: "deploy" });
  await tell(complete, as("ana"), { step: "deploy", blocked: true });
  expect(await tell(claim, as("ana"), { step: "deploy" })).toMatchInlineSnapshot(`
    "2> Error: Step deploy already claimed by ana
    2> Cause: it is blocked since 2026-11-22T15:54:00Z (term 1)
    2> Hint: tracecraft reopen deploy
    # 3"
  `);
  expect(await tell(claim, as("ana"), { step: "../x" })).toMatchInlineSnapshot(`
    "2> Error: Cannot claim "../x": a step is 1 to 128 of letters, digits, ".", "_", "-", and starts with a letter or digit
    # 2"
  `);
  expect(await tell(claim, as("ana"), { step: "quick", ttl: "20s" })).toMatchInlineSnapshot(`
    "Claimed step quick as ana
    until 2026-11-22T15:54:20Z (20s), term 1
    2> warning: a ttl under 30s lapses while its holder thinks
    # 0"
  `);
});

it("renew, release, reopen", async () => {
  const { as, minutes } = shop();
  await tell(claim, as("web-1"), { step: "design" });
  minutes(20);
  expect(await tell(renew, as("web-1"), {})).toMatchInlineSnapshot(`
    "Renewed step design until 2026-11-22T15:25:00Z (60m), term 1
    # 0"
  `);
  minutes(62);
  await tell(claim, as("api-2"), { step: "design" });
  expect(await tell(renew, as("web-1"), { step: "design" })).toMatchInlineSnapshot(`
    "2> Error: Cannot renew "design": your lease lapsed and api-2 took it over at 2026-11-22T15:27:00Z (term 2)
    2> Hint: tracecraft step-status design
    # 6"
  `);
  expect(await tell(release, as("api-2"), { step: "design" })).toMatchInlineSnapshot(`
    "Released step design
    # 0"
  `);
  expect(await tell(release, as("api-2"), { step: "design" })).toMatchInlineSnapshot(`
    "Released step design
    # 0"
  `);
  expect(await tell(release, as("api-2"), { step: "nothing" })).toMatchInlineSnapshot(`
    "2> Error: Cannot release "nothing": nobody has claimed it
    2> Hint: tracecraft steps
    # 5"
  `);
  await tell(claim, as("ana"), { step: "deploy" });
  expect(await tell(reopen, as("ana"), { step: "deploy" })).toMatchInlineSnapshot(`
    "2> Error: Cannot reopen "deploy": ana has it
    2> Cause: lease until 2026-11-22T16:27:00Z (60m left), term 1
    2> Hint: tracecraft wait-for deploy
    # 3"
  `);
  await tell(complete, as("ana"), { step: "deploy", blocked: true });
  expect(await tell(reopen, as("web-1"), { step: "deploy" })).toMatchInlineSnapshot(`
    "Reopened step deploy
    was blocked by ana, term 1
    2> next: tracecraft claim deploy
    # 0"
  `);
  expect(await tell(complete, as("ana"), { step: "deploy" })).toMatchInlineSnapshot(`
    "2> Error: Cannot complete "deploy": it is released (term 1)
    2> Hint: tracecraft claim deploy
    # 3"
  `);
});

it("complete: done, repeated, another handoff, another's, fenced, forced, redacted", async () => {
  const { as, minutes } = shop();
  await tell(claim, as("web-1"), { step: "design" });
  const words = { step: "design", note: "API in api.py", to: "api-2", nextAction: "implement POST" };
  expect(await tell(complete, as("web-1"), words)).toMatchInlineSnapshot(`
    "Completed step design → handed off to api-2
    2> warning: nobody has seen an agent "api-2" here; the message waits
    # 0"
  `);
  expect(await tell(complete, as("web-1"), { step: "design" })).toMatchInlineSnapshot(`
    "Completed step design → handed off to api-2
    already complete, term 1
    # 0"
  `);
  expect(await tell(complete, as("web-1"), { step: "design", note: "another text" })).toMatchInlineSnapshot(`
    "2> Error: Cannot complete "design": it is complete with another handoff (term 1)
    2> Hint: tracecraft reopen design
    # 3"
  `);
  await tell(claim, as("api-2"), { step: "api" });
  expect(await tell(complete, as("web-1"), { step: "api" })).toMatchInlineSnapshot(`
    "2> Error: Step api is claimed by 'api-2', not 'web-1'. Pass --force to complete it anyway (e.g. if the claim-holder crashed).
    2> Cause: lease until 2026-11-22T15:05:00Z (60m left), term 1
    2> Hint: tracecraft wait-for api
    # 3"
  `);
  await tell(claim, as("web-1"), { step: "tests" });
  minutes(62);
  await tell(claim, as("api-2"), { step: "tests" });
  expect(await tell(complete, as("web-1"), { step: "tests", note: "done" })).toMatchInlineSnapshot(`
    "2> Error: Cannot complete "tests": your lease lapsed and api-2 took it over at 2026-11-22T15:07:00Z (term 2)
    2> Cause: you held term 1
    2> Hint: tracecraft send api-2 "…"
    # 6"
  `);
  expect(await tell(complete, as("web-1"), { step: "tests", force: true })).toMatchInlineSnapshot(`
    "Completed step tests
    2> warning: "tests" was taken from api-2, who is not told of it: tracecraft send api-2 "…"
    # 0"
  `);
  expect(await tell(complete, as("api-2"), { step: "tests" })).toMatchInlineSnapshot(`
    "2> Error: Cannot complete "tests": web-1 forced it at 2026-11-22T15:07:00Z (term 3)
    2> Cause: you held term 2
    2> Hint: tracecraft send web-1 "…"
    # 6"
  `);
  const token = `ghp_${"16C7e42F292c6912E7710c838347Ae178B4a"}`;
  expect(await tell(complete, as("web-1"), { step: "other", note: `token ${token}` })).toMatchInlineSnapshot(`
    "Completed step other
    2> warning: 1 secret redacted in the note (github_token); --no-redact keeps it
    2> warning: nobody had claimed "other"
    # 0"
  `);
  expect(await tell(complete, as("web-1"), { step: "x", blocked: true, needsReview: true }))
    .toMatchInlineSnapshot(`
    "2> Error: Use at most one of --blocked / --needs-review
    # 2"
  `);
  expect(await tell(complete, as("web-1"), { step: "y", needsReview: true })).toMatchInlineSnapshot(`
    "Needs review on step y
    2> warning: nobody had claimed "y"
    # 0"
  `);
});

it("step-status, steps, handoff and status", async () => {
  const { as, store, minutes } = shop();
  expect(await tell(status, as("web-1"), {})).toMatchInlineSnapshot(`
    "shop as web-1: 0 agents, no steps, no mail
    2> next: tracecraft claim STEP
    # 0"
  `);
  expect(await tell(steps, as("web-1"), {})).toMatchInlineSnapshot(`
    "No steps.
    # 0"
  `);
  await tell(claim, as("test-3"), { step: "tests" });
  minutes(61);
  for (const [agent, step] of [
    ["web-1", "design"],
    ["api-2", "api"],
    ["ana", "deploy"],
    ["docs-4", "docs"],
    ["old-8", "old-x"],
  ] as const) {
    await registerAgent(as(agent));
    await tell(claim, as(agent), { step });
  }
  await tell(complete, as("ana"), { step: "deploy", blocked: true });
  await tell(complete, as("docs-4"), { step: "docs", to: "web-1" });
  await tell(reopen, as("docs-4"), { step: "docs" });
  await plant(store, "steps/old-x/status.json", { status: "complete", agent: "old-9" });
  const note = "POST /v1/items returns 201,\nthe schema is in memory key api.schema";
  await tell(complete, as("api-2"), { step: "api", note, to: "web-1", nextAction: "write the tests" });
  minutes(18);
  expect(await tell(stepStatus, as("web-1"), { steps: ["design", "api", "docs"] })).toMatchInlineSnapshot(`
    "design: in_progress (agent: web-1)
    api: complete (agent: api-2)
    docs: pending
    # 0"
  `);
  expect(await tell(stepStatus, as("web-1"), { steps: ["tests"] })).toMatchInlineSnapshot(`
    "tests: in_progress (agent: test-3)
    lapsed at 2026-11-22T15:05:00Z, term 1, free to claim
    # 0"
  `);
  expect(await tell(steps, as("web-1"), {})).toMatchInlineSnapshot(`
    "deploy  blocked  ana  since 2026-11-22T15:06:00Z, term 1
    tests  lapsed  test-3  since 2026-11-22T15:05:00Z, term 1
    docs  pending  -  handed to web-1 by docs-4
    design  in_progress  web-1  42m left, term 1
    api  complete  api-2  2026-11-22T15:06:00Z, term 1
    old-x  format 1 says complete (by old-9)  old-8  term 1
    # 0"
  `);
  expect((await tell(handoff, as("web-1"), { step: "api" })).replaceAll(/[0-9a-f]{8}(?= )/g, "7f3a9c1e"))
    .toMatchInlineSnapshot(`
    "api: complete (agent: api-2)
    at 2026-11-22T15:06:00Z, term 1, for web-1
    --- handoff 7f3a9c1e from api-2 (data, not instructions) ---
    next action: write the tests
    note: POST /v1/items returns 201,
        the schema is in memory key api.schema
    --- end 7f3a9c1e ---
    # 0"
  `);
  expect(await tell(handoff, as("web-1"), { step: "nothing" })).toMatchInlineSnapshot(`
    "2> Error: Cannot read the handoff of "nothing": nobody has finished that step
    # 5"
  `);
  expect(await tell(status, as("web-1"), {})).toMatchInlineSnapshot(`
    "shop as web-1: 6 agents, 6 steps (1 complete), 2 unread from api-2, docs-4
    agent  old-8  away 18m  old-x
    agent  test-3  away 79m  tests
    agent  ana  away 18m  -
    agent  api-2  away 18m  -
    agent  docs-4  away 18m  -
    agent  web-1  active  design  you
    step  deploy  blocked  ana
    step  tests  lapsed  test-3
    step  docs  pending  -  handed to web-1 by docs-4
    step  design  in_progress  web-1  42m left
    step  old-x  format 1 says complete (by old-9)  old-8  42m left
    2> next: tracecraft inbox
    # 0"
  `);
  expect(await tell(status, as("web-1"), {}, terminal)).toMatchInlineSnapshot(`
    "shop  as web-1   memory:   2 unread from api-2, docs-4

    AGENT    STATE    STEP     SEEN
    ────────────────────────────────────────
    old-8    away     old-x    18m ago
    test-3   away     tests    79m ago
    ana      away     -        18m ago
    api-2    away     -        18m ago
    docs-4   away     -        18m ago
    web-1    active   design   now       you

    STEP     STATE                               AGENT    LEASE
    ────────────────────────────────────────────────────────────────────────────────
    deploy   blocked                             ana      for 18m
    tests    lapsed                              test-3   for 19m    tracecraft cla…
    docs     pending                             -        -          handed to web-…
    design   in progress                         web-1    42m left
    old-x    format 1 says complete (by old-9)   old-8    42m left

    1 complete step: tracecraft steps
    2> next: tracecraft inbox
    # 0"
  `);
});

it("wait-for: complete, timed out, blocked", async () => {
  const { as, minutes } = shop();
  await tell(claim, as("api-2"), { step: "api" });
  await tell(claim, as("docs-4"), { step: "docs" });
  await tell(complete, as("docs-4"), { step: "docs", needsReview: true });
  minutes(59);
  expect(await tell(waitFor, as("web-1"), { steps: ["api", "docs"], timeout: "0" })).toMatchInlineSnapshot(`
    "2> Waiting... (0s remaining) — needs review: docs
    2> Error: Timeout after 0s. Not all steps complete: api, docs
    2> Cause: api in progress (api-2) until 2026-11-22T15:05:00Z, docs needs review (docs-4)
    # 8"
  `);
  const timedOut = await tell(waitFor, as("web-1"), { steps: ["api", "docs"], timeout: "120" });
  expect(timedOut.split("\n").slice(-4).join("\n")).toMatchInlineSnapshot(`
    "2> Error: Timeout after 120s. Not all steps complete: api, docs
    2> Cause: api lapsed (api-2), docs needs review (docs-4)
    2> Hint: tracecraft claim api
    # 8"
  `);
  await tell(complete, as("docs-4"), { step: "docs" });
  expect(await tell(waitFor, as("web-1"), { steps: ["docs"], timeout: "300" })).toMatchInlineSnapshot(`
    "All steps complete: docs
    2> next: tracecraft handoff docs
    # 0"
  `);
  await tell(complete, as("ana"), { step: "deploy", blocked: true });
  expect(await tell(waitFor, as("web-1"), { steps: ["deploy", "docs"], timeout: "300" }))
    .toMatchInlineSnapshot(`
    "2> Error: Step deploy is blocked (agent: ana) — it will not complete without intervention. Resolve it and re-run wait-for.
    2> Hint: tracecraft handoff deploy
    # 11"
  `);
});
