import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { sessionRestore } from "../src/commands/session-restore.ts";
import { memoryStore } from "../src/store/memory.ts";
import { tempFolder } from "./harness-home.ts";
import { objects, plant } from "./project.ts";
import { line, sessionId, sessionWorld } from "./sessions-world.ts";
import { zstdOf } from "./zstd-of.ts";

const claude = { harness: "claude-code" };
const threadId = "01994a10-0000-7000-8000-0000000000b1";
const secret = "AKIAZ7QJ4M2XKPLW5T3N";
const inOther = (text: string) => text.replaceAll('"cwd":"/w"', '"cwd":"/other/checkout"');

describe("session restore", () => {
  it("counts what was taken out of the generation that it restores, and of no other", async () => {
    const world = sessionWorld([line(1, secret), line(2, secret)]);
    await world.run(sessionMirror, claude);
    writeFileSync(world.path, `${line(3, secret)}\n`);
    await world.run(sessionMirror, claude);
    const [one, two] = [tempFolder(), tempFolder()];
    expect(await world.run(sessionRestore, { id: "5c1d", generation: "0" }, { cwd: one })).toContain(
      "2 redactions stay",
    );
    expect(await world.run(sessionRestore, { id: "5c1d" }, { cwd: two })).toContain("1 redaction stays");
  });

  it("gives the redacted bytes and the attachments back, and refuses to overwrite", async () => {
    const world = sessionWorld([line(1, secret), line(2)]);
    const side = world.path.replace(/\.jsonl$/, "");
    mkdirSync(join(side, "tool-results"), { recursive: true });
    writeFileSync(join(side, "tool-results", "big.txt"), "big\n");
    await world.run(sessionMirror, claude);
    const cwd = tempFolder();
    const said = await world.run(sessionRestore, { id: "5c1d", to: "out" }, { cwd });
    expect(said).toMatch(
      new RegExp(
        `^Restored ${sessionId} -> out/${sessionId}.jsonl\n\\d+ B, 2 records, 1 attachment, 1 redaction stays\n# 0$`,
      ),
    );
    const restored = readFileSync(join(cwd, "out", `${sessionId}.jsonl`), "utf8");
    expect(restored).toBe(readFileSync(world.path, "utf8").replace(secret, "[REDACTED:aws_access_key]"));
    expect(readFileSync(join(cwd, "out", sessionId, "tool-results", "big.txt"), "utf8")).toBe("big\n");
    expect(await world.run(sessionRestore, { id: "5c1d", to: "out" }, { cwd })).toMatch(
      /is there already\n(2> Hint: .*\n)?# 3$/,
    );
  });

  it("puts it where the harness of another checkout looks for it", async () => {
    const world = sessionWorld([line(1)]);
    await world.run(sessionMirror, claude);
    expect(await world.run(sessionRestore, { id: "5c1d", intoHarness: true })).toBe(
      `2> Error: Cannot restore "${sessionId}": claude-code has that session here\n2> Hint: tracecraft session restore ${sessionId} --to out\n# 3`,
    );
    const elsewhere = () =>
      world.run(sessionRestore, { id: "5c1d", intoHarness: true }, { cwd: "/other/checkout" });
    expect(await elsewhere()).toContain(`2> Cause: it lies at ${world.path}\n`); // Two of one id are one too many.
    const path = join(world.home, ".claude", "projects", "-other-checkout", `${sessionId}.jsonl`);
    expect(existsSync(path)).toBe(false);
    const text = readFileSync(world.path, "utf8");
    rmSync(world.path);
    expect(await elsewhere()).toMatch(/^Restored .*\n.*\n# 0$/);
    expect(readFileSync(path, "utf8")).toBe(inOther(text));
  });

  it.each([
    ["archived and packed", "archived_sessions", ".zst", 0],
    ["packed where it was", "sessions/2026/09/14", ".zst", 0],
    ["archived", "archived_sessions", "", 0],
    ["archived, packed, and cut short", "archived_sessions", ".zst", 5],
  ])("refuses a second copy of a session that its harness has %s", async (_, place, end, cut) => {
    const world = sessionWorld();
    const name = `rollout-2026-09-14T10-20-00-${threadId}.jsonl`;
    const folder = join(world.home, ".codex", "sessions", "2026", "09", "14");
    mkdirSync(folder, { recursive: true });
    const meta = { type: "session_meta", payload: { id: threadId, cwd: "/w" } };
    const source = Buffer.from(`${JSON.stringify(meta)}\n`);
    writeFileSync(join(folder, name), source);
    await world.run(sessionMirror, { harness: "codex" });
    rmSync(join(folder, name));
    mkdirSync(join(world.home, ".codex", place), { recursive: true });
    const bytes = end === "" ? source : zstdOf(source);
    writeFileSync(join(world.home, ".codex", place, `${name}${end}`), bytes.subarray(0, bytes.length - cut));
    const said = await world.run(sessionRestore, { id: threadId, intoHarness: true });
    expect(said).toContain("codex has that session here\n2> Cause: ");
    expect(said).toContain(join(place, `${name}${end}`));
    expect(said).toMatch(/# 3$/);
    expect(existsSync(join(folder, name))).toBe(false);
  });

  it("brings its sub-agents along, nested too, and is named by its prefix beside them", async () => {
    const store = memoryStore();
    const world = sessionWorld([line(1)], { store });
    const side = join(world.path.replace(/\.jsonl$/, ""), "subagents");
    mkdirSync(side, { recursive: true });
    writeFileSync(join(side, "agent-a1.jsonl"), `${line(7)}\n`);
    writeFileSync(join(side, "agent-a1.meta.json"), '{"description":"look"}');
    await world.run(sessionMirror, claude);
    const key = `sessions/claude-code/${sessionId}.agent-a1/meta.json`;
    const child = JSON.parse((await objects(store, key))[key]!) as object;
    const nested = `${sessionId}.agent-a2`;
    const more = { session_id: nested, parent: `${sessionId}.agent-a1`, source_path: "/x/agent-a2.jsonl" };
    await plant(store, key.replace("agent-a1", "agent-a2"), {
      ...child,
      ...more,
      parts: [],
      attachments: [],
    });
    rmSync(join(world.home, ".claude"), { recursive: true });
    const told = await world.run(
      sessionRestore,
      { id: "5c1d", intoHarness: true },
      { cwd: "/other/checkout" },
    );
    expect(told).toContain("2 sub-agents");
    const there = join(world.home, ".claude", "projects", "-other-checkout", sessionId, "subagents");
    expect(readFileSync(join(there, "agent-a1.jsonl"), "utf8")).toBe(inOther(`${line(7)}\n`));
    expect(readFileSync(join(there, "agent-a1.meta.json"), "utf8")).toBe('{"description":"look"}');
  });

  it("lets no name in a manifest lead out of the folder", async () => {
    const world = sessionWorld([line(1)]);
    await world.run(sessionMirror, claude);
    const key = `sessions/claude-code/${sessionId}/meta.json`;
    const manifest = JSON.parse((await objects(world.project.store))[key]!);
    const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // Of "abc".
    await plant(world.project.store, `sessions/claude-code/${sessionId}/att-${sha256}`, "abc");
    const names = [
      "../../evil",
      "/etc/evil",
      "a/../../evil",
      "..",
      "a\\..\\evil",
      ".hidden",
      "a//b",
      "C:evil",
      "x\u0000y",
      "good/name.txt",
    ];
    manifest.attachments = names.map((name) => ({ name, sha256, size: 3 }));
    await plant(world.project.store, key, manifest);
    const cwd = tempFolder();
    const said = await world.run(sessionRestore, { id: "5c1d", to: "deep/out" }, { cwd });
    expect(said.match(/its name is no file name/g)).toHaveLength(names.length - 1);
    expect(existsSync(join(cwd, "deep", "out", sessionId, "good", "name.txt"))).toBe(true);
    expect(existsSync(join(cwd, "evil")) || existsSync(join(cwd, "deep", "evil"))).toBe(false);
  });

  it("leaves nothing behind when a part is not what the manifest says", async () => {
    const world = sessionWorld([line(1)]);
    await world.run(sessionMirror, claude);
    const key = Object.keys(await objects(world.project.store)).find((name) => name.includes("part-"))!;
    await plant(
      world.project.store,
      key,
      "x".repeat(Buffer.byteLength((await objects(world.project.store))[key]!)),
    );
    const cwd = tempFolder();
    expect(await world.run(sessionRestore, { id: "5c1d", to: "." }, { cwd })).toContain("hash differs\n# 10");
    expect(existsSync(join(cwd, `${sessionId}.jsonl`))).toBe(false);
  });
});
