import { expect, it } from "vitest";
import { claudeHooks } from "../src/commands/setup-claude-code.ts";
import { codexHooks } from "../src/commands/setup-codex.ts";
import type { HookLine } from "../src/commands/setup-commands.ts";
import { skill } from "../src/commands/setup-text.ts";
import { programVersion } from "../src/format/version.ts";

const plain = { guard: false, stopGate: false, mcp: false };
const description = "Claims, mail, memory and handoffs between coding agents that share a bucket";
const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

function hooksFile(lines: readonly HookLine[]): string {
  const hooks = lines.map(({ on, command, timeoutS }) => [
    on,
    [{ hooks: [{ type: "command", command, timeout: timeoutS }] }],
  ]);
  return json({ description, hooks: Object.fromEntries(hooks) });
}

// The very lines that setup writes: a harness runs a command that it has twice only once.
it.each([
  [
    ".claude-plugin/marketplace.json",
    json({
      name: "tracecraft",
      owner: { name: "tracecraft" },
      plugins: [{ name: "tracecraft", source: "./claude-code", description }],
    }),
  ],
  [
    "claude-code/.claude-plugin/plugin.json",
    json({ name: "tracecraft", version: programVersion, description }),
  ],
  ["claude-code/hooks/hooks.json", hooksFile(claudeHooks(plain))],
  ["claude-code/skills/tracecraft/SKILL.md", skill],
  [
    "codex/.codex-plugin/plugin.json",
    json({
      name: "tracecraft",
      version: programVersion,
      description,
      author: { name: "tracecraft" },
      skills: "./skills/",
      interface: { displayName: "tracecraft" },
    }),
  ],
  ["codex/hooks/hooks.json", hooksFile(codexHooks(plain))],
  ["codex/skills/tracecraft/SKILL.md", skill],
])("plugins/%s is what setup would write", async (path, content) => {
  await expect(content).toMatchFileSnapshot(`../plugins/${path}`);
});
