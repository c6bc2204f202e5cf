import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { blockTarget, ownFile } from "./setup-block.ts";
import { behind, flagged, guarded, waited, type HookLine } from "./setup-commands.ts";
import { jsonTarget } from "./setup-json.ts";
import type { Place, Plan, Wishes } from "./setup-target.ts";
import { pointerLines, skill } from "./setup-text.ts";

/** What marks a hook as ours. */
const ours = "tracecraft hook claude-code ";

/** Timeouts are seconds, and generous: a hook ends by itself long before. */
export function claudeHooks({ guard, stopGate }: Wishes): HookLine[] {
  const flags = guard ? " --guard" : "";
  const stop = stopGate ? waited(`claude-code stop --stop-gate${flags}`) : behind(`claude-code stop${flags}`);
  return [
    { on: "SessionStart", command: waited("claude-code session-start"), timeoutS: 10 },
    { on: "UserPromptSubmit", command: flagged("claude-code prompt"), timeoutS: 10 },
    { on: "Stop", command: stop, timeoutS: 10 },
    { on: "SubagentStop", command: behind("claude-code subagent-stop"), timeoutS: 10 },
    { on: "PreCompact", command: behind("claude-code pre-compact"), timeoutS: 10 },
    { on: "SessionEnd", command: behind("claude-code session-end"), timeoutS: 10 },
    ...(guard
      ? [
          {
            on: "PreToolUse",
            matcher: "Edit|MultiEdit|Write|NotebookEdit|Bash",
            command: guarded("claude-code pre-tool"),
            timeoutS: 10,
          },
        ]
      : []),
  ];
}

const plain: Wishes = { guard: false, stopGate: false, mcp: false };
const mcpServer = { command: "tracecraft", args: ["mcp"] };

/** https://docs.anthropic.com/en/docs/claude-code/settings: user, project and local settings are merged. */
export function planClaudeCode(place: Place, wishes: Wishes, shown: (path: string) => string): Plan {
  const user = place.env["CLAUDE_CONFIG_DIR"] || join(place.home, ".claude");
  const folder = place.scope === "user" ? user : join(place.root, ".claude");
  const settings = join(folder, place.scope === "local" ? "settings.local.json" : "settings.json");
  const plugin = pluginIn([
    join(user, "settings.json"),
    join(place.root, ".claude", "settings.json"),
    join(place.root, ".claude", "settings.local.json"),
  ]);
  const byPlugin = new Set(plugin === undefined ? [] : claudeHooks(plain).map(({ command }) => command));
  const hooks = claudeHooks(wishes).filter(({ command }) => !byPlugin.has(command));
  const targets = [jsonTarget({ path: settings, shown: shown(settings), ours, hooks })];
  if (place.scope !== "local") {
    const pointer = place.scope === "user" ? join(user, "CLAUDE.md") : join(place.root, "CLAUDE.md");
    if (plugin === undefined) targets.push(ownFile(join(folder, "skills", "tracecraft", "SKILL.md"), skill));
    targets.push(blockTarget({ path: pointer, shown: shown(pointer), comment: "html", lines: pointerLines }));
  }
  if (wishes.mcp) {
    const path = place.scope === "project" ? join(place.root, ".mcp.json") : join(place.home, ".claude.json");
    const values = [[["mcpServers", "tracecraft"], mcpServer]] as const;
    targets.push(jsonTarget({ path, shown: shown(path), ours, hooks: [], values }));
  }
  return {
    targets,
    notes:
      plugin === undefined ? [] : [`the plugin ${plugin} brings hooks and skill: only the rest is set up`],
  };
}

/** The name under which the plugin is switched on. */
function pluginIn(settings: readonly string[]): string | undefined {
  for (const path of settings.filter((file) => existsSync(file))) {
    const found: unknown = parse(readFileSync(path, "utf8"), [], { allowTrailingComma: true });
    const enabled = (found as { enabledPlugins?: unknown } | undefined)?.enabledPlugins;
    if (typeof enabled !== "object" || enabled === null) continue;
    const name = Object.entries(enabled).find(
      ([key, on]) => /^tracecraft(?:@|$)/.test(key) && on === true,
    )?.[0];
    if (name !== undefined) return name.replaceAll(/[^A-Za-z0-9@._-]/g, "?").slice(0, 100);
  }
  return undefined;
}
