import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { sumUsage } from "../src/harness/events.ts";
import { claudeCode } from "../src/harness/claude-code.ts";
import { encodedFolder } from "../src/harness/claude-folders.ts";
import { harnessContract } from "./harness-contract.ts";
import { testHost } from "./harness-home.ts";

harnessContract(claudeCode);

const main = "3f2b8c1e-6a4d-4e0f-9b7a-51c0d2e8a001";
const line = (fields: object) => `${JSON.stringify(fields)}\n`;

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

describe("claude-code finds what is where", () => {
  it.each([
    ["/", "-"],
    ["/home/ana/work", "-home-ana-work"],
    ["/home/ana/my_app", "-home-ana-my-app"],
    ["/home/ana/my.app", "-home-ana-my-app"],
    ["/home/ana/my app (v2)", "-home-ana-my-app--v2-"],
    ["/home/ana/.config/x", "-home-ana--config-x"],
    ["/home/ana/proj/.claude/worktrees/fix-1", "-home-ana-proj--claude-worktrees-fix-1"],
    ["C:\\Users\\ana\\dev\\proj", "C--Users-ana-dev-proj"],
    ["\\\\srv\\share\\p", "--srv-share-p"],
    ["/Users/josé/projet", "-Users-jos--projet"],
    ["/Users/josé/projet".normalize("NFD"), "-Users-jos--projet"],
    ["/home/ana/日本語", "-home-ana----"],
    ["/home/ana/🚀app", "-home-ana---app"],
    [`/home/ana/${"x".repeat(190)}`, `-home-ana-${"x".repeat(190)}`],
    [`/home/ana/${"x".repeat(191)}`, `-home-ana-${"x".repeat(190)}-yu2csc`],
  ])("5.6.1: the folder of %s", (cwd, folder) => {
    expect(encodedFolder(cwd)).toBe(folder);
  });

  it("5.6.2: two projects in one folder are told apart by the cwd in the lines", async () => {
    const host = testHost("claude-code");
    const of = async (cwd: string) => (await claudeCode.sessions(host, cwd)).sessions.map(({ id }) => id);
    expect(await of("/home/ana/my.app")).toEqual(["4a2b8c1e-6a4d-4e0f-9b7a-51c0d2e8a002"]);
    expect(await of("/home/ana/my_app")).not.toContain("4a2b8c1e-6a4d-4e0f-9b7a-51c0d2e8a002");
    expect(await of("/home/ana/my-app")).toEqual([]);
  });

  it("a name over 200 units is found by its first 200, whatever its hash", async () => {
    const host = testHost();
    const cwd = `/home/ana/${"y".repeat(300)}`;
    const folder = `${encodedFolder(cwd).slice(0, 200)}-0therHash`;
    write(join(host.home, ".claude/projects", folder, `${main}.jsonl`), line({ type: "user", cwd }));
    expect((await claudeCode.sessions(host, cwd)).sessions.map(({ id }) => id)).toEqual([main]);
  });

  it("CLAUDE_CONFIG_DIR, CLAUDE_CODE_PROJECT_DIR_NAME and .session-aliases move the place", async () => {
    const host = testHost();
    const projects = join(host.home, "elsewhere", "projects");
    write(
      join(projects, "named", "a0000000-0000-4000-8000-000000000001.jsonl"),
      line({ type: "user", cwd: "/p" }),
    );
    write(
      join(projects, "aliased", "a0000000-0000-4000-8000-000000000002.jsonl"),
      line({ type: "user", cwd: "/p" }),
    );
    write(join(projects, "-p", ".session-aliases"), `${join(projects, "aliased")}\n/etc\n`);
    host.env = { CLAUDE_CONFIG_DIR: join(host.home, "elsewhere"), CLAUDE_CODE_PROJECT_DIR_NAME: "named" };
    const { sessions } = await claudeCode.sessions(host, "/p");
    expect(sessions.map(({ id }) => id.at(-1)).toSorted()).toEqual(["1", "2"]);
    expect(claudeCode.place(host, { id: main, file: "" }, "/q")).toBe(
      join(projects, "named", `${main}.jsonl`),
    );
  });

  it("the session that a running process has open comes first", async () => {
    const host = testHost("claude-code");
    const folder = join(host.home, ".claude/projects/-home-ana-my-app");
    const newer = "b0000000-0000-4000-8000-000000000001";
    cpSync(join(folder, `${main}.jsonl`), join(folder, `${newer}.jsonl`));
    write(
      join(host.home, ".claude/sessions/77.json"),
      line({ pid: 77, sessionId: main, cwd: "/home/ana/my_app" }),
    );
    const first = async () => (await claudeCode.sessions(host, "/home/ana/my_app")).sessions[0];
    expect((await first())?.id).toBe(newer);
    host.running.add(77);
    expect(await first()).toMatchObject({ id: main, live: true });
  });

  it("5.6.6: sub-agents are sessions with a parent, also nested and of old builds; spilled results are attachments", async () => {
    const host = testHost("claude-code");
    const old = join(host.home, ".claude/projects/-home-ana-my-app/agent-12ab.jsonl");
    write(
      old,
      line({ type: "user", isSidechain: true, sessionId: main, agentId: "12ab", cwd: "/home/ana/my_app" }),
    );
    const { sessions } = await claudeCode.sessions(host, "/home/ana/my_app");
    const parents = Object.fromEntries(sessions.map(({ id, parent }) => [id, parent]));
    expect(parents).toEqual({
      [main]: undefined,
      [`${main}.agent-12ab`]: main,
      [`${main}.agent-a7f3c09d`]: main,
      [`${main}.workflows.wf_1.agent-b1d2e3f4`]: `${main}.agent-a7f3c09d`,
    });
    const files = sessions
      .flatMap(({ attachments }) => attachments ?? [])
      .map(({ name, size }) => [name, size]);
    expect(files).toContainEqual(["tool-results/toolu_01BBBBBBBBBBBBBBBBBBBBBB.txt", 36]);
    expect(files).toContainEqual(["agent-a7f3c09d.meta.json", 118]);
  });

  it("a session that lies in two folders is the one written last, and the other is named", async () => {
    const host = testHost("claude-code");
    const projects = join(host.home, ".claude/projects");
    write(join(projects, "-moved", `${main}.jsonl`), line({ type: "user", cwd: "/home/ana/moved" }));
    const { sessions, warnings } = await claudeCode.sessions(host, undefined);
    expect(sessions.filter(({ id }) => id === main).map(({ cwd }) => cwd)).toEqual(["/home/ana/moved"]);
    expect(warnings).toEqual([expect.stringContaining(`session ${main} is also at`)]);
  });

  it("a transcript that is no JSON, has no cwd or no UUID is a session all the same", async () => {
    const host = testHost();
    write(join(host.home, ".claude/projects/-p/notes.jsonl"), "plain words\n");
    write(join(host.home, ".claude/projects/-p/empty.jsonl"), "");
    expect((await claudeCode.sessions(host, "/p")).sessions.map(({ id }) => id)).toEqual(["notes"]);
  });
});

