import fc from "fast-check";
import { expect, it } from "vitest";
import { registerAgent } from "../coord/agents.ts";
import { claimStep } from "../coord/claims.ts";
import { readCursor, writeCursor } from "../coord/cursor.ts";
import { markNow, readNews } from "../coord/history.ts";
import { journal } from "../coord/journal.ts";
import { memoryLocalState } from "../coord/local.ts";
import { setMemory } from "../coord/memory.ts";
import { sendMessage } from "../coord/send.ts";
import { eventKey } from "../format/keys.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import {
  answer,
  plant,
  storyTime,
  testContext,
  testProject,
  withDefaults,
  type TestProject,
} from "../../test/project.ts";
import { complete } from "./complete.ts";
import { log } from "./log.ts";
import { watch } from "./watch.ts";

function shop(store?: Store) {
  const clock = { now: storyTime };
  const bucket = store ?? memoryStore(() => clock.now);
  const at = (time: string) => void (clock.now = Date.parse(`2026-11-22T${time}Z`));
  const as = (agent: string, ids: readonly string[] = []) =>
    testProject({ store: bucket, clock, agent, ids, local: memoryLocalState() });
  return { clock, store: bucket, at, as };
}

const artifact = { key: "artifacts/design/mockup.html", size: 12_700, sha256: "3b".repeat(32), version: "1" };

async function run(project: TestProject, work: (project: TestProject) => unknown): Promise<void> {
  await work(project);
  await project.settled();
}

async function story() {
  const world = shop();
  const { at, as } = world;
  at("13:44:00");
  await run(as("api-2"), (project) => journal(project, { kind: "artifact", ...artifact, replaced: false }));
  at("14:01:00");
  await run(as("web-1"), (project) => claimStep(project, "design", {}));
  at("14:01:02");
  await run(as("docs-4"), (project) => claimStep(project, "design", {}));
  at("14:01:30");
  await run(as("api-2", ["4b7df5c9"]), (project) =>
    sendMessage(project, { to: "web-1", message: "x".repeat(38), urgent: true }),
  );
  at("14:02:10");
  await run(as("web-1"), (project) =>
    journal(project, {
      kind: "refused",
      act: "complete",
      step: "tests",
      why: "fenced",
      term: 3,
      found_term: 4,
    }),
  );
  at("14:05:00");
  return world;
}

it("log lists what happened, the oldest first, with what became of each claim", async () => {
  const { as } = await story();
  expect(await answer(log, as("web-1"))).toMatchInlineSnapshot(`
    "2026-11-22T13:44:00Z  api-2  artifact  artifacts/design/mockup.html 12.4 KiB
    2026-11-22T14:01:00Z  web-1  claim  design won, term 1
    2026-11-22T14:01:02Z  docs-4  claim  design lost to web-1
    2026-11-22T14:01:30Z  api-2  send  to web-1, 38 B, 4b7df5c9, urgent
    2026-11-22T14:02:10Z  web-1  fenced  complete tests refused, term 3 of 4
    # 0"
  `);
  expect(await answer(log, testProject())).toBe("No history.\n# 0");
});

it("log shows twenty, and how many came before them", async () => {
  const { as } = await story();
  const writer = as("api-2");
  for (let n = 0; n < 30; n++) journal(writer, { kind: "renew", step: `s${n}`, term: 1 });
  await writer.settled();
  const lines = (await answer(log, as("web-1"))).split("\n");
  expect(lines).toHaveLength(22);
  expect(lines.slice(19)).toEqual([
    "2026-11-22T14:05:00Z  api-2  renew  s29, term 1",
    "… 15 earlier: tracecraft log --all",
    "# 0",
  ]);
  expect((await answer(log, as("web-1"), { all: true })).split("\n")).toHaveLength(36);
});

