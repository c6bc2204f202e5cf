import { expect, it } from "vitest";
import { registerAgent } from "../src/coord/agents.ts";
import { memoryLocalState } from "../src/coord/local.ts";
import { listMemory } from "../src/coord/memory-list.ts";
import { deleteMemory, readMemoryKey, setMemory } from "../src/coord/memory.ts";
import { unreadMail } from "../src/coord/mailbox.ts";
import { sendMessage } from "../src/coord/send.ts";
import { inbox } from "../src/commands/inbox.ts";
import { memoryStore } from "../src/store/memory.ts";
import { countingStore } from "./counting-store.ts";
import { storyTime, testContext, testProject, withDefaults } from "./project.ts";

// The budgets of round trips. A call by a new process has a project of its own on the same local state.
function shop() {
  const clock = { now: storyTime };
  const store = countingStore(memoryStore(() => clock.now));
  const as = (agent: string, local = memoryLocalState()) => testProject({ store, clock, agent, local });
  return { clock, store, as };
}

async function sendMany(count: number) {
  const { clock, store, as } = shop();
  const sender = as("api-2");
  await Promise.all(
    Array.from({ length: count }, (_, n) => sendMessage(sender, { to: "web-1", message: `message ${n}` })),
  );
  clock.now += 1_000;
  store.reset();
  return { clock, store, as };
}

async function read(project: ReturnType<typeof testProject>, options: { peek?: boolean } = {}) {
  const reply = await inbox.run(testContext(project), withDefaults(inbox, options));
  await reply.shown?.();
  await project.settled();
  return (reply.data["messages"] as unknown[]).length;
}

it("send is one round trip, and asks nothing about a recipient that it knows", async () => {
  const { store, as } = shop();
  const me = as("web-1");
  await registerAgent(as("api-2"));
  store.reset();
  await sendMessage(me, { to: "api-2", message: "hello" });
  expect([store.rounds(), store.requests.length]).toEqual([1, 2]);
  store.reset();
  await sendMessage(as("web-1", me.local), { to: "api-2", message: "hello" });
  expect(store.requests).toHaveLength(1);
  store.reset();
  await sendMessage(as("web-1", me.local), { to: "_broadcast", message: "hello" });
  expect(store.requests).toHaveLength(1);
});

it.each([1, 10, 200])("inbox with %i unread is three round trips to the exit", async (count) => {
  const { store, as } = await sendMany(count);
  const shown = await read(as("web-1"));
  expect(shown).toBe(Math.min(count, 20));
  expect(store.rounds()).toBe(3); // Look, open at most 64, mark beside the journal.
  expect(store.requests.filter((request) => request.startsWith("get messages/"))).toHaveLength(
    Math.min(count, 64),
  );
});

it("inbox whose bodies were fetched before is two round trips", async () => {
  const { store, as } = await sendMany(30);
  const first = as("web-1");
  await unreadMail(first);
  store.reset();
  expect(await read(as("web-1", first.local))).toBe(20);
  expect(store.rounds()).toBe(2);
  store.reset();
  expect(await read(as("web-1", first.local))).toBe(10); // What did not fit was kept.
  expect(store.rounds()).toBe(2);
});

it("inbox with nothing new is one round trip and writes nothing", async () => {
  const { store, as } = await sendMany(3);
  await read(as("web-1"));
  store.reset();
  expect(await read(as("web-1"))).toBe(0);
  expect([store.rounds(), store.requests]).toEqual([
    1,
    ["get inboxes/web-1.json", "list messages/web-1/", "list messages/_broadcast/"],
  ]);
});

it("a folder of more than a page is read from a day before the mark, and whole once an hour", async () => {
  const { clock, store, as } = await sendMany(2_500);
  const local = memoryLocalState();
  const reader = as("web-1", local);
  const all = await inbox.run(testContext(reader), withDefaults(inbox, { all: true }));
  await all.shown?.();
  await reader.settled();
  await read(as("web-1", local)); // Records the sweep.
  clock.now += 2 * 86_400_000;
  await sendMessage(as("api-2"), { to: "web-1", message: "later" });
  await read(as("web-1", local)); // Whole: the last time was over an hour ago.

  clock.now += 60_000;
  await sendMessage(as("api-2"), { to: "web-1", message: "still later" });
  store.reset();
  expect(await read(as("web-1", local))).toBe(1);
  expect(store.requests.filter((request) => request.includes("next page"))).toEqual([]);
  clock.now += 3_600_001;
  store.reset();
  expect(await read(as("web-1", local))).toBe(0);
  expect(store.requests.filter((request) => request.includes("next page"))).toHaveLength(2);
  expect(store.requests.filter((request) => request.startsWith("put inboxes/"))).toHaveLength(1);
});

it("memory set is one round trip for a new or a known key, else three; get is one", async () => {
  const { store, as } = shop();
  const mine = as("web-1");
  const rounds = async (work: Promise<unknown>): Promise<number> => {
    store.reset();
    await work;
    return store.rounds();
  };
  expect(await rounds(setMemory(mine, "a.b", "1"))).toBe(1);
  await mine.settled();
  expect(await rounds(setMemory(as("web-1", mine.local), "a.b", "2"))).toBe(1);
  expect(await rounds(setMemory(as("api-2"), "a.b", "3"))).toBe(3);
  expect(await rounds(setMemory(as("web-1", mine.local), "a.b", "4"))).toBe(3); // What it knew was stale.
  expect(await rounds(readMemoryKey(as("docs-4"), "a.b"))).toBe(1);
  expect(await rounds(deleteMemory(as("web-1", mine.local), "a.b"))).toBe(1);
});

it("memory list reads what it has not read yet, and nothing twice", async () => {
  const { store, as } = shop();
  const mine = as("web-1");
  for (const key of ["a.b", "a.c", "d"]) await setMemory(mine, key, key);
  await deleteMemory(mine, "a.c");
  await mine.settled();
  store.reset();
  expect((await listMemory(mine, "")).keys.map(({ key }) => key)).toEqual(["a.b", "d"]);
  expect(store.rounds()).toBe(2);
  store.reset();
  expect((await listMemory(as("web-1", mine.local), "a")).keys.map(({ key }) => key)).toEqual(["a.b"]);
  expect(store.rounds()).toBe(1);
});
