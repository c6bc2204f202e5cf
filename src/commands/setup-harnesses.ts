import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Place, Plan, Wishes } from "./setup-target.ts";

type Planner = (place: Place, wishes: Wishes, shown: (path: string) => string) => Promise<Plan>;

/** What setup can put tracecraft into. Each is loaded when it is planned. */
export interface SetupHarness {
  readonly plan: Planner;
  /** Whether it is used here at all: for `all`. */
  isHere(place: Place): boolean;
  readonly scopes: readonly Place["scope"][];
}

export const harnesses: Readonly<Record<string, SetupHarness>> = {
  "claude-code": {
    plan: async (...place) => (await import("./setup-claude-code.ts")).planClaudeCode(...place),
    isHere: ({ home, root, env }) =>
      existsSync(env["CLAUDE_CONFIG_DIR"] || join(home, ".claude")) || existsSync(join(root, ".claude")),
    scopes: ["project", "local", "user"],
  },
  codex: {
    plan: async (...place) => (await import("./setup-codex.ts")).planCodex(...place),
    isHere: ({ home, root, env }) =>
      existsSync(env["CODEX_HOME"] || join(home, ".codex")) || existsSync(join(root, ".codex")),
    scopes: ["project", "user"],
  },
  openclaw: {
    plan: async (...place) => (await import("./setup-openclaw.ts")).planOpenclaw(...place),
    isHere: ({ home, env }) => existsSync(join(env["OPENCLAW_HOME"] || home, ".openclaw")),
    scopes: ["project", "user"],
  },
  hermes: {
    plan: async (...place) => (await import("./setup-hermes.ts")).planHermes(...place),
    isHere: ({ home, env }) => existsSync(env["HERMES_HOME"] || join(home, ".hermes")),
    scopes: ["project", "user"],
  },
  git: {
    plan: async (place, _, shown) => (await import("./setup-git.ts")).planGit(place, shown),
    isHere: ({ root }) => existsSync(join(root, ".git")),
    scopes: ["project", "local"],
  },
};

const wishes: readonly Wishes[] = [false, true].flatMap((guard) =>
  [false, true].map((stopGate) => ({ guard, stopGate, mcp: false })),
);

/** How far the hooks of a harness are set up in one place, whatever else was asked for with them. */
export async function hooksThere(
  name: string,
  place: Place,
  read: (path: string) => string | undefined,
): Promise<"all" | "some" | "none"> {
  let best = 0;
  for (const wish of wishes) {
    const plan = await harnesses[name]!.plan(place, wish, (path) => path);
    // The settings come first; a plugin may have left nothing for them.
    const [settings] = plan.targets;
    if (!settings || settings.total === 0) return "all";
    const missing = settings.missing(read(settings.path) ?? "");
    best = Math.max(best, (settings.total - missing) / settings.total);
  }
  return best === 1 ? "all" : best > 0 ? "some" : "none";
}
