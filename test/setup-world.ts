import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { Context, Reply } from "../src/commands/command.ts";
import { setup } from "../src/commands/setup.ts";
import { memoryLocalState } from "../src/coord/local.ts";
import type { LocalState } from "../src/coord/project.ts";
import { removed } from "./removed.ts";

const roots: string[] = [];

afterAll(() => {
  for (const root of roots.splice(0)) removed(root);
});

type Flag = "project" | "local" | "user" | "guard" | "stopGate" | "mcp" | "dryRun" | "check" | "remove";

export interface SetupWorld {
  readonly home: string;
  readonly cwd: string;
  readonly local: LocalState;
  /** `~/` is the home folder, else the repository. */
  path(shown: string): string;
  run(harness: string, ...flags: Flag[]): Promise<Reply>;
  /** Every file, link and folder with its bytes and rights. */
  everything(): Readonly<Record<string, string>>;
}

/** An empty repository, which git itself knows only if it is asked for, in an empty home. The set-up runs in this process. */
export function setupWorld({ git = false } = {}): SetupWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "tracecraft-setup-")));
  roots.push(root);
  const [home, cwd] = [join(root, "home"), join(root, "work")];
  mkdirSync(home);
  mkdirSync(cwd);
  mkdirSync(join(cwd, ".git", "hooks"), { recursive: true });
  if (git) execFileSync("git", ["init", "-q", "--template=", cwd]);
  const local = memoryLocalState();
  return {
    home,
    cwd,
    local,
    path: (shown) => (shown.startsWith("~/") ? join(home, shown.slice(2)) : join(cwd, shown)),
    async run(harness, ...flags) {
      const all = { project: false, local: false, user: false, guard: false, stopGate: false, mcp: false };
      const rest = { dryRun: false, check: false, remove: false };
      const given = Object.fromEntries(flags.map((flag) => [flag, true]));
      const machine = { local, configuration: () => undefined }; // No project yet.
      const context = { cwd, home, env: {}, machine } as unknown as Context;
      return await setup.run(context, { harness, ...all, ...rest, ...given });
    },
    everything() {
      const found: Record<string, string> = {};
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        const { mode } = lstatSync(path);
        const bytes = entry.isFile()
          ? readFileSync(path).toString("latin1")
          : entry.isSymbolicLink()
            ? "link"
            : "folder";
        if (dirname(path) !== join(cwd, ".git"))
          found[path.slice(root.length)] = `${mode.toString(8)} ${bytes}`;
      }
      return found;
    },
  };
}
