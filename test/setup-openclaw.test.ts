import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { openclawPlugin } from "../src/commands/setup-openclaw.ts";
import { removed } from "./removed.ts";

type Handler = (event: object, context: object) => Promise<unknown>;
type Plugin = { default(api: { on(name: string, handler: Handler): void }): void };

/** The plugin as it is written, in a gateway that knows no more than `on`; the program is this script. */
async function gateway(guard: boolean, script: string) {
  const root = mkdtempSync(join(tmpdir(), "tracecraft-openclaw-"));
  const path = process.env["PATH"];
  onTestFinished(() => {
    process.env["PATH"] = path;
    removed(root);
  });
  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin", "tracecraft"), `#!/bin/sh\ncd '${root}'\n${script}\n`);
  chmodSync(join(root, "bin", "tracecraft"), 0o755);
  process.env["PATH"] = `${join(root, "bin")}${delimiter}${path}`;
  writeFileSync(join(root, "index.mjs"), openclawPlugin({ guard }));
  const handlers = new Map<string, Handler>();
  const plugin = (await import(/* @vite-ignore */ pathToFileURL(join(root, "index.mjs")).href)) as Plugin;
  plugin.default({ on: (name, handler) => void handlers.set(name, handler) });
  const fire = (name: string, event: object = {}) =>
    handlers.get(name)!(event, { sessionId: "s", workspaceDir: root });
  return { root, fire, events: [...handlers.keys()] };
}

it("OpenClaw's plugin passes events on and prepends what a hook says", async () => {
  const { root, fire, events } = await gateway(
    false,
    `echo "$*" >>log; cat >>log; printf '{"context":"news"}'`,
  );
  expect(events).toEqual(["before_prompt_build", "agent_end", "session_end"]);
  expect(await fire("before_prompt_build")).toEqual({ prependContext: "news" });
  expect(await fire("session_end")).toBeUndefined();
  const event = JSON.stringify({ session_id: "s", cwd: root });
  expect(readFileSync(join(root, "log"), "utf8")).toBe(
    `hook openclaw pre-llm\n${event}hook openclaw session-end\n${event}`,
  );
});

it.each(["exit 1", "echo no JSON", "kill -9 $$", "exec cat", "exec 1>&-"])(
  "OpenClaw's plugin is silent when the program does `%s`",
  async (script) => {
    const { fire } = await gateway(true, script);
    expect(await fire("before_prompt_build")).toBeUndefined();
    expect(await fire("before_tool_call", { toolName: "write", params: {} })).toBeUndefined();
  },
);

it("OpenClaw's plugin is silent without the program", async () => {
  const { fire } = await gateway(true, "");
  process.env["PATH"] = "/nowhere";
  expect(await fire("before_prompt_build")).toBeUndefined();
});

it("with --guard, OpenClaw's plugin blocks what the guard denies, and asks about edits and commits alone", async () => {
  const script = `cat >>log; printf '{"decision":"block","reason":"src/a.ts is reserved"}'`;
  const { root, fire } = await gateway(true, script);
  const blocked = { block: true, blockReason: "src/a.ts is reserved" };
  const call = (toolName: string, params: object) => fire("before_tool_call", { toolName, params });
  expect(await call("read", { path: "src/a.ts" })).toBeUndefined();
  expect(await call("exec", { command: "npm test" })).toBeUndefined();
  expect(await call("write", { path: "src/a.ts" })).toEqual(blocked);
  expect(await call("exec", { command: "git commit -m x" })).toEqual(blocked);
  expect(readFileSync(join(root, "log"), "utf8")).toContain(
    '"tool_name":"write","tool_input":{"path":"src/a.ts"}',
  );
});
