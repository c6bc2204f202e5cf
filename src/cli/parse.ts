import { parseArgs } from "node:util";
import { commandNames, loadCommand } from "../commands/all.ts";
import type { Command, Option, Options } from "../commands/command.ts";
import { kebab, placeName } from "../commands/names.ts";
import { TracecraftError } from "../errors.ts";
import { generalOptions, type General } from "./general.ts";
import { nearest, shellWords } from "./suggest.ts";

export interface Parsed {
  /** Undefined for a bare `tracecraft`. */
  readonly command: Command | undefined;
  readonly args: Readonly<Record<string, unknown>>;
  /** Names of the options that the line has. */
  readonly given: ReadonlySet<string>;
  readonly general: General;
}

type Value = string | boolean | readonly string[] | undefined;

/** What a command line asks for. What is not understood is the error `usage`, with the line that was meant as its hint. */
export async function parse(words: readonly string[]): Promise<Parsed> {
  const { name, at } = findCommand(words);
  const command = name === undefined ? undefined : await loadCommand(name);
  const options = { ...generalOptions, ...command?.options } as Options;
  const { values, positionals } = readLine(words, at, options, command);
  const taken = Object.fromEntries(
    Object.entries(options).map(([option, definition]) => [option, valueOf(definition, values.get(option))]),
  );
  // An option of the command's own, such as `--agent` of a search, is not the general one of that name.
  const own = Object.keys(command?.options ?? {}).map((option) => [option, undefined]);
  const general = { ...taken, ...Object.fromEntries(own) } as unknown as General;
  if (!command || general.help || general.version) return { command, args: {}, given: new Set(), general };
  return {
    command,
    args: { ...taken, ...places(positionals, command) },
    given: new Set(values.keys()),
    general,
  };
}

/** The command that stands first on the line, past general options, and where. */
function findCommand(words: readonly string[]): { name: string | undefined; at: readonly number[] } {
  const at: number[] = [];
  for (let index = 0; index < words.length && at.length < 2; index++) {
    const word = words[index]!;
    if (word === "--") break;
    if (!word.startsWith("-")) at.push(index);
    else if (at.length === 0 && (word === "--agent" || word === "--deadline")) index++;
    else if (at.length === 1) break;
  }
  if (at.length === 0) return { name: undefined, at };
  const first = words[at[0]!]!;
  const both = at.length === 2 ? `${first} ${words[at[1]!]!}` : first;
  if (commandNames.includes(both)) return { name: both, at };
  if (commandNames.includes(first)) return { name: first, at: at.slice(0, 1) };
  throw unknownCommand(words, at, first, both);
}

