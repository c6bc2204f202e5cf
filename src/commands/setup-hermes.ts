import { join } from "node:path";
import { blockTarget, ownFile } from "./setup-block.ts";
import { behind, guarded, waited, type HookLine } from "./setup-commands.ts";
import type { Place, Plan, Wishes } from "./setup-target.ts";
import { yamlTarget } from "./setup-yaml.ts";
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
  const hooks = hermesHooks(wishes).flatMap(({ on, matcher, command, timeoutS }) => [
    `${on}:`,
    `  - command: ${JSON.stringify(command)}`,
    ...(matcher === undefined ? [] : [`    matcher: ${JSON.stringify(matcher)}`]),
    `    timeout: ${timeoutS}`,
  ]);
  const server = ["tracecraft:", "  command: tracecraft", '  args: ["mcp"]'];
  const targets = [
    yamlTarget(config, shown(config), [
      { key: "hooks", children: hooks },
      ...(wishes.mcp ? [{ key: "mcp_servers", children: server }] : []),
    ]),
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
