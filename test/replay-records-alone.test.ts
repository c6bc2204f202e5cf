import { expect, test } from "vitest";
import { claimStep } from "../src/coord/claims.ts";
import { finishStep, releaseStep, reopenStep } from "../src/coord/finish.ts";
import { setMemory } from "../src/coord/memory.ts";
import { lookIntoMail } from "../src/coord/mail-folders.ts";
import { markRead } from "../src/coord/mailbox.ts";
import { sendMessage } from "../src/coord/send.ts";
import { readRecords } from "../src/replay/read.ts";
import { timelineOf } from "../src/replay/timeline.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { oldBucket } from "./format1-bucket.ts";
import { plant, storyTime, testProject, type TestProject } from "./project.ts";

async function toldOf(project: TestProject) {
  await project.settled();
  return timelineOf(await readRecords(project), project.clock.now).happenings;
}

test("a bucket of format 1 is told whole: claims, how steps ended, handoffs, mail, memory and artifacts", async () => {
  const told = await toldOf((await oldBucket()).as("ana"));
  const lines = told.map(({ kind, agent, step, key, to, text }) =>
    [kind, agent, step ?? key ?? (to === "" ? "everybody" : to), kind === "send" ? undefined : text]
      .filter((word) => word !== undefined)
      .join(" "),
  );
  expect(lines.toSorted()).toMatchInlineSnapshot(`
    [
      "artifact ? artifacts/design/mockup.html",
      "artifact ? artifacts/shared/mockup.html",
      "block developer impl needs a key",
      "claim designer design",
      "claim designer orphan",
      "claim developer impl",
      "claim developer review",
      "claim developer s1-a",
      "complete designer design API in api.py
    next action: implement POST",
      "handoff designer design API in api.py
    next action: implement POST",
      "join designer",
      "join developer",
      "memory designer design.contract POST /v1/items returns 201",
      "memory designer design.status draft",
      "review developer review",
      "send designer developer",
      "send designer developer",
      "send designer everybody",
      "send developer designer",
    ]
  `);
  expect(told.map(({ at }) => at)).toEqual(told.map(({ at }) => at).toSorted((a, b) => a - b));
});

/** A store on which the journal cannot be written: no right to, or the network went just then. */
function withoutJournal(store: Store): Store {
  const put: Store["put"] = async (key, body, expected) =>
    key.startsWith("events/")
      ? { outcome: "written", version: "lost", storeNow: undefined }
      : await store.put(key, body, expected);
  return { ...store, put, get: store.get.bind(store), list: store.list.bind(store) };
}

async function story(wrapped: (store: Store) => Store): Promise<TestProject> {
  const clock = { now: storyTime };
  const store = wrapped(memoryStore(() => clock.now));
  const [web, api] = ["web-1", "api-2"].map((agent) => testProject({ store, clock, agent }));
  const wait = async (ms: number) => {
    await Promise.all([web!.settled(), api!.settled()]);
    clock.now += ms;
  };
  await claimStep(web!, "design", { ttlS: 60 });
  await wait(120_000);
  await claimStep(api!, "design", { ttlS: 60 });
  await wait(5_000);
  await finishStep(api!, "design", "complete", { note: "done", changedFiles: ["a.ts"] });
  await wait(5_000);
  await reopenStep(web!, "design");
  await wait(5_000);
  await claimStep(web!, "design", {});
  await wait(5_000);
  await releaseStep(web!, "design");
  await setMemory(web!, "a.b", "one");
  await wait(5_000);
  await setMemory(web!, "a.b", "two");
  await wait(5_000);
  return web!;
}

const telling = ({ kind, agent, step, key, term, n, text }: Awaited<ReturnType<typeof toldOf>>[number]) =>
  [kind, agent, step ?? key, term, n, text].filter((word) => word !== undefined).join(" ");

test("what could not be journalled is told by the records: the same steps and values as with a journal", async () => {
  const kept = (await toldOf(await story((store) => store))).map(telling);
  const claims = (await toldOf(await story((store) => store))).filter(({ kind }) => kind === "claim");
  expect(claims.map(({ takenFrom }) => takenFrom)).toEqual([undefined, 1, undefined]);
  const lost = (await toldOf(await story(withoutJournal))).map(telling);
  expect(kept.filter((line) => line.startsWith("claim"))).toHaveLength(3);
  // Who opened a step again, only the journal knows.
  expect(lost).toEqual(kept.map((line) => line.replace("reopen web-1", "reopen ?")));
});

test("a message that the inbox says was read is read, though no entry of the journal names it", async () => {
  const clock = { now: storyTime };
  const store = withoutJournal(memoryStore(() => clock.now));
  const [web, api] = ["web-1", "api-2"].map((agent) => testProject({ store, clock, agent }));
  for (const text of ["one", "two"]) await sendMessage(web!, { to: "api-2", message: text });
  await web!.settled();
  const mailbox = await lookIntoMail(api!, { whole: true });
  await markRead(
    api!,
    mailbox,
    mailbox.letters.slice(0, 1).map(({ key }) => key),
  );
  const told = await toldOf(api!);
  const sent = told.filter(({ kind }) => kind === "send").map(({ id }) => id);
  expect(told.filter(({ kind }) => kind === "read")).toMatchObject([{ agent: "api-2", ids: [sent[0]] }]);
});

test("a state that is no state is no happening", async () => {
  const project = testProject();
  for (const status of ["constructor", "__proto__", "in_progress", "pending", "gone"]) {
    const record = { status, agent: "web-1", started_at: "2026-11-22T14:00:00.000+00:00" };
    await plant(project.store, `steps/${status.replaceAll("_", "")}/status.json`, record);
  }
  expect(await toldOf(project)).toEqual([]);
});

test("a complete that is refused is told once, with why", async () => {
  const clock = { now: storyTime };
  const store = memoryStore(() => clock.now);
  const [web, api] = ["web-1", "api-2"].map((agent) => testProject({ store, clock, agent }));
  await claimStep(web!, "design", { ttlS: 60 });
  clock.now += 120_000;
  await claimStep(api!, "design", { ttlS: 60 });
  clock.now += 1_000;
  expect(await finishStep(web!, "design", "complete", {})).toMatchObject({ done: false });
  await web!.settled();
  const told = await toldOf(api!);
  expect(told.map(({ kind, agent }) => `${kind} ${agent}`)).toEqual([
    "claim web-1",
    "lapse web-1",
    "claim api-2",
    "fenced web-1",
  ]);
  expect(told.at(-1)).toMatchObject({ text: "complete refused: fenced", holder: "api-2", holderTerm: 2 });
});
