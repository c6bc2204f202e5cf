import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { machine } from "../src/cli/machine.ts";
import { machineWorld } from "../src/cli/world.ts";
import { bindSession, trustHere } from "../src/commands/bindings.ts";
import type { Context } from "../src/commands/command.ts";
import { hook } from "../src/commands/hook.ts";
import type { Machine } from "../src/commands/machine.ts";
import type { Project } from "../src/coord/project.ts";
import { removed } from "./removed.ts";

const roots: string[] = [];

afterAll(() => {
  for (const root of roots.splice(0)) removed(root);
});

export interface HookWorld {
  readonly root: string;
  readonly home: string;
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** Lines that hooks have started detached, none of which runs. */
  readonly launched: (readonly string[])[];
  readonly machine: Machine;
  /** What a hook says. It is run in this process, on the machine's real disk and network. */
  fire(harness: string, event: string, input: unknown, options?: FireOptions): Promise<string>;
  /** The project of the working directory as this session of a harness has it. */
  project(harness: string, id: string, agent?: string): Promise<Project>;
}

export interface FireOptions {
  readonly stopGate?: boolean;
  readonly guard?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** The event comes only so long after the hook has begun. */
  readonly inputAfterMs?: number;
  /** The life of the harness process above the hook. */
  readonly life?: string;
}

/** A machine of its own with a project on a folder, trusted; hooks run in this process. */
export function hookWorld({ ageMs = 800 } = {}): HookWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "tracecraft-hook-")));
  roots.push(root);
  const [home, cwd] = [join(root, "home"), join(root, "work")];
  mkdirSync(home);
  mkdirSync(cwd);
  const env: Record<string, string> = { HOME: home, XDG_STATE_HOME: join(home, "state") };
  const launched: (readonly string[])[] = [];

  const here = (more: Readonly<Record<string, string>> = {}, life?: string): Machine => {
    const world = machineWorld(new AbortController().signal);
    const who = { cwd, home, env: { ...env, ...more }, user: "u", host: "h", pid: process.pid };
    const quiet = { add: (_: string, work: Promise<unknown>) => void work.catch(() => undefined), warn() {} };
    const made = machine({ who: { ...who, bootId: "boot" }, world, background: quiet, deadlineMs: 5_000 });
    const watched = (inner: Machine): Machine => ({
      ...inner,
      ageMs: () => ageMs, // Little is left until the hard stop, unless said otherwise.
      harnessLife: () => life,
      launch(words) {
        launched.push(words);
        return undefined;
      },
      within: (...given) => watched(inner.within(...given)),
    });
    return watched(made);
  };

  return {
    root,
    home,
    cwd,
    env,
    launched,
    get machine() {
      return here();
    },
    async project(harness, id, agent) {
      const quiet = { warn() {}, background() {}, deadlineMs: 5_000 };
      const within = here().within({ harness, id, cwd }, quiet);
      const configuration = within.configuration()!;
      const project = await within.open(configuration, agent);
      trustHere(project.local, configuration);
      return project;
    },
    async fire(
      harness,
      event,
      input,
      { stopGate = false, guard = false, env: more, life, inputAfterMs = 0 } = {},
    ) {
      const bytes =
        input instanceof Uint8Array
          ? input
          : Buffer.from(typeof input === "string" ? input : JSON.stringify(input));
      const context = {
        cwd,
        home,
        env: { ...env, ...more },
        platform: "linux",
        signal: new AbortController().signal,
        readStdin: async () => {
          if (inputAfterMs > 0) await new Promise((resolve) => setTimeout(resolve, inputAfterMs));
          return bytes;
        },
        machine: here(more, life),
      } as unknown as Context;
      const none = { sessionId: undefined, agent: undefined };
      const { text } = await hook.run(context, { harness, event, stopGate, guard, ...none });
      if (typeof text !== "string") throw new Error("a hook's answer has no layout");
      return text;
    },
  };
}

const session = "11111111-2222-3333-4444-555555555555";

