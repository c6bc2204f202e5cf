import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type CallToolResult,
} from "@modelcontextprotocol/sdk/types.js";
import { loadCommand } from "../commands/all.ts";
import type { Context, Reply, View } from "../commands/command.ts";
import { toolJson } from "../commands/mcp.ts";
import type { Tool } from "../commands/tools.ts";
import { asTracecraftError, explain, TracecraftError } from "../errors.ts";
import { programVersion } from "../format/version.ts";

/** What one call of a tool runs in. */
export interface CallSite {
  readonly context: Context;
  /** Waits for what the call left in the background, and says what is to be said of it. */
  finish(reply: Reply | undefined): Promise<readonly string[]>;
}

export interface Door {
  readonly tools: readonly Tool[];
  /** A context whose waits end when `signal` does. The store behind it is one, with its connections kept. */
  site(signal: AbortSignal): Promise<CallSite>;
  /** Settles when nobody is there any more: a client that went away only ends its writing end. */
  readonly ended: Promise<void>;
  readonly transport?: Transport;
}

const plain: View = { layout: "plain", width: 80, absolute: true, paint: (_, text) => text };

/** Serves the tools until the client closes its end. A refusal is a result that says so; only a broken call is a protocol error. */
export async function serve({
  tools,
  site,
  ended,
  transport = new StdioServerTransport(),
}: Door): Promise<void> {
  const server = new Server({ name: "tracecraft", version: programVersion }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map((tool) => toolJson(tool) as never),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = tools.find(({ name }) => name === params.name);
    try {
      if (!tool) throw new TracecraftError("usage", `Unknown tool "${params.name.slice(0, 60)}"`);
      const given = params.arguments ?? {};
      checkArguments(tool, given);
      return await call(tool, given, await site(signal));
    } catch (thrown) {
      return refused(asTracecraftError(thrown), []);
    }
  });
  const closed = new Promise<void>((resolve) => Object.assign(server, { onclose: resolve }));
  await server.connect(transport);
  void ended.then(() => server.close());
  await closed;
}

async function call(
  tool: Tool,
  given: Readonly<Record<string, unknown>>,
  site: CallSite,
): Promise<CallToolResult> {
  let reply: Reply | undefined;
  try {
    const { command: name, args } = tool.call(given);
    const command = await loadCommand(name);
    reply = await command.run(site.context, args as never);
  } catch (thrown) {
    return refused(asTracecraftError(thrown), await site.finish(undefined));
  }
  const text = typeof reply.text === "string" ? reply.text : reply.text(plain);
  if (reply.error) return refused(reply.error, await site.finish(reply), text);
  await reply.shown?.();
  const warnings = [...(reply.warnings ?? []), ...(await site.finish(reply))];
  const lines = [
    text,
    ...warnings.map((warning) => `warning: ${warning}`),
    ...(reply.next ? [`next: ${reply.next}`] : []),
  ];
  const data = { ...reply.data, ...(warnings.length > 0 && { warnings }) };
  return {
    content: [{ type: "text", text: lines.filter(Boolean).join("\n") }],
    structuredContent: {
      schema_version: 1,
      ok: true,
      data,
      next: reply.next === undefined ? [] : [reply.next],
    },
  };
}

function refused(error: TracecraftError, warnings: readonly string[], text = ""): CallToolResult {
  const { code, message, hint, retryable, details, status } = error;
  const lines = [text, explain(error), ...warnings.map((warning) => `warning: ${warning}`)];
  return {
    isError: true,
    content: [{ type: "text", text: lines.filter(Boolean).join("\n") }],
    structuredContent: {
      schema_version: 1,
      ok: false,
      status,
      error: { code, message, ...(hint !== undefined && { fix: hint }), retryable, details },
    },
  };
}

/** What a model passes is checked like what a person types. */
function checkArguments(
  { arguments: known, required }: Tool,
  given: Readonly<Record<string, unknown>>,
): void {
  for (const name of required) {
    if (given[name] === undefined) throw new TracecraftError("usage", `Missing argument "${name}"`);
  }
  for (const [name, value] of Object.entries(given)) {
    const argument = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!argument) throw new TracecraftError("usage", `Unknown argument "${name.slice(0, 60)}"`);
    const fits =
      argument.type === "array"
        ? Array.isArray(value) && value.every((one) => typeof one === "string")
        : typeof value === argument.type;
    if (!fits)
      throw new TracecraftError(
        "usage",
        `Cannot use "${name}": it is ${argument.type === "array" ? "a list of texts" : `a ${argument.type}`}`,
      );
    if (argument.enum && !argument.enum.includes(value as string)) {
      throw new TracecraftError("usage", `Cannot use "${name}": it is one of ${argument.enum.join(", ")}`);
    }
  }
}
