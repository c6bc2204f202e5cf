import { expect, it } from "vitest";
import { doctor } from "../src/commands/doctor.ts";
import { memoryLocalState } from "../src/coord/local.ts";
import { ensureVerdict } from "../src/coord/verdict.ts";
import type { Reply } from "../src/commands/command.ts";
import { storeVerdictKey } from "../src/format/keys.ts";
import { programVersion } from "../src/format/version.ts";
import { s3Store } from "../src/store/s3.ts";
import { startS3Server } from "./s3-server.ts";
import { memoryStore } from "../src/store/memory.ts";
import {
  brokenStore,
  deniesListing,
  deniesWriting,
  ignoresBoth,
  staleLists,
  throttles,
  type Faults,
} from "./broken-stores.ts";
import { objects, said, storyTime, testContext, testProject } from "./project.ts";

function setUp(faults: Faults, { server, skewMs }: { server?: string; skewMs?: number } = {}) {
  const clock = { now: storyTime };
  const store = brokenStore(faults, { now: () => clock.now, ...(server && { server }) });
  const project = testProject({ store, clock, ...(skewMs && { skewMs }) });
  return { project, context: testContext(project), store };
}

async function run(context: ReturnType<typeof testContext>): Promise<Reply> {
  return doctor.run(context, { hooks: false });
}

it("doctor says of a right store that it is fit, and keeps that for all", async () => {
  const { context, store, project } = setUp({});
  expect(await said(await run(context))).toMatchInlineSnapshot(`
    "s3://acme-agents/shop is fit for claims
    ok  create-if-absent  second create refused
    ok  compare-and-set  stale version refused
    ok  race  16 writers, 5 rounds, one winner each
    ok  held last byte  8 writers, one winner
    ok  counter chain  64 of 64, none lost
    ok  lost reply  read-back told the truth, 8 of 8
    ok  read  ranges; unchanged told apart
    ok  list  paging, order, start-after
    ok  delete  visible at once
    ok  clock  ours in step
    ok  rights  get, put, list, delete
    # 0"
  `);
  expect(context.progressed.at(-1)).toMatchObject({ urgent: true });
  expect(context.progressed.at(-1)?.plain).toMatch(
    /^measured in \d+\.\ds with \d+ requests; kept 30 days in _meta\/store\.json$/,
  );
  expect(Object.keys(await objects(store))).toEqual([storeVerdictKey]);
  expect(await ensureVerdict(project)).toMatchObject({ fit: true, how: "kept here" });
  expect(store.traits.conditions).toBe("enforced");
});

it("doctor names what an unfit store ignores, and who answers there", async () => {
  const { context, store, project } = setUp(ignoresBoth, { server: "ExampleStore/1.4" });
  expect(await said(await run(context))).toMatchInlineSnapshot(`
    "s3://acme-agents/shop is unfit for claims
    bad  create-if-absent  second create written: If-None-Match ignored
    bad  compare-and-set  stale version written: If-Match ignored
    bad  race  16 writers, 16 winners
    ok  read  ranges; unchanged told apart
    ok  list  paging, order, start-after
    ok  delete  visible at once
    ok  clock  ours in step
    ok  rights  get, put, list, delete
    -  held last byte  not run
    -  counter chain  not run
    -  lost reply  not run
    2> Error: Cannot trust "s3://acme-agents": it ignores If-None-Match
    2> Cause: Server: ExampleStore/1.4; measured 2026-11-22T14:05:00Z
    2> Hint: docs/stores.md
    # 9"
  `);
  expect(context.progressed.some(({ urgent }) => urgent)).toBe(false);
  expect(store.traits.conditions).toBe("ignored");
  await expect(ensureVerdict(project, { act: "claim", thing: "x" })).rejects.toMatchObject({
    code: "unfit_store",
  });
});

it("doctor tells a store that loses mail from one that loses claims", async () => {
  const { context, project } = setUp(staleLists());
  const reply = await run(context);
  expect((await said(reply)).split("\n").filter((line) => !line.startsWith("ok"))).toMatchInlineSnapshot(`
    [
      "s3://acme-agents/shop is fit for claims, unfit for mail",
      "bad  list  0 of 10 keys listed",
      "2> Error: Cannot trust "s3://acme-agents": it does not list what is there",
      "2> Cause: measured 2026-11-22T14:05:10Z",
      "2> Hint: docs/stores.md",
      "# 9",
    ]
  `);
  expect(await ensureVerdict(project, { act: "claim", thing: "x" })).toMatchObject({ fit: true });
});

it("doctor records nothing of what it cannot measure", async () => {
  const { context, store, project } = setUp(throttles(1));
  await expect(run(context)).rejects.toMatchObject({
    code: "unreachable",
    status: 7,
    message: 'Cannot measure "s3://acme-agents": 429 SlowDown on 1 of 1 requests',
    hint: "tracecraft doctor",
  });
  expect(project.local.names("")).not.toContain("verdict");
  expect(await objects(store)).toEqual({});
});

it("doctor ends with 4 where a right is missing, recorded or not", async () => {
  await expect(run(setUp(deniesWriting).context)).rejects.toMatchObject({ code: "denied", status: 4 });
  const { context, project } = setUp(deniesListing);
  expect(await run(context)).toMatchObject({ error: { code: "denied", status: 4 }, data: { fit: true } });
  expect(await ensureVerdict(project)).toMatchObject({ fit: true });
});

it("doctor ends with 2 where this machine's clock is far off", async () => {
  const { context } = setUp({}, { skewMs: -20 * 60_000 });
  const reply = await run(context);
  expect(reply).toMatchObject({
    error: { code: "clock", status: 2, message: "Clock is 20m behind the store" },
  });
});

it("doctor --json has what a bug report needs, also where it refuses, and no keys", async () => {
  const server = await startS3Server({ quirks: { ignoreIfNoneMatch: true, server: "ExampleStore/1.4" } });
  try {
    const store = s3Store(server.options({ prefix: "shop" }));
    const { data, error } = await run(testContext(testProject({ store })));
    expect(data).toEqual(error?.details);
    expect(data).toMatchObject({
      version: programVersion,
      platform: expect.stringMatching(/^linux \S+ \S+$/),
      endpoint: server.endpoint,
      bucket: "bucket",
      prefix: "shop",
      server: "ExampleStore/1.4",
      fit: false,
      fault: "ignores If-None-Match",
      evidence: "16 of 16 racers won",
      requests: expect.any(Number),
      duration_s: expect.any(Number),
      etag_quoting: "quoted",
      conditions: "ignored",
    });
    const checks = data["checks"] as { name: string; requests: number }[];
    expect(checks).toHaveLength(11);
    expect(checks.find(({ name }) => name === "race")).toMatchObject({ result: "bad", requests: 17 });
    const words = JSON.stringify({ data, error });
    expect(words).not.toContain(server.keys.accessKeyId);
    expect(words).not.toContain(server.keys.secretAccessKey);
  } finally {
    await server.close();
  }
});

it("doctor measures a store that is right by construction, and records nothing there", async () => {
  const store = memoryStore(() => storyTime);
  const project = testProject({ store, local: memoryLocalState() });
  const context = testContext(project);
  expect((await run(context)).data).toMatchObject({ fit: true, kept: null });
  expect(context.progressed.at(-1)?.plain).toMatch(/requests$/);
  expect(await objects(store)).toEqual({});
});
