import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { sessionRestore } from "../src/commands/session-restore.ts";
import { harnesses } from "../src/harness/all.ts";
import { inCheckout } from "../src/harness/checkout.ts";
import { fixturePath, readAll, testHost } from "./harness-home.ts";
import { said, withDefaults } from "./project.ts";
import { sessionWorld } from "./sessions-world.ts";

const elsewhere = "/home/bob/other checkout";
// A database is never written.
const ofFiles = harnesses.filter(({ name }) => name !== "hermes");

it.each(ofFiles.map((harness) => [harness.name, harness] as const))(
  "%s finds a session that was restored on another machine for another folder, byte for byte but for that folder",
  async (name, harness) => {
    const { cwd } = JSON.parse(readFileSync(fixturePath(name, "expected.json"), "utf8")) as { cwd: string };
    const here = testHost(name);
    const there = testHost();
    const world = sessionWorld();
    const at = (home: string) => ({ ...world.context({ cwd: elsewhere }), home });
    await said(
      await sessionMirror.run(
        { ...at(here.home), cwd },
        withDefaults(sessionMirror, { harness: name, all: true }),
      ),
    );
    const { sessions } = await harness.sessions(here, cwd);
    const tops = sessions.filter(({ parent, key }) => parent === undefined && key === undefined);
    expect(tops.length).toBeGreaterThan(0);
    for (const { id } of tops)
      await sessionRestore.run(at(there.home), withDefaults(sessionRestore, { id, intoHarness: true }));

    const found = (await harness.sessions(there, elsewhere)).sessions;
    const own = sessions.filter(({ key }) => key === undefined); // Sub-agents, and theirs, came along.
    expect(found.map(({ id }) => id).toSorted()).toEqual(own.map(({ id }) => id).toSorted());
    for (const session of own) {
      const restored = found.find(({ id }) => id === session.id)!;
      const records = (await readAll(harness, here, session)).records;
      const wanted = records.map((record) => record.replaceAll(`"cwd":"${cwd}"`, `"cwd":"${elsewhere}"`));
      expect((await readAll(harness, there, restored)).records).toEqual(wanted);
      expect(restored.attachments?.map((file) => file.name)).toEqual(
        session.attachments?.map((file) => file.name),
      );
    }
  },
);

it.each([
  ['{"cwd":"/w/sub","a":"/w"}', '{"cwd":"/new/sub","a":"/w"}'],
  ['{"cwd": "/w","x":{"cwd":"/w"}}', '{"cwd": "/new","x":{"cwd":"/new"}}'],
  ['{"cwd":"/work"}', '{"cwd":"/work"}'],
  [String.raw`{"text":"{\"cwd\":\"/w\"}"}`, String.raw`{"text":"{\"cwd\":\"/w\"}"}`],
  ["no JSON /w", "no JSON /w"],
])("of %s only the members that are the folder, or lie in it, name another", (record, wanted) => {
  expect(Buffer.from(inCheckout(Buffer.from(record), "/w", "/new")).toString()).toBe(wanted);
});

it("bytes that are no text stay beside a folder that is renamed, whatever letters it has", () => {
  const bytes = Buffer.concat([
    Buffer.from('{"cwd":"/é$1","b":"'),
    Buffer.of(0xff, 0, 0xc3),
    Buffer.from('"}'),
  ]);
  const wanted = Buffer.concat([
    Buffer.from('{"cwd":"/日$&","b":"'),
    Buffer.of(0xff, 0, 0xc3),
    Buffer.from('"}'),
  ]);
  expect(Buffer.from(inCheckout(bytes, "/é$1", "/日$&"))).toEqual(wanted);
});
