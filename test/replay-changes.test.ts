import { expect, it } from "vitest";
import { sendMessage } from "../src/coord/send.ts";
import { changesOf } from "../src/replay/changes.ts";
import { manifestKey } from "../src/format/keys.ts";
import { memoryStore } from "../src/store/memory.ts";
import { testProject } from "./project.ts";

it("a bucket has changed when mail or a mirrored session came, and then no more", async () => {
  const clock = { now: Date.parse("2026-11-22T14:00:00Z") };
  const store = memoryStore(() => clock.now);
  const project = testProject({ store, clock });
  const changed = changesOf(project);
  expect(await changed()).toBe(true);
  expect(await changed()).toBe(false);

  await sendMessage(project, {
    to: "api-2",
    message: "hello",
    urgent: false,
    ackRequired: false,
    subject: undefined,
    thread: undefined,
    inReplyTo: undefined,
  });
  expect([await changed(), await changed()]).toEqual([true, false]);

  await store.put(manifestKey("codex", "s-1"), Buffer.from("{}"), "anything");
  expect([await changed(), await changed()]).toEqual([true, false]);
  await store.put(manifestKey("codex", "s-1"), Buffer.from("{ }"), "anything");
  expect([await changed(), await changed()]).toEqual([true, false]);
});
