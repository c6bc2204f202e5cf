import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { claudeCode } from "../src/harness/claude-code.ts";
import { encodedFolder } from "../src/harness/claude-folders.ts";
import { tempFolder, testHost, type TestHost } from "./harness-home.ts";

const ids = [1, 2, 3].map((n) => `c0000000-0000-4000-8000-00000000000${n}`);
const [one, two] = ids as [string, string];

/** A transcript of these lines in the folder that a project's path gives. */
function write(host: TestHost, cwd: string, name: string, lines: readonly (object | string)[]): void {
  const path = join(host.home, ".claude/projects", encodedFolder(cwd), `${name}.jsonl`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
  );
}

const user = (cwd: string | undefined, text = "x") => ({
  type: "user",
  uuid: "u",
  cwd,
  message: { role: "user", content: text },
});

async function found(host: TestHost, cwd: string | undefined) {
  const { sessions, warnings } = await claudeCode.sessions(host, cwd);
  return { ids: sessions.map(({ id }) => id).toSorted(), warnings };
}

/** Folders that share a name in the harness, and are there. */
function neighbours(...names: readonly string[]): string[] {
  const root = tempFolder();
  const folders = names.map((name) => join(root, name));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  return folders;
}

describe("a session whose lines say late, or never, whose it is", () => {
  it.each([200_000, 1_460_000])("is of the folder that a line after %i bytes names", async (bytes) => {
    const host = testHost();
    write(host, "/x/my-app", one, [
      { type: "permission-mode", permissionMode: "default", sessionId: one },
      user("/x/my-app", "p".repeat(bytes)),
      { type: "assistant", uuid: "v", message: { role: "assistant", content: "a".repeat(100_000) } },
    ]);
    expect(await found(host, "/x/my_app")).toEqual({ ids: [], warnings: [] });
    expect(await found(host, "/x/my-app")).toEqual({ ids: [one], warnings: [] });
  });

  it("is passed over and named where another folder gives the same name", async () => {
    const [ours, theirs] = neighbours("my_app", "my/app") as [string, string];
    const host = testHost();
    write(host, ours, one, [user(undefined)]);
    write(host, ours, two, [user(ours)]);
    const said = `claude-code: session ${one} passed over: no line of it names a folder, and ${theirs} has the same place: --session-id takes it`;
    expect(await found(host, ours)).toEqual({ ids: [two], warnings: [said] });
    expect(await found(host, undefined)).toEqual({ ids: [one, two], warnings: [] });
    rmSync(theirs, { recursive: true });
    symlinkSync(ours, theirs); // A link is no folder of its own: the harness names the one behind it.
    expect(await found(host, ours)).toEqual({ ids: [one, two], warnings: [] });
  });

  it("is passed over where another session in its place is of a folder that is gone", async () => {
    const [ours] = neighbours("my_app") as [string];
    const host = testHost();
    const gone = ours.replace("my_app", "my.app");
    write(host, ours, one, [user(undefined)]);
    write(host, ours, two, [user(gone)]);
    expect(await found(host, ours)).toEqual({
      ids: [],
      warnings: [expect.stringContaining(`and ${gone} has the same place`)],
    });
    write(host, ours, two, [user(join(ours, "api"))]); // One in it is no other.
    expect((await found(host, ours)).ids).toEqual([one]);
  });

  it("is passed over where only the first 200 characters of the name are the project's", async () => {
    const host = testHost();
    const long = `/x/${"y".repeat(300)}`;
    write(host, long, one, [user(undefined)]);
    expect((await found(host, long)).ids).toEqual([one]);
    expect(await found(host, `${long}z`)).toEqual({
      ids: [],
      warnings: [expect.stringContaining("a path that begins alike has the same place")],
    });
  });
});

describe("which files are sessions", () => {
  it("those that are named by a UUID, where there is one; others are told", async () => {
    const host = testHost();
    write(host, "/p", one, [user("/p")]);
    for (const name of ["notes", "a", "b", "c"]) write(host, "/p", name, [user("/p")]);
    write(host, "/p", "agent-12ab", [{ ...user("/p"), sessionId: one, agentId: "12ab" }]);
    write(host, "/q", "notes", ["plain words"]);
    const folder = join(host.home, ".claude/projects/-p");
    expect(await found(host, "/p")).toEqual({
      ids: [one, `${one}.agent-12ab`],
      warnings: [`claude-code: no sessions by their names in ${folder}: a.jsonl, b.jsonl, c.jsonl, …`],
    });
    expect(await found(host, "/q")).toEqual({ ids: ["notes"], warnings: [] });
  });

  it("none of those in which there is nothing but what is said about a session", async () => {
    const host = testHost();
    const about = [
      { type: "ai-title", aiTitle: "t", sessionId: one },
      { type: "file-history-snapshot", messageId: "m", snapshot: {} },
      { type: "last-prompt", sessionId: one },
    ];
    write(host, "/p", one, about);
    expect(await found(host, undefined)).toEqual({ ids: [], warnings: [] });
    const typed = { type: "queue-operation", operation: "enqueue", content: "typed", sessionId: one };
    for (const more of [user(undefined), { type: "marble-origami" }, typed, '{"type":"user","tor']) {
      write(host, "/p", one, [...about, more]);
      expect((await found(host, undefined)).ids, JSON.stringify(more)).toEqual([one]);
    }
    write(
      host,
      "/p",
      one,
      Array.from({ length: 2_000 }, () => about[0]!),
    );
    expect((await found(host, undefined)).ids).toEqual([]);
    write(host, "/p", one, [...Array.from({ length: 2_000 }, () => about[0]!), user("/p")]);
    expect((await found(host, "/p")).ids).toEqual([one]);
  });
});
