import { readLocal } from "../coord/local.ts";
import type { LocalState } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import { parseStepKey } from "../format/keys.ts";
import { isName } from "../format/names.ts";
import { commandNames, loadCommand } from "./all.ts";
import { defineCommand } from "./command.ts";
import { completionScripts } from "./completion-scripts.ts";
import { machineOf, type Machine } from "./machine.ts";
import { kebab } from "./names.ts";

export const completion = defineCommand({
  name: "completion",
  summary: "Print the script that completes commands in bash, zsh or fish",
  positionals: {
    shell: { help: "bash, zsh or fish; `words` prints what may follow the words behind it" },
    words: { help: "the line so far, behind --", optional: true, many: true },
  },
  options: {},
  exits: {},
  examples: [
    "tracecraft completion bash > ~/.local/share/bash-completion/completions/tracecraft",
    "tracecraft completion words -- claim des",
  ],
  needs: "surroundings",

  async run(context, { shell, words }) {
    if (shell === "words") {
      const candidates = await candidatesFor(words, machineOf(context));
      return { data: { candidates }, text: candidates.join("\n") };
    }
    const script = completionScripts[shell];
    if (script === undefined)
      throw new TracecraftError(
        "usage",
        `Cannot complete for "${shell.slice(0, 60)}": it is bash, zsh or fish`,
      );
    return { data: { shell, script }, text: script };
  },
});

/** What the last of these words may become. Only from what this machine knows already: it asks nobody. */
async function candidatesFor(words: readonly string[], machine: Machine): Promise<readonly string[]> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const named = before.filter((word) => !word.startsWith("-"));
  const name = [named.slice(0, 2).join(" "), named[0] ?? ""].find((known) => commandNames.includes(known));
  const all =
    name === undefined
      ? nextWords(named)
      : typed.startsWith("-")
        ? await optionsOf(name)
        : await namesFor(name, before, machine);
  return [...new Set(all)].filter((candidate) => candidate.startsWith(typed)).toSorted();
}

function nextWords(named: readonly string[]): readonly string[] {
  return commandNames.flatMap((name) => {
    const parts = name.split(" ");
    return named.every((word, at) => parts[at] === word) ? (parts[named.length] ?? []) : [];
  });
}

async function optionsOf(name: string): Promise<readonly string[]> {
  const { options } = await loadCommand(name);
  return [...Object.keys(options), "json", "quiet", "agent", "help"].map((option) => `--${kebab(option)}`);
}

async function namesFor(
  name: string,
  before: readonly string[],
  machine: Machine,
): Promise<readonly string[]> {
  if (name === "help") return commandNames.map((command) => command.split(" ")[0]!);
  if (name === "completion") return ["bash", "zsh", "fish"];
  const { positionals, options } = await loadCommand(name);
  const places = Object.keys(positionals);
  const index = before.filter((word) => !word.startsWith("-")).length - name.split(" ").length;
  const last = before.at(-1) ?? "";
  const option = Object.keys(options).find((known) => last === `--${kebab(known)}`);
  const takesValue =
    last === "--agent" || (option !== undefined && options[option]?.placeholder !== undefined);
  const kind = takesValue ? last.slice(2) : (places[index] ?? places.at(-1) ?? "");
  const local = await localState(machine);
  if (!local) return [];
  if (/^steps?$/.test(kind)) return knownSteps(local);
  if (/^(?:to|agent)$/.test(kind)) return [...knownAgents(local), ...(name === "send" ? ["_broadcast"] : [])];
  if (/^(?:key|prefix)$/.test(kind))
    return local.names("memory/").map((known) => known.slice("memory/".length));
  return [];
}

function knownSteps(local: LocalState): readonly string[] {
  const cached = local.names("cache/steps/").map((name) => parseStepKey(name.slice("cache/".length))?.step);
  const leased = local.names("leases/").map((name) => name.slice(name.lastIndexOf("/") + 1));
  return [...cached, ...leased].filter((step) => step !== undefined && isName(step)) as string[];
}

function knownAgents(local: LocalState): readonly string[] {
  const names = readLocal<{ names: string[] }>(local, "agents")?.names;
  return Array.isArray(names) ? names.filter((name) => typeof name === "string" && isName(name)) : [];
}

/** Opening sends nothing. A configuration that cannot be used completes to nothing. */
async function localState(machine: Machine): Promise<LocalState | undefined> {
  try {
    const configuration = machine.configuration();
    return configuration && (await machine.open(configuration)).local;
  } catch (error) {
    if (error instanceof TracecraftError) return undefined;
    throw error;
  }
}