/** What each harness says of each event, as documented; `cwd` is put in by `payload`. */
export const payloads: readonly (readonly [
  harness: string,
  event: string,
  input: Record<string, unknown>,
])[] = [
  ...(["startup", "resume", "clear", "compact", "fork"] as const).map(
    (source) => ["claude-code", "session-start", claude("SessionStart", { source, model: "opus" })] as const,
  ),
  ["claude-code", "prompt", claude("UserPromptSubmit", { prompt: "go on" })],
  ["claude-code", "stop", claude("Stop", { stop_hook_active: false, last_assistant_message: "done" })],
  [
    "claude-code",
    "subagent-stop",
    claude("SubagentStop", {
      stop_hook_active: false,
      agent_id: "a",
      agent_type: "x",
      agent_transcript_path: "/t",
    }),
  ],
  ["claude-code", "pre-compact", claude("PreCompact", { trigger: "auto", custom_instructions: "" })],
  ["claude-code", "session-end", claude("SessionEnd", { reason: "prompt_input_exit" })],
  [
    "claude-code",
    "pre-tool",
    claude("PreToolUse", {
      tool_name: "Write",
      tool_input: { file_path: "a.ts", content: "x" },
      tool_use_id: "t",
    }),
  ],
  ...(["startup", "resume", "clear"] as const).map(
    (source) => ["codex", "session-start", codex("SessionStart", { source })] as const,
  ),
  ["codex", "prompt", codex("UserPromptSubmit", { turn_id: "t", prompt: "go on" })],
  ["codex", "stop", codex("Stop", { turn_id: "t", stop_hook_active: false, last_assistant_message: null })],
  [
    "codex",
    "pre-tool",
    codex("PreToolUse", {
      turn_id: "t",
      tool_name: "apply_patch",
      tool_input: { command: "*** Begin Patch\n*** Update File: a.ts\n@@\n*** End Patch" },
      tool_use_id: "t",
    }),
  ],
  ["hermes", "pre-llm", hermes("pre_llm_call", {})],
  ["hermes", "session-end", hermes("on_session_end", {})],
  ["hermes", "pre-tool", hermes("pre_tool_call", { tool_name: "write_file", tool_input: { path: "a.ts" } })],
  ["openclaw", "pre-llm", { session_id: session }],
  ["openclaw", "stop", { session_id: session }],
  ["openclaw", "pre-tool", { session_id: session, tool_name: "write", tool_input: { path: "a.ts" } }],
  ["openclaw", "session-end", { session_id: session }],
];

function claude(event: string, more: Record<string, unknown>): Record<string, unknown> {
  return {
    session_id: session,
    transcript_path: `/t/${session}.jsonl`,
    hook_event_name: event,
    permission_mode: "default",
    ...more,
  };
}

function codex(event: string, more: Record<string, unknown>): Record<string, unknown> {
  return {
    session_id: session,
    transcript_path: null,
    hook_event_name: event,
    model: "gpt",
    permission_mode: "default",
    ...more,
  };
}

function hermes(event: string, more: Record<string, unknown>): Record<string, unknown> {
  return {
    hook_event_name: event,
    tool_name: null,
    tool_input: null,
    session_id: "20261122_140500_ab12",
    profile: "default",
    extra: {},
    ...more,
  };
}

/** A world with the project `shop` in its checkout, and a session "one" of Claude Code there that is web-1's. */
export async function shop({ ageMs = 0 } = {}): Promise<HookWorld> {
  const world = hookWorld({ ageMs });
  const words = { schema: 3, store: "./bucket", project: "shop" };
  writeFileSync(join(world.cwd, ".tracecraft.json"), JSON.stringify(words));
  const one = await world.project("claude-code", "one", "web-1");
  bindSession(one.local, one.session.id, "web-1");
  return world;
}

/** What a hook of a session is told. */
export function eventOf(
  world: HookWorld,
  id: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { session_id: id, cwd: world.cwd, ...more };
}