const assistant = (id: string, output: number, extra: object = {}) =>
  new TextEncoder().encode(
    JSON.stringify({
      type: "assistant",
      uuid: `u${output}`,
      requestId: "req_1",
      message: {
        id,
        model: "m",
        content: [{ type: "text", text: "x" }],
        usage: { input_tokens: 5, output_tokens: output },
      },
      ...extra,
    }),
  );

describe("claude-code reads lines", () => {
  it("5.6.7: usage is counted once for all lines of a message, and the last line decides", () => {
    const memory = new Map();
    const lines = [assistant("msg_1", 1), assistant("msg_1", 7), assistant("msg_2", 3)];
    const events = lines.flatMap((record) => claudeCode.events(record, memory));
    expect(sumUsage(events)).toMatchObject({ input: 10, output: 10 });
    expect(events.filter(({ type }) => type === "model")).toHaveLength(1);
  });

  it("two objects glued into one line are both read; a torn fragment is unknown", () => {
    const glued = Buffer.concat([assistant("msg_1", 1), assistant("msg_2", 2)]);
    const events = claudeCode.events(glued, new Map());
    expect(sumUsage(events)).toMatchObject({ output: 3 });
    expect(claudeCode.events(glued.subarray(40), new Map())).toEqual([{ type: "unknown", what: "not JSON" }]);
  });

  it("an unknown type passes as unknown, with its name", () => {
    const record = new TextEncoder().encode('{"type":"marble-origami","uuid":"u1"}');
    expect(claudeCode.events(record, new Map())).toEqual([
      { type: "unknown", what: "marble-origami", id: "u1" },
    ]);
  });
});
