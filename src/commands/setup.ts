import { relative, sep } from "node:path";
import { TracecraftError } from "../errors.ts";
import { defineCommand, type Context, type Reply } from "./command.ts";
import { repositoryOf } from "./guard.ts";
import { machineOf } from "./machine.ts";
import { carryOut, planStep, removeEmptied, type Files, type Step } from "./setup-files.ts";
import { harnesses } from "./setup-harnesses.ts";
import type { Place, Target, Wishes } from "./setup-target.ts";
import { shownLine } from "./text.ts";
import { count } from "./values.ts";

export const setup = defineCommand({
  name: "setup",
  summary: "Put tracecraft into a harness: its hooks, a skill, and a few lines for its agents",
  positionals: { harness: { help: `${Object.keys(harnesses).join(", ")}, or all that are here` } },
  options: {
    project: { help: "for everybody who works in this repository (default)" },
    local: { help: "for this checkout alone" },
    user: { help: "for all projects of this user" },
    guard: { help: "refuse edits and commits of paths that another agent has reserved" },
    stopGate: { help: "block a stop once when a claim is held or urgent mail is unread" },
    mcp: { help: "register the MCP server too" },
    dryRun: { help: "only say what would change" },
    check: { help: "only say what is missing" },
    remove: { help: "take everything out again" },
  },
  exits: {
    done: "set up, or it was already",
    config: "a file cannot be changed; the patch to apply by hand is on stdout, and nothing was written",
    not_found: "--check: something is missing",
  },
  examples: ["tracecraft setup claude-code --dry-run", "tracecraft setup all --check"],
  needs: "surroundings",

  async run(context, { harness, project, local, user, guard, stopGate, mcp, dryRun, check, remove }) {
    const place = placeOf(context, { project, local, user });
    const names = chosen(harness, place);
    const how = remove ? "remove" : "add";
    const files = filesOf(context, place);
    const steps: Step[] = [];
    const notes: string[] = [];
    for (const name of names) {
      const asked = { guard, stopGate, mcp: mcp || remove };
      const wishes = check ? await asSetUp(name, place, asked, files) : asked;
      const plan = await harnesses[name]!.plan(place, wishes, files.shown);
      notes.push(...plan.notes);
      for (const target of plan.targets) {
        if (steps.some(({ target: { path } }) => path === target.path)) continue; // Two harnesses read one file.
        try {
          const step = planStep(target, how, files);
          if (!remove || step.before !== undefined) steps.push(step);
        } catch (error) {
          return refused(error, names, target);
        }
      }
    }
    if (check) return checked(names, steps);
    const backups = steps.map((step) => (dryRun ? undefined : carryOut(step, how, files)));
    removeEmptied(files);
    return {
      data: {
        harnesses: names,
        dry_run: dryRun,
        changes: steps.map((step, at) => ({
          path: step.shown,
          action: actionOf(step),
          count: step.count,
          ...(backups[at] !== undefined && { backup: files.shown(backups[at]) }),
        })),
      },
      text: steps
        .map((step, at) => lineOf(step, how, dryRun, backups[at] && files.shown(backups[at])))
        .join("\n"),
      ...(!dryRun && !remove && { next: nextOf(context) }),
      warnings: remove ? [] : notes,
    };
  },
});

/** Hooks do something in a project only. A configuration that cannot be used is for `doctor --hooks` to tell. */
function nextOf(context: Context): string {
  try {
    if (!machineOf(context).configuration()) return "tracecraft init --project NAME --agent NAME";
  } catch (error) {
    if (!(error instanceof TracecraftError)) throw error;
  }
  return "tracecraft doctor --hooks";
}

/** A check asks for at least this: what was set up with a guard or a gate besides is not missing anything. */
async function asSetUp(name: string, place: Place, asked: Wishes, files: Files): Promise<Wishes> {
  const wider = [
    asked,
    ...[1, 2, 3].map((bits) => ({
      ...asked,
      guard: asked.guard || (bits & 1) !== 0,
      stopGate: asked.stopGate || (bits & 2) !== 0,
    })),
  ];
  let best = { wishes: asked, missing: Number.POSITIVE_INFINITY };
  for (const wishes of wider) {
    const { targets } = await harnesses[name]!.plan(place, wishes, files.shown);
    try {
      const missing = targets.reduce((sum, target) => sum + planStep(target, "add", files).count, 0);
      if (missing < best.missing) best = { wishes, missing };
    } catch {
      return asked; // Whoever checks is told why.
    }
  }
  return best.wishes;
}

