import { expect, it } from "vitest";
import { heartbeat, registerAgent } from "../coord/agents.ts";
import { leaseName } from "../coord/lease-names.ts";
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
import { agents } from "./agents.ts";

async function shop() {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const here = async (agent: string, awayS: number, harness: string, host: string, step: string) => {
    clock.now = storyTime - awayS * 1000;
    // A machine whose clock is ten minutes off: only the store's time counts.
    const local = memoryLocalState();
    const project = testProject({ store, clock, agent, local, skewMs: 600_000, session: { harness, host } });
    await registerAgent(project);
    local.write(leaseName(project, project.session.id, step), {});
    heartbeat(project, { step });
    await project.settled();
    return project;
  };
  await here("api-2", 20, "codex", "build-b", "api");
  await here("test-3", 12 * 60, "openclaw", "build-b", "tests");
  const me = await here("web-1", 0, "claude-code", "laptop-a", "design");
  clock.now = storyTime;
  return { clock, store, me };
}

it("agents lists who is here and when the store last heard of each", async () => {
  const { me } = await shop();
  expect(await answer(agents, me)).toMatchInlineSnapshot(`
    "api-2  active  api  seen 20s ago  codex@build-b
    test-3  away  tests  seen 12m ago  openclaw@build-b
    web-1  active  design  seen 0s ago  claude-code@laptop-a
    # 0"
  `);
  expect(await answer(agents, me, {}, { view: terminal })).toMatchInlineSnapshot(`
    "AGENT    STATE    STEP     SEEN      HARNESS       HOST
    ───────────────────────────────────────────────────────────
    api-2    active   api      20s ago   codex         build-b
    test-3   away     tests    12m ago   openclaw      build-b
    web-1    active   design   now       claude-code   laptop-a
    # 0"
  `);
  const { data } = await agents.run(testContext(me), withDefaults(agents, {}));
  expect(data["agents"]).toContainEqual({
    agent: "test-3",
    state: "away",
    step: "tests",
    seen_s: 720,
    seen_at: "2026-11-22T13:53:00.000+00:00",
    harness: "openclaw",
    host: "build-b",
  });
});

it("agents says that there is none, and one malformed record hides no other", async () => {
  expect(await answer(agents, testProject())).toBe("No agents found.\n# 0");
  const { me, store } = await shop();
  await plant(store, "agents/broken.json", "{");
  await plant(store, "agents/old one.json", {
    id: "old one",
    status: "active",
    step: null,
    started_at: "2026-11-22T12:17:21.674966+00:00",
    heartbeat: "2026-11-22T12:17:21.674966+00:00",
    summary: "Initialized",
  });
  const text = await answer(agents, me);
  expect(text).toContain("old one  active  -  seen 0s ago  -@-");
  expect(text).toContain("web-1");
  expect(text).toContain("2> warning: malformed: agents/broken.json (not JSON at byte 1)");
});

it("agents shows twenty, and how many more there are", async () => {
  const { me, store } = await shop();
  const time = "2026-11-22T12:17:21+00:00";
  for (let n = 0; n < 30; n++)
    await plant(store, `agents/a${n}.json`, {
      id: `a${n}`,
      status: "active",
      started_at: time,
      heartbeat: time,
    });
  expect((await answer(agents, me)).split("\n").slice(20)).toEqual([
    "… 13 more: tracecraft agents --all",
    "# 0",
  ]);
  expect((await answer(agents, me, { all: true })).split("\n")).toHaveLength(34);
});

it("a step whose lease is known to be lost is said no more, at once; another that is held is", async () => {
  const { store, me } = await shop();
  const step = async () => JSON.parse((await objects(store, "agents/web-1"))["agents/web-1.json"]!).step;
  me.local.write(leaseName(me, me.session.id, "docs"), {});
  me.local.remove(leaseName(me, me.session.id, "design"));
  heartbeat(me);
  await me.settled();
  expect(await step()).toBe("docs");
  me.local.remove(leaseName(me, me.session.id, "docs"));
  heartbeat(me);
  await me.settled();
  expect(await step()).toBeNull();
});

it("a heartbeat is put at most once a minute, at once for another step, and keeps what others wrote there", async () => {
  const { clock, store, me } = await shop();
  const record = async () => JSON.parse((await objects(store, "agents/web-1"))["agents/web-1.json"]!);
  const first = await record();
  clock.now += 30_000;
  heartbeat(me);
  heartbeat(me, { step: "design" });
  await me.settled();
  expect(await record()).toEqual(first);
  heartbeat(me, { step: null });
  await me.settled();
  expect(await record()).toMatchObject({ step: null, started_at: first.started_at });

  clock.now += 61_000;
  await plant(store, "agents/web-1.json", { ...(await record()), summary: "on the API", later_field: 1 });
  const fresh = testProject({ store, clock, agent: "web-1", local: memoryLocalState() });
  heartbeat(fresh);
  await fresh.settled();
  expect(await record()).toMatchObject({
    summary: "on the API",
    later_field: 1,
    started_at: first.started_at,
  });
});
