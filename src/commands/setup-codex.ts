import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { blockTarget, ownFile } from "./setup-block.ts";
import { behind, flagged, guarded, waited, type HookLine } from "./setup-commands.ts";
import { jsonTarget } from "./setup-json.ts";
import type { Place, Plan, Wishes } from "./setup-target.ts";
import { pointerLines, skill } from "./setup-text.ts";

const ours = "tracecraft hook codex ";

/** The events of Codex 0.129; a name that an older one does not know would make it refuse the file. */
export function codexHooks({ guard, stopGate }: Wishes): HookLine[] {
  const flags = guard ? " --guard" : "";
  const stop = stopGate ? waited(`codex stop --stop-gate${flags}`) : behind(`codex stop${flags}`);
  return [
    { on: "SessionStart", command: waited("codex session-start"), timeoutS: 10 },
    { on: "UserPromptSubmit", command: flagged("codex prompt"), timeoutS: 10 },
    { on: "Stop", command: stop, timeoutS: 10 },
    ...(guard ? [{ on: "PreToolUse", command: guarded("codex pre-tool"), timeoutS: 10 }] : []),
  ];
}

export function planCodex(place: Place, wishes: Wishes, shown: (path: string) => string): Plan {
  const user = place.scope === "user";
  const home = place.env["CODEX_HOME"] || join(place.home, ".codex");
  const folder = user ? home : join(place.root, ".codex");
  const file = join(folder, "hooks.json");
  const config = join(folder, "config.toml");
  const pointer = user ? join(home, "AGENTS.md") : join(place.root, "AGENTS.md");
  const plugin = [join(home, "config.toml"), join(place.root, ".codex", "config.toml")].some(namesPlugin);
  const plain = codexHooks({ guard: false, stopGate: false, mcp: false }).map(({ command }) => command);
  const hooks = codexHooks(wishes).filter(({ command }) => !plugin || !plain.includes(command));
  const targets = [
    jsonTarget({ path: file, shown: shown(file), ours, hooks }),
    ...(plugin
      ? []
      : [
          ownFile(join(user ? place.home : place.root, ".agents", "skills", "tracecraft", "SKILL.md"), skill),
        ]),
    blockTarget({ path: pointer, shown: shown(pointer), comment: "html", lines: pointerLines }),
  ];
  if (wishes.mcp) {
    targets.push(
      blockTarget({
        path: config,
        shown: shown(config),
        comment: "hash",
        lines: ["[mcp_servers.tracecraft]", 'command = "tracecraft"', 'args = ["mcp"]'],
        present: (text) => /^\s*\[\s*mcp_servers\s*\.\s*"?tracecraft"?\s*\]/m.test(text),
        backup: true,
      }),
    );
  }
  return {
    targets,
    notes: [
      "codex asks once whether to trust these hooks",
      ...(plugin ? ["the plugin tracecraft brings hooks and skill: only the rest is set up"] : []),
    ],
  };
}

/** `[plugins."tracecraft@…"]` of a configuration, unless it is switched off. */
function namesPlugin(config: string): boolean {
  if (!existsSync(config)) return false;
  const [, body] = /^\[plugins\."?tracecraft(?:@[^\]]*)?\]([^[]*)/m.exec(readFileSync(config, "utf8")) ?? [];
  return body !== undefined && !/^\s*enabled\s*=\s*false/m.test(body);
}
