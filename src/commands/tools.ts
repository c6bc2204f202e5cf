import { TracecraftError } from "../errors.ts";
import { loadCommand } from "./all.ts";
import type { Command } from "./command.ts";

/** What a model may pass to a tool, as a JSON Schema of one value. */
export interface ToolArgument {
  readonly type: "string" | "boolean" | "number" | "array";
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly type: "string" };
}

/** A command as a tool of a model: fewer options, and names as JSON has them. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly arguments: Readonly<Record<string, ToolArgument>>;
  readonly required: readonly string[];
  /** The command that a call is, with its arguments. */
  call(given: Given): { readonly command: string; readonly args: Readonly<Record<string, unknown>> };
}

type Given = Readonly<Record<string, unknown>>;

/** How an argument of a tool becomes one of its command: the command's own name, help and kind unless said otherwise. */
interface Chosen {
  readonly of: string;
  readonly type?: ToolArgument["type"];
  /** False where the argument's name says it all: every word of a tool costs each model that reads the list. */
  readonly told?: false;
}

const quiet = { told: false } as const;

/**
 * The eight tools of the MCP server, generated from the definitions of the commands, so that one cannot say what the
 * other does not do. Loads those commands, and no other.
 */
export async function tools(): Promise<readonly Tool[]> {
  return [
    await tool("claim", "claim", {
      step: { of: "step", ...quiet },
      ttl: { of: "ttl" },
      mine: { of: "mine" },
    }),
    await finishTool(),
    await tool("release", "release", { step: { of: "step", ...quiet } }),
    await tool("send", "send", {
      to: { of: "to" },
      text: { of: "text", ...quiet },
      subject: { of: "subject", ...quiet },
      thread: { of: "thread", ...quiet },
      urgent: { of: "urgent", ...quiet },
    }),
    await inboxTool(),
    await memoryTool(),
    await tool("wait", "wait-for", {
      steps: { of: "steps", ...quiet },
      timeout_s: { of: "timeout", type: "number", ...quiet },
    }),
    await tool("status", "status", {}),
  ];
}

async function tool(
  name: string,
  commandName: string,
  chosen: Readonly<Record<string, Chosen>>,
): Promise<Tool> {
  const command = await loadCommand(commandName);
  const names = Object.keys(chosen);
  return {
    name,
    description: command.summary,
    arguments: Object.fromEntries(
      names.map((argument) => [argument, argumentOf(command, chosen[argument]!)]),
    ),
    required: names.filter((argument) => isRequired(command, chosen[argument]!.of)),
    call: (given) => ({
      command: commandName,
      args: completed(
        command,
        Object.fromEntries(names.map((argument) => [chosen[argument]!.of, wordOf(given[argument])])),
      ),
    }),
  };
}

/** `complete` in its three states. */
async function finishTool(): Promise<Tool> {
  const plain = await tool("complete", "complete", {
    step: { of: "step", ...quiet },
    note: { of: "note" },
    to: { of: "to", ...quiet },
    next_action: { of: "nextAction", ...quiet },
    changed_files: { of: "changedFilesFromGit" },
  });
  const states = ["complete", "blocked", "needs_review"];
  return {
    ...plain,
    arguments: { ...plain.arguments, state: { type: "string", enum: states } },
    call(given) {
      const { command, args } = plain.call(given);
      const state = given["state"];
      return {
        command,
        args: { ...args, blocked: state === "blocked", needsReview: state === "needs_review" },
      };
    },
  };
}

/** `inbox`, and `ack` where ids are given to acknowledge. */
async function inboxTool(): Promise<Tool> {
  const read = await tool("inbox", "inbox", { peek: { of: "peek" } });
  const ack = await tool("ack", "ack", { ack: { of: "ids" } });
  return {
    ...read,
    arguments: {
      ...read.arguments,
      ack: { ...ack.arguments["ack"]!, description: "ids to acknowledge instead" },
    },
    call: (given) =>
      Array.isArray(given["ack"]) && given["ack"].length > 0 ? ack.call(given) : read.call(given),
  };
}

/** Four verbs behind one word. */
async function memoryTool(): Promise<Tool> {
  const key = { of: "key", ...quiet };
  const verbs: Readonly<Record<string, Tool>> = {
    get: await tool("memory", "memory get", { key }),
    set: await tool("memory", "memory set", {
      key,
      value: { of: "value", ...quiet },
      if_revision: { of: "ifRevision" },
    }),
    list: await tool("memory", "memory list", { key: { of: "prefix", ...quiet } }),
    delete: await tool("memory", "memory delete", { key }),
  };
  const op: ToolArgument = { type: "string", enum: Object.keys(verbs) };
  return {
    name: "memory",
    description: "Shared keys and values",
    arguments: { op, ...verbs["set"]!.arguments },
    required: ["op"],
    call(given) {
      const name = String(given["op"]);
      const verb = Object.hasOwn(verbs, name) ? verbs[name]! : undefined;
      const missing = verb?.required.find((argument) => given[argument] === undefined);
      if (!verb || missing)
        throw new TracecraftError(
          "usage",
          verb ? `Missing argument "${missing}"` : `Unknown op "${name.slice(0, 60)}"`,
        );
      return verb.call(given);
    },
  };
}

function argumentOf(command: Command, { of, type, told }: Chosen): ToolArgument {
  const positional = command.positionals[of];
  const option = command.options[of];
  const definition = positional ?? option;
  if (!definition) throw new Error(`${command.name} has no argument ${of}`);
  const many = definition.many === true;
  const kind = type ?? (many ? "array" : option && option.placeholder === undefined ? "boolean" : "string");
  return {
    type: kind,
    ...(many && { items: { type: "string" as const } }),
    ...(told !== false && { description: definition.help }),
  };
}

function isRequired({ positionals }: Command, name: string): boolean {
  const positional = positionals[name];
  return positional !== undefined && !positional.optional;
}

/** Numbers are words on a command line. */
function wordOf(value: unknown): unknown {
  return typeof value === "number" ? String(value) : value;
}

/** What the command line would have filled in for an option that nobody gave. */
function completed({ options }: Command, args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const usual = Object.entries(options).map(([name, { placeholder, many, default: value }]) => {
    return [name, placeholder === undefined ? false : many ? [] : value];
  });
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(usual), ...Object.fromEntries(given) };
}
