import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { sessionRestore } from "../src/commands/session-restore.ts";
import { claudeCode } from "../src/harness/claude-code.ts";
import { memoryStore } from "../src/store/memory.ts";
import { filesUnder } from "./harness-home.ts";
import { objects } from "./project.ts";
import { line, sessionId, sessionWorld } from "./sessions-world.ts";

/** A session with these files beside it. */
function sessionWith(files: Readonly<Record<string, string>>) {
  const store = memoryStore();
  const world = sessionWorld([line(1)], { store });
  const side = world.path.replace(/\.jsonl$/, "");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(side, name)), { recursive: true });
    writeFileSync(join(side, name), text);
  }
  const manifests = async () =>
    Object.entries(await objects(store, "sessions/")).flatMap(([key, text]) =>
      key.endsWith("/meta.json")
        ? [JSON.parse(text) as { session_id: string; parent?: string; attachments: { name: string }[] }]
        : [],
    );
  return { world, side, manifests };
}

const lineOf = (agent: string) => `${JSON.stringify({ type: "user", isSidechain: true, agentId: agent })}\n`;

const family = {
  "subagents/agent-b1.jsonl": lineOf("plain"),
  "subagents/agent-b1.meta.json": '{"description":"plain"}',
  "subagents/workflows/run1/agent-b1.jsonl": lineOf("first"),
  "subagents/workflows/run1/agent-b1.meta.json": '{"description":"first"}',
  "subagents/workflows/run1/agent-c1.jsonl": lineOf("below"),
  "subagents/workflows/run1/agent-c1.meta.json": '{"parentAgentId":"b1"}',
  "subagents/workflows/run2/agent-b1.jsonl": lineOf("second"),
  "subagents/workflows/run2/agent-c2.jsonl": lineOf("below"),
  "subagents/workflows/run2/agent-c2.meta.json": '{"parentAgentId":"b9"}',
  "subagents/run.1/agent-b1.jsonl": lineOf("dotted"),
  "subagents/run/1/agent-b1.jsonl": lineOf("parted"),
};

it("sub-agents of one id in several folders all go up, and each is its own; the plain place keeps its id", async () => {
  const { world, manifests } = sessionWith(family);
  expect(await world.run(sessionMirror, { harness: "claude-code" })).not.toContain("is also at");
  const found = await manifests();
  const parents = Object.fromEntries(
    found.map(({ session_id: id, parent }) => [
      id.slice(sessionId.length),
      parent?.slice(sessionId.length) ?? "none",
    ]),
  );
  const [dotted] = Object.keys(parents).filter((id) => id.startsWith(".run-1-"));
  expect(parents).toEqual({
    "": "none",
    ".agent-b1": "",
    ".workflows.run1.agent-b1": "",
    ".workflows.run1.agent-c1": ".workflows.run1.agent-b1",
    ".workflows.run2.agent-b1": "",
    ".workflows.run2.agent-c2": "",
    ".run.1.agent-b1": "",
    [dotted!]: "",
  });
});

it("sub-agents are restored into the folders where they were", async () => {
  const { world, side } = sessionWith(family);
  await world.run(sessionMirror, { harness: "claude-code" });
  const before = filesUnder(side).filter((path) => !path.includes("run.1"));
  const texts = before.map((path) => readFileSync(path, "utf8"));
  rmSync(side, { recursive: true });
  rmSync(world.path);
  expect(await world.run(sessionRestore, { id: sessionId, intoHarness: true })).toContain("7 sub-agents");
  expect(filesUnder(side).filter((path) => !path.includes("run-1"))).toEqual(before);
  expect(before.map((path) => readFileSync(path, "utf8"))).toEqual(texts);
});

it("a sub-agent whose id says nothing of its folder is put among the others", () => {
  const host = {
    ...sessionWorld().context(),
    platform: "linux",
    temp: "/tmp",
    now: () => 0,
    alive: () => false,
  };
  const place = (id: string, parent: string) =>
    claudeCode
      .place({ ...host, home: "/h" }, { id, file: "agent-x.jsonl", parent }, "/w")
      ?.slice("/h/.claude/projects/-w/".length);
  expect(place(`${sessionId}.cut-short-1a2b3c4d`, sessionId)).toBe(
    `${sessionId}/subagents/agent-cut-short-1a2b3c4d.jsonl`,
  );
  expect(place("my.notes.agent-x", "my.notes")).toBe("my.notes/subagents/agent-x.jsonl");
  expect(place(`${sessionId}.agent-y.agent-x`, `${sessionId}.agent-y`)).toBe(
    `${sessionId}/subagents/agent-y/agent-x.jsonl`,
  );
});

it("spilled results further down go up too", async () => {
  const { world, manifests } = sessionWith({
    "tool-results/a.txt": "a",
    "tool-results/deep/er/x.txt": "x",
    "workflows/wf_1.json": "{}",
  });
  await world.run(sessionMirror, { harness: "claude-code" });
  expect((await manifests())[0]?.attachments.map(({ name }) => name)).toEqual([
    "tool-results/a.txt",
    "tool-results/deep/er/x.txt",
    "workflows/wf_1.json",
  ]);
});