function placeOf(
  { cwd, home, env }: Context,
  asked: { readonly project: boolean; readonly local: boolean; readonly user: boolean },
): Place {
  const scopes = (["project", "local", "user"] as const).filter((scope) => asked[scope]);
  if (scopes.length > 1) {
    throw new TracecraftError("usage", `Cannot set up for --${scopes[0]} and --${scopes[1]} at once`, {
      hint: "tracecraft help setup",
    });
  }
  return { scope: scopes[0] ?? "project", home, env, root: repositoryOf(cwd) ?? cwd };
}

function chosen(name: string, place: Place): string[] {
  if (name === "all")
    return Object.keys(harnesses).filter(
      (one) => harnesses[one]!.isHere(place) && harnesses[one]!.scopes.includes(place.scope),
    );
  const found = Object.hasOwn(harnesses, name) ? harnesses[name] : undefined;
  if (!found) {
    throw new TracecraftError("usage", `Cannot set up "${name.slice(0, 60)}": no such harness`, {
      cause: `there are ${Object.keys(harnesses).join(", ")}, and all`,
      hint: "tracecraft help setup",
    });
  }
  if (found.scopes.includes(place.scope)) return [name];
  throw new TracecraftError("usage", `Cannot set up ${name} with --${place.scope}: it has no such settings`, {
    hint: `tracecraft setup ${name}`,
  });
}

function filesOf(context: Context, { scope, root, home }: Place): Files {
  return {
    local: machineOf(context).local,
    emptied: [],
    // Of a checkout that somebody else may have made, no link is followed out of it.
    within: scope === "user" ? undefined : root,
    shown(path) {
      if (below(root, path)) return relative(root, path);
      return below(home, path) ? `~/${relative(home, path)}` : path;
    },
  };
}

function below(folder: string, path: string): boolean {
  return path.startsWith(folder + sep);
}

function actionOf({ before, after, restores, count: some }: Step): string {
  if (before === undefined && after === undefined) return "unchanged";
  if (before === undefined) return "created";
  if (after === undefined) return "removed";
  if (before.equals(after)) return "unchanged";
  return restores && some >= 0 ? "restored" : "changed";
}

const would: Readonly<Record<string, string>> = {
  created: "would create",
  removed: "would remove",
  restored: "would restore",
  changed: "would change",
};

/** `changed  .claude/settings.json  +6 hooks (backup .claude/settings.json.bak)`. */
function lineOf(step: Step, how: "add" | "remove", dry: boolean, backup: string | undefined): string {
  const action = actionOf(step);
  const { noun, after } = step.target;
  const many = [`${how === "add" ? "+" : "-"}${count(step.count, noun)}`, after].filter(Boolean).join(" ");
  const counted = after === undefined || action === "unchanged" || step.count === 0 ? "" : `  ${many}`;
  const kept = backup === undefined ? "" : `${counted === "" ? " " : ""} (backup ${shownLine(backup)})`;
  return `${dry ? (would[action] ?? action) : action}  ${shownLine(step.shown)}${counted}${kept}`;
}

function checked(names: readonly string[], steps: readonly Step[]): Reply {
  const missing = steps.filter((step) => step.count > 0);
  const data = {
    harnesses: names,
    missing: missing.map((step) => ({ path: step.shown, missing: step.count, of: step.target.total })),
  };
  if (missing.length === 0) return { data, text: `${names.join(", ")}: all is in place` };
  const words = missing.map(({ count: some, target: { noun } }) => count(some, noun)).join(", ");
  return {
    data,
    text: missing
      .map(
        ({ shown, count: some, target: { total, noun } }) =>
          `missing  ${shownLine(shown)}  ${some} of ${count(total, noun)}`,
      )
      .join("\n"),
    error: new TracecraftError("not_found", `${names.join(", ")} is not fully set up: ${words} missing`, {
      hint: `tracecraft setup ${names.length === 1 ? names[0] : "all"}`,
    }),
  };
}

/** Nothing was written yet, of any file. */
function refused(error: unknown, names: readonly string[], { patch }: Target): Reply {
  if (!(error instanceof TracecraftError) || error.code !== "config") throw error;
  return { data: { harnesses: names, patch }, text: patch.replace(/\n$/, ""), error };
}
