import { describe, expect, it } from "vitest";
import { hookHealth } from "../src/commands/hook-record.ts";
import { checkAnswer } from "./hook-rules.ts";
import { faults, good, keys, serveFaults } from "./hook-trouble.ts";
import { hookWorld, payloads } from "./hook-world.ts";

serveFaults();

/** A start asks the store, so only it can meet what is wrong there. */
const asksTheStore = (event: string): boolean => event === "session-start" || event === "pre-llm";
const hardStopMs = 1_500;

describe.each(Object.entries(faults))("hooks with %s", (_, { prepare, input, code }) => {
  it("are silent or say something valid, in time, and keep the error", { timeout: 20_000 }, async () => {
    await Promise.all(
      payloads.map(async ([harness, event, words]) => {
        const world = hookWorld();
        await prepare(world);
        const began = performance.now();
        const said = await world.fire(harness, event, input ?? { ...words, cwd: world.cwd }, {
          stopGate: true,
        });
        // Beside forty others, on two cores: that of a process alone is measured in bench/hooks.mjs.
        expect(performance.now() - began).toBeLessThan(hardStopMs * 2);
        checkAnswer(harness, event, said);
        if (code !== undefined) expect(said).toBe("");
        const health = hookHealth(world.machine.local);
        if (code !== undefined && (input !== undefined || asksTheStore(event)))
          expect(
            health.map(({ lastError }) => lastError?.code),
            JSON.stringify(health),
          ).toEqual([expect.stringMatching(code)]);
        expect(JSON.stringify(health)).not.toContain(keys.AWS_SECRET_ACCESS_KEY + '"');
      }),
    );
  });
});

it("a hook whose harness never closes its input stops by itself", async () => {
  const world = hookWorld();
  await good(world);
  const never = new Promise<Uint8Array>(() => undefined);
  const { hook } = await import("../src/commands/hook.ts");
  const context = { ...world, signal: new AbortController().signal, readStdin: () => never };
  const reply = await hook.run(context as never, {
    harness: "codex",
    event: "stop",
    stopGate: true,
    guard: false,
    sessionId: undefined,
    agent: undefined,
  });
  expect(reply.text).toBe("");
  expect(hookHealth(world.machine.local)[0]!.lastError?.code).toBe("timeout");
});

it("an event or a harness that a newer set-up names is silence", async () => {
  const world = hookWorld();
  expect(await world.fire("claude-code", "no-such-event", {})).toBe("");
  expect(await world.fire("toString", "stop", {})).toBe("");
  expect(await world.fire("claude-code", "constructor", {})).toBe("");
});
