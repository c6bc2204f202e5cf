import { exitStatus, type ErrorCode } from "../errors.ts";
import { commandNames } from "./all.ts";
import type { Command, Option } from "./command.ts";
import { kebab, placeName } from "./names.ts";

const width = 100;

/** What the overview lists, line by line. A command that is not built does not stand there. */
const groups: readonly (readonly [string, readonly string[]])[] = [
  ["Start", ["init", "whoami", "status", "agents", "doctor", "setup"]],
  [
    "Steps",
    ["claim", "renew", "release", "complete", "reopen", "step-status", "steps", "handoff", "wait-for"],
  ],
  ["Mail", ["send", "inbox", "ack"]],
  ["Memory", ["memory set", "memory get", "memory list", "memory delete", "memory history"]],
  [
    "Files",
    ["artifact upload", "artifact download", "artifact list", "reserve", "unreserve", "reservations"],
  ],
  [
    "Sessions",
    ["mirror", "list", "show", "stop", "verify", "restore", "search"].map((verb) => `session ${verb}`),
  ],
  ["History", ["log", "watch", "replay", "view"]],
  ["Plumbing", ["hook", "prime", "mcp", "completion", "help"]],
];

const examples: readonly (readonly [name: string, line: string, what: string])[] = [
  ["claim", "tracecraft claim design", "take a step; status 3: another agent has it"],
  ["complete", 'tracecraft complete design --note "…" --to B', "finish it and hand it on"],
  ["wait-for", "tracecraft wait-for design", "wait until others have finished"],
  ["send", 'tracecraft send B "…"', "write to an agent, or to _broadcast"],
  ["inbox", "tracecraft inbox", "read what is unread"],
];

/** Each status once, with what its reader should do. */
const statusWords: readonly (readonly [number, string])[] = [
  [0, `done, also "already yours"`],
  [1, "a bug of ours: report it (--verbose has the stack)"],
  [2, "usage, configuration, a full disk, or this machine's clock: change it"],
  [
    3,
    "another agent holds it, it is there already, or it was changed meanwhile: choose another, wait, or say so",
  ],
  [4, "access denied: change the keys or the policy"],
  [5, "not found: look for another name"],
  [6, "fenced: your lease was taken over; stop, the work is the other agent's now"],
  [7, "unreachable, or outcome unknown: the same command again"],
  [8, "waited too long, or nothing came: wait again or go on without"],
  [9, "this bucket cannot promise what was asked: use another"],
  [10, "an object is not what the format says: look at it"],
  [11, "the step is blocked: somebody must act"],
  [130, "interrupted"],
  [143, "terminated"],
];

/** `tracecraft help`: at most thirty lines. */
export function overview(): string {
  const lines = groups.flatMap(([title, names]) => {
    const there = names.filter((name) => commandNames.includes(name));
    return there.length > 0 ? [`${title.padEnd(10)}${folded(there)}`] : [];
  });
  return [
    "tracecraft: coding agents meet in a bucket",
    "Usage: tracecraft COMMAND [ARGS] [--json] [--quiet] [--agent A]",
    "",
    ...lines,
    "",
    ...examples
      .filter(([name]) => commandNames.includes(name))
      .map(([, line, what]) => `${line.padEnd(47)} ${what}`),
    "More: tracecraft help COMMAND · all of it as JSON: tracecraft help --json",
  ].join("\n");
}

/** `tracecraft help COMMAND`: what it does, its arguments, its statuses and two examples, in at most forty lines. */
export function commandHelp(command: Command): string {
  const { name, summary, examples: lines } = command;
  const rows = [
    ...placeRows(command),
    ...Object.entries(command.options).map(optionRow),
    ...deadlineRow(command),
  ];
  const column = Math.max(...rows.map(([left]) => left.length), 0) + 3;
  return [
    summary,
    usageLine(command),
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(column)}${right}`),
    ...(rows.length > 0 ? [""] : []),
    ...wrapped(`Exit statuses: ${exitWords(command).join(" · ")}`),
    ...(lines.length > 0 ? ["Examples:", ...lines.map((line) => `  ${line}`)] : []),
    ...(name === "help" ? ["Topics: tracecraft help statuses"] : []),
  ].join("\n");
}

export function usageLine({ name, positionals, options }: Command): string {
  const words = Object.entries(positionals).map(([place, { optional, many }]) => {
    const word = placeName(place, many);
    return optional ? `[${word}]` : word;
  });
  return [
    "Usage: tracecraft",
    name,
    ...words,
    ...(Object.keys(options).length > 0 ? ["[options]"] : []),
  ].join(" ");
}

/** `tracecraft help memory`, where that is no command itself. */
export function verbsHelp(group: string, commands: readonly Command[]): string {
  const column = Math.max(...commands.map(({ name }) => name.length)) + 3;
  return [
    `Usage: tracecraft ${group} VERB …`,
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(column)}${summary}`),
  ].join("\n");
}

export function statusHelp(): string {
  return statusWords.map(([status, words]) => `${String(status).padStart(3)}  ${words}`).join("\n");
}

/** Statuses, codes and their words, for `help --json`. */
export function statusJson(): readonly Record<string, unknown>[] {
  return statusWords.map(([status, meaning]) => {
    const codes = Object.entries(exitStatus).flatMap(([code, number]) => (number === status ? [code] : []));
    return { status, codes, meaning };
  });
}

function placeRows({ positionals }: Command): (readonly [string, string])[] {
  return Object.entries(positionals).map(([name, { help, many }]) => [placeName(name, many), help] as const);
}

function optionRow([name, option]: readonly [string, Option]): readonly [string, string] {
  const { help, placeholder, default: usual, short, many } = option;
  const left = [short && `-${short},`, `--${kebab(name)}`, placeholder].filter(Boolean).join(" ");
  const notes = [
    usual !== undefined && !help.includes("(default") && `default ${usual}`,
    many && "may be repeated",
  ];
  const note = notes.filter(Boolean).join(", ");
  return [left, note ? `${help} (${note})` : help];
}

/** General, but told where it matters: of commands whose outcome may stay unknown. */
function deadlineRow({ exits }: Command): (readonly [string, string])[] {
  return exits.outcome_unknown ? [["--deadline 10s", "how long to try (default 10s)"]] : [];
}

function exitWords({ exits }: Command): string[] {
  const byStatus = new Map<number, string[]>();
  for (const [code, words] of Object.entries(exits)) {
    const status = code === "done" ? 0 : exitStatus[code as ErrorCode];
    byStatus.set(status, [...(byStatus.get(status) ?? []), words]);
  }
  const words = [...byStatus]
    .toSorted(([a], [b]) => a - b)
    .map(([status, all]) => `${status} ${all.join("; ")}`);
  return [...(words.length > 0 ? words : ["0 done"]), "common: tracecraft help statuses"];
}

/** At most `width` columns, broken only at ` · `. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const part of text.split(" · ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 3 <= width)
      lines[lines.length - 1] = `${last} · ${part}`;
    else lines.push(last === undefined ? part : `  ${part}`);
  }
  return lines;
}

/** `memory set|get|list`: verbs of one group together. */
function folded(names: readonly string[]): string {
  const words = new Map<string, string[]>();
  for (const name of names) {
    const [first, verb] = name.split(" ") as [string, string | undefined];
    words.set(first, [...(words.get(first) ?? []), ...(verb === undefined ? [] : [verb])]);
  }
  return [...words]
    .map(([first, verbs]) => (verbs.length > 0 ? `${first} ${verbs.join("|")}` : first))
    .join("  ");
}