/** What is typed by those who know it by another name. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ["broadcast", "send _broadcast"],
  ["message", "send"],
  ["msg", "send"],
  ["tell", "send"],
  ["mail", "inbox"],
  ["messages", "inbox"],
  ["take", "claim"],
  ["lock", "claim"],
  ["unlock", "release"],
  ["done", "complete"],
  ["finish", "complete"],
  ["wait", "wait-for"],
  ["tasks", "steps"],
  ["list", "steps"],
  ["ls", "steps"],
  ["who", "agents"],
  ["upload", "artifact upload"],
  ["download", "artifact download"],
  ["set", "memory set"],
  ["get", "memory get"],
]);

function unknownCommand(
  words: readonly string[],
  at: readonly number[],
  first: string,
  both: string,
): TracecraftError {
  const verbs = commandNames.filter((name) => name.startsWith(`${first} `));
  const candidates = verbs.length > 0 ? verbs : commandNames;
  const isGroup = verbs.length > 0;
  const meant =
    isGroup && both === first
      ? undefined
      : (otherNames.get(first) ??
        nearest(both, candidates) ??
        (isGroup ? undefined : nearest(first, candidates)));
  const isWhole = meant !== undefined && meant.includes(" ") && !otherNames.has(first);
  const replaced = isWhole ? at : at.slice(0, 1);
  const kept = words.filter((_, index) => !replaced.includes(index));
  const line = meant === undefined ? ["help", ...(isGroup ? [first] : [])] : [...meant.split(" "), ...kept];
  const message =
    isGroup && both === first
      ? `Missing verb: ${first} ${verbs.map((name) => name.slice(first.length + 1)).join("|")}`
      : `Unknown command "${(isGroup ? both : first).slice(0, 60)}"`;
  return new TracecraftError("usage", message, { hint: `tracecraft ${shellWords(line)}` });
}

/** The options and positionals behind the command's name. Values that begin with "-" stand behind "--". */
function readLine(
  words: readonly string[],
  at: readonly number[],
  options: Options,
  command: Command | undefined,
): { values: Map<string, string[] | true>; positionals: string[] } {
  const indexes = [...words.keys()].filter((index) => !at.includes(index));
  const names = new Map(Object.keys(options).map((name) => [kebab(name), name]));
  const { tokens } = parseArgs({
    args: indexes.map((index) => words[index]!),
    options: Object.fromEntries([...names].map(([name, option]) => [name, nodeOption(options[option]!)])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[] | true>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const index = indexes[token.index]!;
    const name = names.get(token.name);
    if (name === undefined) throw unknownOption(words, index, [...names.keys()], command);
    const { placeholder, many } = options[name]!;
    const shown = `--${token.name}`;
    if (placeholder === undefined) {
      if (token.value !== undefined) throw usage(`Option ${shown} takes no value`, command);
      values.set(name, true);
      continue;
    }
    const { value, inlineValue } = token;
    if (value === undefined || (!inlineValue && isOption(value, names)))
      throw usage(`Option ${shown} needs a value: ${shown} ${placeholder}`, command);
    const before = values.get(name);
    if (before && !many) throw usage(`Option ${shown} stands twice on the line`, command);
    values.set(name, [...(Array.isArray(before) ? before : []), value]);
  }
  return { values, positionals };
}

function nodeOption({ placeholder, short }: Option) {
  return {
    type: placeholder === undefined ? ("boolean" as const) : ("string" as const),
    ...(short && { short }),
  };
}

function isOption(value: string, names: ReadonlyMap<string, string>): boolean {
  return value === "--" || (value.startsWith("--") && names.has(value.slice(2).split("=", 1)[0]!));
}

function valueOf({ placeholder, many, default: usual }: Option, found: string[] | true | undefined): Value {
  if (placeholder === undefined) return found === true;
  const values = Array.isArray(found) ? found : [];
  return many ? values : (values[0] ?? usual);
}

function places(words: readonly string[], command: Command): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  let next = 0;
  for (const [name, { optional, many }] of Object.entries(command.positionals)) {
    if (many) {
      args[name] = words.slice(next);
      if (next >= words.length && !optional)
        throw usage(`Missing argument ${placeName(name, many)}`, command);
      next = words.length;
    } else {
      args[name] = words[next];
      if (words[next] === undefined && !optional) throw usage(`Missing argument ${placeName(name)}`, command);
      next++;
    }
  }
  if (next < words.length) throw usage(`Unexpected argument "${words[next]!.slice(0, 60)}"`, command);
  return args;
}

function unknownOption(
  words: readonly string[],
  index: number,
  names: readonly string[],
  command: Command | undefined,
): TracecraftError {
  const word = words[index]!;
  const typed = /^--?[A-Za-z][\w-]*(?==|$)/.exec(word)?.[0];
  if (typed === undefined && command) {
    // A text that begins with "-", such as a line of a list.
    const line = [...words.slice(0, index), ...words.slice(index + 1), "--", word];
    return new TracecraftError("usage", `Unknown option "${word.slice(0, 60)}"`, {
      hint: `tracecraft ${shellWords(line)}`,
    });
  }
  const meant = typed && nearest(typed.replace(/^--?/, ""), names);
  if (!meant) return usage(`Unknown option "${typed ?? word.slice(0, 60)}"`, command);
  const line = words.with(index, `--${meant}${word.slice(typed.length)}`);
  return new TracecraftError("usage", `Unknown option "${typed}"`, {
    hint: `tracecraft ${shellWords(line)}`,
  });
}

function usage(message: string, command: Command | undefined): TracecraftError {
  return new TracecraftError("usage", message, {
    hint: `tracecraft help${command ? ` ${command.name}` : ""}`,
  });
}
