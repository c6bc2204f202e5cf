import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { memoryStore } from "../src/store/memory.ts";
import { tempFolder } from "./harness-home.ts";
import { objects } from "./project.ts";
import { sessionWorld } from "./sessions-world.ts";

const ids = {
  root: "00000000-0000-4000-8000-000000000001",
  below: "00000000-0000-4000-8000-000000000002",
  worktree: "00000000-0000-4000-8000-000000000003",
  nested: "00000000-0000-4000-8000-000000000004",
  neighbour: "00000000-0000-4000-8000-000000000005",
  silent: "00000000-0000-4000-8000-000000000006",
};

/** A project with sessions in its folder, in one of its folders, in a worktree, in another project inside, and beside it. */
function shop() {
  const store = memoryStore();
  const world = sessionWorld([], { store });
  const root = tempFolder();
  const folders = {
    root: join(root, "shop"),
    below: join(root, "shop", "packages", "api"),
    worktree: join(root, "shop", ".worktrees", "one"),
    nested: join(root, "shop", "vendor", "other"),
    neighbour: join(root, "shop-2"),
  };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  const configure = (folder: string, project: string) =>
    writeFileSync(join(folder, ".tracecraft.json"), JSON.stringify({ project, store: "file:" }));
  configure(folders.root, "shop");
  configure(folders.worktree, "shop");
  configure(folders.nested, "other");
  const claude = (folder: string, id: string, cwd: string | undefined) => {
    const place = join(world.home, ".claude", "projects", folder.replaceAll(/[^A-Za-z0-9]/g, "-"));
    mkdirSync(place, { recursive: true });
    const line = { type: "user", uuid: "u", sessionId: id, cwd, message: { role: "user", content: "x" } };
    writeFileSync(join(place, `${id}.jsonl`), `${JSON.stringify(line)}\n`);
  };
  for (const [name, folder] of Object.entries(folders)) claude(folder, ids[name as keyof typeof ids], folder);
  claude(folders.neighbour, ids.silent, undefined); // Its folder begins as the project's does, and no line says whose it is.
  const codex = join(world.home, ".codex", "sessions", "2026", "11", "22");
  mkdirSync(codex, { recursive: true });
  const thread = "01994a10-0000-7000-8000-0000000000b1";
  const meta = { type: "session_meta", payload: { id: thread, cwd: folders.below } };
  writeFileSync(join(codex, `rollout-2026-11-22T10-00-00-${thread}.jsonl`), `${JSON.stringify(meta)}\n`);
  const mirrored = async () =>
    Object.keys(await objects(store, "sessions/")).flatMap(
      (key) => /([^/]+)\/meta\.json$/.exec(key)?.[1] ?? [],
    );
  return { world, folders, thread, mirrored };
}

it.each(["root", "below"] as const)(
  "--all typed in the %s folder takes every session of the project, and none of one inside or beside it",
  async (where) => {
    const { world, folders, thread, mirrored } = shop();
    await world.run(sessionMirror, { all: true }, { cwd: folders[where] });
    expect((await mirrored()).toSorted()).toEqual([ids.root, ids.below, ids.worktree, thread].toSorted());
  },
);

it("--cwd with --all takes a folder and what is in it; another project by its own folder", async () => {
  const below = shop();
  await below.world.run(sessionMirror, { all: true, cwd: "packages" }, { cwd: below.folders.root });
  expect((await below.mirrored()).toSorted()).toEqual([ids.below, below.thread].toSorted());
  const nested = shop();
  await nested.world.run(
    sessionMirror,
    { all: true, cwd: nested.folders.nested },
    { cwd: nested.folders.root },
  );
  expect(await nested.mirrored()).toEqual([ids.nested]);
});
