import type { Readable } from "node:stream";
import { agentOfSession, sessionNow } from "../commands/bindings.ts";
import type { Context } from "../commands/command.ts";
import type { Configuration, Machine } from "../commands/machine.ts";
import { noProject } from "../commands/no-project.ts";
import type { Tool } from "../commands/tools.ts";
import { heartbeat } from "../coord/agents.ts";
import { renewDue } from "../coord/leases.ts";
import { TracecraftError } from "../errors.ts";
import { background } from "./background.ts";
import { isAlive } from "./is-alive.ts";
import { machineWorld } from "./world.ts";

export interface ToolServer {
  readonly machine: Pick<Machine, "configuration" | "harnessLife" | "open">;
  /** Of the process: what a call has besides its own project. */
  readonly context: Pick<Context, "cwd" | "home" | "env" | "platform" | "signal">;
  readonly stdin: Readable;
}

/**
 * Serves the tools on this process's stdin and stdout until the client closes them. The project is opened once, so its
 * connections are kept; each call has waits of its own, which end when the client cancels it.
 */
export async function serveTools(
  { machine, context, stdin }: ToolServer,
  tools: readonly Tool[],
  agent?: string,
): Promise<void> {
  const configuration: Configuration = machine.configuration() ?? noProject();
  const opened = await machine.open(configuration, agent);
  const named = agent ?? context.env["TRACECRAFT_AGENT"];
  const life = opened.session.harness && machine.harnessLife(opened.session.harness);
  let { session } = opened;
  const underWay = new Set<AbortController>();
  const stopped = whenAborted(context.signal);
  void stopped.then(() => underWay.forEach((one) => one.abort(context.signal.reason)));
  const { cwd, home, env, platform } = context; // Not spread: its project is not to be asked for.
  const { serve } = await import("../mcp/server.ts");
  const ended = new Promise<void>((resolve) => void stdin.once("end", resolve));
  await serve({
    tools,
    ended: Promise.race([ended, stopped]),
    async site(cancelled) {
      // Not AbortSignal.any: the signal of the process would remember each call for ever.
      const ending = new AbortController();
      const end = (): void => ending.abort(cancelled.reason);
      cancelled.addEventListener("abort", end, { once: true });
      if (cancelled.aborted || context.signal.aborted) end();
      underWay.add(ending);
      const { signal } = ending;
      const world = machineWorld(signal);
      const work = background(world);
      session = sessionNow(opened.local, session, life); // Its harness may have renamed it since the last call.
      const bound = named ? undefined : agentOfSession(opened.local, session.id);
      const who = { session, agent: bound ?? opened.agent };
      const project = { ...opened, ...who, world, background: work.add, warn: work.warn };
      return {
        context: {
          cwd,
          home,
          env,
          platform,
          signal,
          redaction: configuration.redaction,
          project,
          progress: () => undefined,
          emit: () => undefined,
          readStdin: noStdin,
          isAlive,
        },
        async finish(reply) {
          heartbeat(project);
          renewDue(project, reply?.told?.steps);
          await work.settle(opened.deadlineMs);
          underWay.delete(ending);
          return work.warnings();
        },
      };
    },
  });
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function noStdin(): Promise<never> {
  return Promise.reject(new TracecraftError("usage", `Cannot read "-": standard input is the protocol here`));
}