it("no body is in log or watch, and a hostile record cannot leave its line", async () => {
  const { as, store, clock } = await story();
  const mark = writeCursor({ mark: storyTime - 3_600_000, seen: [] });
  await sendMessage(as("api-2"), { to: "web-1", message: "a body", subject: "a subject" });
  await setMemory(as("api-2"), "k", "a value");
  const evil = {
    id: "0badf00d",
    kind: "claim\n2026-11-22T14:05:00Z  ana  send",
    at: "2026-11-22T14:05:00+00:00",
    client_at: "2026-11-22T14:05:00+00:00",
    clock_offset_ms: 0,
    agent: "mallory\u001b[2J",
    note: "a note",
    value: "a value",
    step: "x\ny",
  };
  await plant(store, eventKey(BigInt(clock.now) * 1_000_000n, evil.agent, evil.id), evil);
  await plant(store, eventKey(BigInt(clock.now) * 1_000_000n, "ana", "0badf00e"), {
    ...evil,
    agent: "web-1",
  });
  const text = await answer(log, as("web-1"));
  const context = testContext(as("web-1"));
  await watch.run(context, withDefaults(watch, { once: true, since: mark }));
  for (const output of [text, JSON.stringify(context.emitted)])
    for (const body of ["a body", "a subject", "a value", "a note"]) expect(output).not.toContain(body);
  expect(text).toContain("mallory\\u{1b}[2J  claim\\n2026-11-22T14:05:00Z  ana  send");
  expect(text).toContain('says it is by "web-1"');
});

it("claims and transitions are told as won, lost or unresolved", async () => {
  const { as, at } = shop();
  at("14:00:00");
  await answer(complete, as("web-1"), { step: "design" });
  const mine = as("web-1");
  journal(mine, { kind: "transition", step: "design", state: "blocked", term: 1, n: 1, nonce: "another" });
  journal(mine, { kind: "transition", step: "design", state: "released", term: 1, n: 9, nonce: "to come" });
  await mine.settled();
  const lines = (await answer(log, as("web-1")))
    .split("\n")
    .map((line) => line.split("  ").slice(2).join("  "))
    .filter((line) => line.includes("design"));
  expect(lines.toSorted()).toEqual([
    "block  design lost to web-1",
    "complete  design won, term 1",
    "release  design unresolved",
  ]);
});

it("a change that was tried on two states of a step is told once", async () => {
  const { as, at } = shop();
  const first = as("api-2");
  at("12:00:00");
  await run(first, (project) => claimStep(project, "design", { ttlS: 60 }));
  at("14:00:00");
  await run(as("web-1"), (project) => claimStep(project, "design", {})); // First as if it were free, then as lapsed.
  expect(await answer(log, as("web-1"))).toMatchInlineSnapshot(`
    "2026-11-22T12:00:00Z  api-2  claim  design won, term 1
    2026-11-22T14:00:00Z  web-1  claim  design won, term 2
    # 0"
  `);
});

it("watch tells what is new once, one record a line, and goes on from a cursor", async () => {
  const { as, clock } = await story();
  const empty = testContext(as("web-1"));
  const { data } = await watch.run(empty, withDefaults(watch, { once: true }));
  expect(empty.emitted).toEqual([]); // It begins now.

  clock.now += 1_000;
  const api = as("api-2", ["9ac1d0aa"]);
  await claimStep(api, "docs", {});
  await registerAgent(api);
  await api.settled();
  const context = testContext(as("web-1"));
  const since = data["cursor"] as string;
  const reply = await watch.run(context, withDefaults(watch, { once: true, since }));
  expect(reply.data["count"]).toBe(2);
  const [claim, agent] = context.emitted.map((one) => one.data);
  expect([claim, agent].toSorted((a, b) => (String(a!["kind"]) < String(b!["kind"]) ? -1 : 1))).toMatchObject(
    [
      { kind: "agent", agent: "api-2" },
      {
        at: "2026-11-22T14:05:01.000+00:00",
        kind: "claim",
        agent: "api-2",
        step: "docs",
        term: 1,
        outcome: "won",
      },
    ],
  );

  const later = testContext(as("web-1"));
  const half = claim!["cursor"] as string; // After the first of the two.
  await watch.run(later, withDefaults(watch, { once: true, since: half }));
  expect(later.emitted.map((one) => one.data["id"])).toEqual([agent!["id"]]);
  await expect(watch.run(later, withDefaults(watch, { since: "AAAA" }))).rejects.toMatchObject({
    code: "usage",
  });
});

