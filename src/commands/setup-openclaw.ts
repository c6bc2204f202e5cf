import { existsSync } from "node:fs";
import { join } from "node:path";
import { programVersion } from "../format/version.ts";
import { blockTarget, ownFile } from "./setup-block.ts";
import { jsonTarget } from "./setup-json.ts";
import type { Place, Plan, Wishes } from "./setup-target.ts";
import { pointerLines, skill } from "./setup-text.ts";

/** The plugin: it runs the same hooks as elsewhere. It never throws and waits at most two seconds: the gateway goes on in any case. */
export function openclawPlugin({ guard }: Pick<Wishes, "guard">): string {
  return `${plugin}${guard ? guardHook : ""}}
`;
}

/** Before a tool changes files or commits; other tools, and other lines of shell, start no program. */
const guardHook = `  api.on("before_tool_call", async (event, context) => {
    const tool = String(event?.toolName ?? "");
    const input = event?.params ?? {};
    if (!/^(?:write|edit|apply_patch|exec|bash)$/.test(tool)) return undefined;
    if (/^(?:exec|bash)$/.test(tool) && !/git[^]*(?:commit|push)/.test(String(input.command ?? ""))) return undefined;
    const reason = await ask("pre-tool", { ...event, ...context }, { tool_name: tool, tool_input: input });
    return reason === "" ? undefined : { block: true, blockReason: reason };
  });
`;

const plugin = `import { spawn } from "node:child_process";

const limitMs = 2000;

/** What \`tracecraft hook openclaw EVENT\` says; empty in any trouble. */
function ask(event, context, more = {}) {
  return new Promise((resolve) => {
    try {
      const child = spawn("tracecraft", ["hook", "openclaw", event], { stdio: ["pipe", "pipe", "ignore"] });
      let text = "";
      const timer = setTimeout(() => child.kill(), limitMs);
      child.stdout.on("data", (chunk) => (text += chunk));
      child.stdin.on("error", () => undefined);
      child.on("error", () => resolve(""));
      child.on("close", () => {
        clearTimeout(timer);
        try {
          const said = text === "" ? {} : JSON.parse(text);
          resolve(String(said.context ?? said.reason ?? ""));
        } catch {
          resolve("");
        }
      });
      child.stdin.end(
        JSON.stringify({
          session_id: String(context?.sessionId ?? context?.sessionKey ?? "main"),
          cwd: String(context?.workspaceDir ?? process.cwd()),
          ...more,
        }),
      );
    } catch {
      resolve("");
    }
  });
}

export default function register(api) {
  api.on("before_prompt_build", async (event, context) => {
    const text = await ask("pre-llm", { ...event, ...context });
    return text === "" ? undefined : { prependContext: text };
  });
  api.on("agent_end", async (event, context) => {
    await ask("stop", { ...event, ...context });
  });
  api.on("session_end", async (event, context) => {
    await ask("session-end", { ...event, ...context });
  });
`;

/** A plugin in OpenClaw's own folder, switched on in its settings. Both are the user's: it has none of a project. */
export function planOpenclaw(place: Place, wishes: Wishes, shown: (path: string) => string): Plan {
  const state = stateFolder(place);
  const config = place.env["OPENCLAW_CONFIG_PATH"] || join(state, "openclaw.json");
  const folder = join(state, "extensions", "tracecraft");
  const pointer = join(place.root, "AGENTS.md");
  const manifest = {
    id: "tracecraft",
    name: "tracecraft",
    description: "Claims, mail and handoffs between agents",
    activation: { onStartup: true },
    configSchema: { type: "object", additionalProperties: false, properties: {} },
  };
  const programPackage = {
    name: "tracecraft-openclaw",
    version: programVersion,
    private: true,
    type: "module",
    openclaw: { extensions: ["./index.mjs"] },
  };
  const values: [string[], unknown][] = [
    [["plugins", "entries", "tracecraft", "enabled"], true],
    [["plugins", "entries", "tracecraft", "hooks"], { allowConversationAccess: true }],
    ...(wishes.mcp
      ? [[["mcp", "servers", "tracecraft"], { command: "tracecraft", args: ["mcp"] }] as [string[], unknown]]
      : []),
  ];
  const targets = [
    jsonTarget({ path: config, shown: shown(config), ours: "tracecraft hook openclaw ", hooks: [], values }),
    ownFile(join(folder, "package.json"), jsonText(programPackage)),
    ownFile(join(folder, "openclaw.plugin.json"), jsonText(manifest)),
    ownFile(join(folder, "index.mjs"), openclawPlugin(wishes)),
    ownFile(join(state, "skills", "tracecraft", "SKILL.md"), skill),
    ...(place.scope === "user"
      ? []
      : [blockTarget({ path: pointer, shown: shown(pointer), comment: "html", lines: pointerLines })]),
  ];
  return {
    targets,
    notes: [
      "openclaw reads its plugins when the gateway starts",
      ...(wishes.stopGate
        ? ["openclaw has no stop that can be blocked: --stop-gate does nothing there"]
        : []),
    ],
  };
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function stateFolder({ env, home }: Place): string {
  const given = env["OPENCLAW_STATE_DIR"] || env["CLAWDBOT_STATE_DIR"];
  const own = env["OPENCLAW_HOME"] || home;
  const tilde = (path: string): string => path.replace(/^~(?=\/|$)/, home);
  if (given) return tilde(given);
  const folders = [".openclaw", ".clawdbot", ".moldbot", ".moltbot"].map((name) => join(tilde(own), name));
  return folders.find((folder) => existsSync(folder)) ?? folders[0]!;
}
