import { join } from "node:path";
import { blockTarget, ownFile } from "./setup-block.ts";
import { behind, guarded, waited, type HookLine } from "./setup-commands.ts";
import type { Place, Plan, Wishes } from "./setup-target.ts";
import { pointerLines, skill } from "./setup-text.ts";

/** Of shell hooks, only `pre_llm_call` takes an answer for the model; it is asked once a turn. */
export function hermesHooks({ guard }: Wishes): HookLine[] {
  return [
    { on: "pre_llm_call", command: waited("hermes pre-llm"), timeoutS: 10 },
    { on: "on_session_end", command: behind("hermes session-end"), timeoutS: 10 },
    ...(guard
      ? [
          {
            on: "pre_tool_call",
            matcher: "write_file|patch|terminal",
            command: guarded("hermes pre-tool", "terminal"),
            timeoutS: 10,
          },
        ]
      : []),
  ];
}

/** Hooks of Hermes are the user's: `config.yaml` in its home. Comments and order of a YAML file are kept by not touching it. */
export function planHermes(place: Place, wishes: Wishes, shown: (path: string) => string): Plan {
  const home = place.env["HERMES_HOME"] || join(place.home, ".hermes");
  const config = join(home, "config.yaml");
  const pointer = join(place.root, "AGENTS.md");
  const lines = [
    "hooks:",
    ...hermesHooks(wishes).flatMap(({ on, matcher, command, timeoutS }) => [
      `  ${on}:`,
      `    - command: ${JSON.stringify(command)}`,
      ...(matcher === undefined ? [] : [`      matcher: ${JSON.stringify(matcher)}`]),
      `      timeout: ${timeoutS}`,
    ]),
    ...(wishes.mcp ? ["mcp_servers:", "  tracecraft:", "    command: tracecraft", '    args: ["mcp"]'] : []),
  ];
  const targets = [
    blockTarget({
      path: config,
      shown: shown(config),
      comment: "hash",
      lines,
      refuse: (text) => refusal(text, wishes.mcp ? ["hooks", "mcp_servers"] : ["hooks"]),
      backup: true,
    }),
    ownFile(join(home, "skills", "tracecraft", "SKILL.md"), skill),
    ...(place.scope === "user"
      ? []
      : [blockTarget({ path: pointer, shown: shown(pointer), comment: "html", lines: pointerLines })]),
  ];
  return {
    targets,
    notes: [
      "hermes asks once for consent to each hook; elsewhere: hermes --accept-hooks",
      ...(wishes.stopGate ? ["hermes has no stop that can be blocked: --stop-gate does nothing there"] : []),
    ],
  };
}

/** Whether keys may be added behind a YAML text without reading it: one block mapping that has none of them yet. */
function refusal(text: string, keys: readonly string[]): string | undefined {
  const lines = text.split(/\r?\n/);
  const at = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line)) + 1;
  for (const key of keys) {
    const line = at(new RegExp(`^(?:"${key}"|'${key}'|${key})\\s*:`));
    if (line > 0) return `it has "${key}" already, at line ${line}`;
  }
  const strange =
    at(/^(?:\t|[{[]|\.\.\.(?:\s|$)|- )/) || lines.findIndex((line, n) => n > 0 && line.startsWith("---")) + 1;
  return strange > 0 ? `not one plain mapping at line ${strange}` : undefined;
}