it("watch goes on until it is stopped", async () => {
  const { as, clock } = await story();
  const stop = new AbortController();
  const project = as("web-1");
  let looks = 0;
  const watching = {
    ...project,
    world: {
      ...project.world,
      async sleep(ms: number) {
        clock.now += ms;
        if (++looks === 2) await sendMessage(as("ana"), { to: "_broadcast", message: "cut" });
        if (looks === 4) stop.abort();
      },
    },
  };
  const context = testContext(watching, { signal: stop.signal });
  await expect(watch.run(context, withDefaults(watch, {}))).rejects.toMatchObject({ status: 130 });
  expect(context.emitted.map(({ data }) => [data["kind"], data["agent"], data["to"]])).toEqual([
    ["send", "ana", "_broadcast"],
  ]);
});

it("watch misses nothing that becomes visible late, and with its cursors repeats nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          delayMs: fc.nat(9 * 60_000),
          gapMs: fc.nat(4 * 60_000),
          kind: fc.constantFrom("event", "mail"),
        }),
        { minLength: 1, maxLength: 25 },
      ),
      fc.array(fc.nat(5 * 60_000), { minLength: 1, maxLength: 10 }),
      async (writes, looks) => {
        const clock = { now: storyTime };
        const inner = memoryStore(() => clock.now);
        const arrivals = new Map<string, number>();
        // An object has the time at which its put began, and is seen when the put has ended.
        const store: Store = {
          ...inner,
          async *list(prefix, after) {
            for await (const page of inner.list(prefix, after))
              yield {
                ...page,
                objects: page.objects.map((object) => ({ ...object, writtenAt: arrivals.get(object.key)! })),
              };
          },
        };
        const reader = testProject({ store, clock, agent: "web-1" });
        let mark = await markNow(reader);
        let pending: { key: string; value: object; at: number }[] = [];
        let began = clock.now;
        writes.forEach(({ delayMs, gapMs, kind }, index) => {
          began += gapMs;
          const id = index.toString(16).padStart(8, "0");
          const time = new Date(began).toISOString();
          const ns = BigInt(began) * 1_000_000n;
          const [key, value] =
            kind === "mail"
              ? [
                  `messages/m${index % 3}/${ns}_api_${id}.json`,
                  { from: "api", to: "m", message: "x", sent_at: time },
                ]
              : [
                  eventKey(ns, "api", id),
                  { id, kind: "renew", at: time, client_at: time, clock_offset_ms: 0, agent: "api" },
                ];
          arrivals.set(key, began);
          pending.push({ key, value, at: began + delayMs });
        });
        const seen: string[] = [];
        const end = began + 10 * 60_000;
        for (let look = 0; clock.now <= end; look++) {
          clock.now += 10_000 + (looks[look % looks.length] ?? 0);
          for (const write of pending.filter(({ at }) => at <= clock.now))
            await plant(inner, write.key, write.value);
          pending = pending.filter(({ at }) => at > clock.now);
          const news = await readNews(reader, mark);
          seen.push(...news.entries.map(({ id }) => id));
          const cursor = news.marks[(look * 7) % Math.max(1, news.marks.length)];
          if (look % 3 === 0 && cursor) {
            // A process that died there goes on from that line.
            seen.splice(seen.length - news.entries.length + news.marks.indexOf(cursor) + 1);
            mark = readCursor(writeCursor(cursor));
          } else mark = readCursor(writeCursor(news.mark));
        }
        for (let rest = 1; rest > 0;) {
          const news = await readNews(reader, mark);
          rest = news.entries.length;
          seen.push(...news.entries.map(({ id }) => id));
          mark = news.mark;
        }
        expect(seen.toSorted()).toEqual(writes.map((_, index) => index.toString(16).padStart(8, "0")));
      },
    ),
    { numRuns: 200 },
  );
});
