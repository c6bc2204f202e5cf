import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../src/commands/project-folder.ts";
import { sessionMirror } from "../src/commands/session-mirror.ts";
import { namesOf } from "../src/harness/folders.ts";
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

const configure = (folder: string, project: string) =>
  writeFileSync(join(folder, ".tracecraft.json"), JSON.stringify({ project, store: "file:" }));

/** Makes a folder the git worktree of a checkout. */
function worktreeOf(checkout: string, folder: string): void {
  const git = join(checkout, ".git", "worktrees", "w");
  mkdirSync(git, { recursive: true });
  mkdirSync(join(folder, "api"), { recursive: true });
  writeFileSync(join(git, "commondir"), "../..\n");
  writeFileSync(join(folder, ".git"), `gitdir: ${git}\n`);
}

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
  /** A thread that began in one folder and went to another. */
  const wandering = (id: string, from: string, to: string) => {
    const begin = { type: "session_meta", payload: { id, cwd: from } };
    const moved = { type: "turn_context", payload: { cwd: to } };
    const lines = [begin, moved].map((line) => `${JSON.stringify(line)}\n`);
    writeFileSync(join(codex, `rollout-2026-11-22T11-00-00-${id}.jsonl`), lines.join(""));
  };
  const mirrored = async () =>
    Object.keys(await objects(store, "sessions/")).flatMap(
      (key) => /([^/]+)\/meta\.json$/.exec(key)?.[1] ?? [],
    );
  return { world, root, folders, thread, wandering, mirrored };
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

it("a session that began in no project and went into this one is taken, one that went into another project is not", async () => {
  const { world, root, folders, thread, wandering, mirrored } = shop();
  const [ours, others, left] = ["c1", "c2", "c3"].map((end) => `01994a10-0000-7000-8000-0000000000${end}`);
  wandering(ours!, root, folders.below);
  wandering(others!, root, folders.nested);
  wandering(left!, folders.nested, folders.below);
  await world.run(sessionMirror, { all: true, harness: "codex" }, { cwd: folders.root });
  expect((await mirrored()).toSorted()).toEqual([thread, ours].toSorted());
});

it("the folder at the top has every other in it, and a linked one both its names", async () => {
  expect((await namesOf({ below: "/" })).has("/srv/app")).toBe(true);
  const root = tempFolder();
  const [real, link] = [join(root, "real"), join(root, "link")];
  mkdirSync(real);
  symlinkSync(real, link);
  writeFileSync(join(real, ".tracecraft.json"), "{}");
  const names = await namesOf({ below: projectRoot(link)!.folder });
  expect([real, link].map((folder) => names.has(join(folder, "api")))).toEqual([true, true]);
});

it("a worktree is of the project of its main checkout, wherever it lies", async () => {
  const inside = shop();
  const others = join(inside.root, "others");
  const theirs = join(inside.folders.root, "theirs");
  worktreeOf(others, theirs);
  configure(others, "other");
  inside.wandering("01994a10-0000-7000-8000-0000000000c4", theirs, theirs);
  await inside.world.run(sessionMirror, { all: true, harness: "codex" }, { cwd: inside.folders.root });
  expect(await inside.mirrored()).toEqual([inside.thread]);

  const outside = shop();
  const ours = join(outside.root, "ours");
  const thread = "01994a10-0000-7000-8000-0000000000c5";
  worktreeOf(outside.folders.root, ours);
  outside.wandering(thread, ours, ours);
  await outside.world.run(sessionMirror, { all: true, harness: "codex" }, { cwd: join(ours, "api") });
  expect(await outside.mirrored()).toEqual([thread]);
});
