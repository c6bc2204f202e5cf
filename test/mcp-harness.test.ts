import { expect, it, onTestFinished } from "vitest";
import { cliWorld, type CliWorld } from "./run-cli.ts";
import { startHarness, type ScriptedHarness } from "./scripted-harness.ts";

const before = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
const after = "6d1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5b";

async function begin(name: "claude-code" | "codex"): Promise<{ world: CliWorld; harness: ScriptedHarness }> {
  const made = cliWorld();
  const { TRACECRAFT_SESSION: _none, ...env } = made.env;
  const run: CliWorld["run"] = (words, options) =>
    made.run(words, { ...options, env: { TRACECRAFT_SESSION: undefined, ...options?.env } });
  const world = { ...made, env, run };
  expect((await run(["init", "--project", "shop", "--agent", "web-1"])).status).toBe(0);
  expect((await run(["setup", name])).status).toBe(0);
  const harness = await startHarness(name, world, before);
  onTestFinished(() => harness.kill());
  await harness.fire("SessionStart", { source: "startup" });
  return { world, harness };
}

/** Shell that has a server of the harness from its first line to its last, with each call where it stands. */
function withServer(lines: readonly string[], environment = ""): string {
  const client = { protocolVersion: "2025-03-26", capabilities: {}, clientInfo: { name: "t", version: "1" } };
  const hello = [
    { jsonrpc: "2.0", id: 0, method: "initialize", params: client },
    { jsonrpc: "2.0", method: "notifications/initialized" },
  ];
  return [
    `mkfifo asks; ${environment} tracecraft mcp <asks >answers & exec 3>asks`,
    ...hello.map((message) => `printf '%s\\n' '${JSON.stringify(message)}' >&3`),
    'answered() { n=0; until grep -q "\\"id\\":$1" answers; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done; }',
    "answered 0",
    ...lines,
    "exec 3>&-; wait",
  ].join("\n");
}

function call(id: number, name: string, args: object): string {
  const message = { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
  return `printf '%s\\n' '${JSON.stringify(message)}' >&3; answered ${id}; grep '"id":${id}' answers`;
}

it("what Codex claims by a tool, whose server it does not tell the session, is its shell's too", async () => {
  const { harness } = await begin("codex");
  const lines = [call(1, "claim", { step: "design" }), "tracecraft complete design --note x"];
  const { stdout, stderr, status } = await harness.types(withServer(lines, "env -u CODEX_THREAD_ID"));
  expect(stdout, stderr).toContain("Claimed step design as web-1");
  expect(stderr).not.toContain("another session");
  expect(status).toBe(0);
  expect((await harness.types("tracecraft step-status design")).stdout).toContain("complete");
});

it("a tool of Claude Code's server goes on with the session that came after a clear", async () => {
  const { world, harness } = await begin("claude-code");
  const event = JSON.stringify({ session_id: after, cwd: world.cwd, source: "clear" });
  const lines = [
    call(1, "claim", { step: "design" }),
    `printf %s '${event}' | tracecraft hook claude-code session-start`,
    `CLAUDE_CODE_SESSION_ID=${after} tracecraft claim api`,
    call(2, "complete", { step: "api", note: "x" }),
    call(3, "complete", { step: "design", note: "x" }),
  ];
  const { stdout, stderr } = await harness.types(withServer(lines));
  expect(stdout, stderr).toContain("Holds: design");
  expect(stdout.match(/"isError":true/g), stdout).toBeNull();
  for (const step of ["api", "design"])
    expect((await harness.types(`tracecraft step-status ${step}`)).stdout).toContain("complete");
});
