import type { Node } from "jsonc-parser";
import type { HookLine } from "./setup-commands.ts";
import { cut, edit, listAt, mark, nodeAt, treeOf, valueAt, withoutEmpty } from "./setup-json-edit.ts";
import { cannotChange, type Target } from "./setup-target.ts";

export interface JsonPart {
  readonly path: string;
  readonly shown: string;
  /** Whose hooks are ours: every command that has this in it. */
  readonly ours: string;
  readonly hooks: readonly HookLine[];
  /** Values at places of their own. */
  readonly values?: readonly (readonly [place: readonly string[], value: unknown])[];
}

/** Hooks and values in a file of JSON with comments. What else is in it keeps its place, order, indent and comments. */
export function jsonTarget({ path, shown, ours, hooks, values = [] }: JsonPart): Target {
  const whole = hooks.length > 0 ? "hook" : "setting";
  const groups = hooks.map((line) => ({ line, group: groupOf(line) }));
  const part = {
    ...(hooks.length > 0 && { hooks: byEvent(groups) }),
    ...nested(values),
  };
  const isOurs = (group: unknown): boolean => JSON.stringify(group)?.includes(ours) ?? false;
  const isThere = (tree: Node | undefined, { line, group }: (typeof groups)[number]): boolean =>
    listAt(tree, ["hooks", line.on]).some((one) => JSON.stringify(one) === JSON.stringify(group));

  const target: Target = {
    path,
    noun: whole,
    total: hooks.length + values.length,
    patch: JSON.stringify(part, undefined, 2),
    backup: true,
    encoding: "utf8",
    after: "",

    missing(text) {
      const tree = treeOf(text, shown);
      return [
        ...groups.filter((one) => !isThere(tree, one)),
        ...values.filter((one) => !valueThere(tree, one)),
      ].length;
    },

    held(text) {
      const tree = treeOf(text, shown);
      return oursIn(tree, isOurs).length + values.filter((one) => valueThere(tree, one)).length;
    },

    add(text) {
      let now = text.trim() === "" || text === mark ? `${text}{}\n` : text;
      const tree = treeOf(now, shown);
      checkShape(
        tree,
        groups.map(({ line }) => line.on),
        values,
        shown,
      );
      const extra = oursIn(tree, isOurs).some(
        ({ group }) => !groups.some((one) => JSON.stringify(one.group) === JSON.stringify(group)),
      );
      if (target.missing(now) === 0 && !extra) return text;
      now = withoutHooks(now, isOurs, shown);
      for (const place of objectsOf(
        groups.map(({ line }) => line.on),
        values,
      ))
        if (valueAt(treeOf(now, shown), place) === null) now = edit(now, place, {});
      for (const { line, group } of groups) {
        const list = valueAt(treeOf(now, shown), ["hooks", line.on]);
        now = Array.isArray(list)
          ? edit(now, ["hooks", line.on, list.length], group, true)
          : edit(now, ["hooks", line.on], [group]);
      }
      for (const [place, value] of values) now = edit(now, [...place], value);
      return now;
    },

    remove(text) {
      let now = withoutHooks(text, isOurs, shown);
      for (const one of values) {
        const tree = treeOf(now, shown);
        if (valueThere(tree, one)) now = withoutEmpty(cut(now, nodeAt(tree, one[0])!), one[0], shown);
      }
      return now;
    },
  };
  return target;
}

function groupOf({ matcher, command, timeoutS }: HookLine) {
  return {
    ...(matcher !== undefined && { matcher }),
    hooks: [{ type: "command", command, timeout: timeoutS }],
  };
}

function byEvent(groups: readonly { line: HookLine; group: unknown }[]): Record<string, unknown[]> {
  const found: Record<string, unknown[]> = {};
  for (const { line, group } of groups) (found[line.on] ??= []).push(group);
  return found;
}

/** What we go through must be objects and lists; null is as good as absent. */
function checkShape(
  tree: Node | undefined,
  events: readonly string[],
  values: readonly (readonly [readonly string[], unknown])[],
  shown: string,
): void {
  for (const place of objectsOf(events, values)) {
    const value = valueAt(tree, place);
    if (value !== undefined && value !== null && (typeof value !== "object" || Array.isArray(value)))
      throw cannotChange(shown, `"${place.join(".")}" is no object`);
  }
  for (const event of events) {
    const value = valueAt(tree, ["hooks", event]);
    if (value !== undefined && value !== null && !Array.isArray(value))
      throw cannotChange(shown, `"hooks.${event}" is no list`);
  }
}

/** The objects that we go through, the outer before the inner. */
function objectsOf(
  events: readonly string[],
  values: readonly (readonly [readonly string[], unknown])[],
): readonly (readonly string[])[] {
  return [
    ...(events.length > 0 ? [["hooks"]] : []),
    ...values.flatMap(([place]) => place.slice(0, -1).map((_, at) => place.slice(0, at + 1))),
  ];
}

function valueThere(tree: Node | undefined, [place, value]: readonly [readonly string[], unknown]): boolean {
  return JSON.stringify(valueAt(tree, place)) === JSON.stringify(value);
}

function oursIn(
  tree: Node | undefined,
  isOurs: (group: unknown) => boolean,
): { event: string; at: number; group: unknown }[] {
  const hooks = valueAt(tree, ["hooks"]);
  if (typeof hooks !== "object" || hooks === null) return [];
  return Object.keys(hooks).flatMap((event) =>
    listAt(tree, ["hooks", event]).flatMap((group, at) => (isOurs(group) ? [{ event, at, group }] : [])),
  );
}

/** From the last to the first, so that places stay true; an event or `hooks` that we leave empty goes too. */
function withoutHooks(text: string, isOurs: (group: unknown) => boolean, shown: string): string {
  let now = text;
  for (const { event, at } of oursIn(treeOf(text, shown), isOurs).toReversed()) {
    now = cut(now, nodeAt(treeOf(now, shown), ["hooks", event, at])!);
    now = withoutEmpty(now, ["hooks", event, ""], shown);
  }
  return now;
}

function nested(values: readonly (readonly [readonly string[], unknown])[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [place, value] of values) {
    let at = found;
    for (const name of place.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>;
    at[place.at(-1)!] = value;
  }
  return found;
}
