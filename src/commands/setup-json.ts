import {
  applyEdits,
  findNodeAtLocation,
  getNodeValue,
  modify,
  parseTree,
  printParseErrorCode,
  type JSONPath,
  type Node,
  type ParseError,
} from "jsonc-parser";
import type { HookLine } from "./setup-commands.ts";
import { cannotChange, lineEndOf, type Target } from "./setup-target.ts";

const mark = "\uFEFF";
const depthLimit = 200;

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
      for (const [place, value] of values) {
        if (valueThere(treeOf(now, shown), [place, value]))
          now = withoutEmpty(edit(now, [...place], undefined), place, shown);
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

/** The tree of a text; undefined for an empty one. Refuses what the harness could not read either. */
function treeOf(text: string, shown: string): Node | undefined {
  const bare = text.startsWith(mark) ? text.slice(1) : text;
  if (bare.trim() === "") return undefined;
  if ((bare.match(/[[{]/g)?.length ?? 0) > 100_000) throw cannotChange(shown, "too large");
  const errors: ParseError[] = [];
  const tree = parseTree(bare, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first || !tree) {
    const before = bare.slice(0, first?.offset ?? 0);
    const found = bare.slice(first?.offset ?? 0, (first?.offset ?? 0) + Math.min(first?.length ?? 0, 20));
    const why = /^[\x20-\x7e]+$/.test(found)
      ? `unexpected "${found}"`
      : first
        ? printParseErrorCode(first.error)
        : "empty";
    throw cannotChange(shown, `not JSON at line ${before.split("\n").length} (${why})`);
  }
  if (tree.type !== "object") throw cannotChange(shown, "not a JSON object");
  if (depthOf(tree) > depthLimit) throw cannotChange(shown, "nested too deeply");
  return tree;
}

function depthOf(node: Node): number {
  let deepest = 0;
  const open: [Node, number][] = [[node, 1]];
  for (let next = open.pop(); next; next = open.pop()) {
    deepest = Math.max(deepest, next[1]);
    for (const child of next[0].children ?? []) open.push([child, next[1] + 1]);
  }
  return deepest;
}

/** What we go through must be objects and lists; null is as good as absent. */
function checkShape(
  tree: Node | undefined,
  events: readonly string[],
  values: readonly (readonly [readonly string[], unknown])[],
  shown: string,
): void {
  const objects = [
    ...(events.length > 0 ? [["hooks"]] : []),
    ...values.flatMap(([place]) => place.slice(0, -1).map((_, at) => place.slice(0, at + 1))),
  ];
  for (const place of objects) {
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

function valueAt(tree: Node | undefined, place: readonly string[]): unknown {
  const node = tree && findNodeAtLocation(tree, [...place]);
  return node && (getNodeValue(node) as unknown);
}

function valueThere(tree: Node | undefined, [place, value]: readonly [readonly string[], unknown]): boolean {
  return JSON.stringify(valueAt(tree, place)) === JSON.stringify(value);
}

function listAt(tree: Node | undefined, place: readonly string[]): readonly unknown[] {
  const value = valueAt(tree, place);
  return Array.isArray(value) ? value : [];
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
    now = edit(now, ["hooks", event, at], undefined);
    now = withoutEmpty(now, ["hooks", event, ""], shown);
  }
  return now;
}

/** Above a value that was taken out, whatever is empty now. */
function withoutEmpty(text: string, place: readonly string[], shown: string): string {
  let now = text;
  for (let length = place.length - 1; length > 0; length--) {
    const above = place.slice(0, length);
    const value = valueAt(treeOf(now, shown), above);
    if (typeof value !== "object" || value === null || Object.keys(value).length > 0) return now;
    now = edit(now, above, undefined);
  }
  return now;
}

function edit(text: string, place: JSONPath | readonly string[], value: unknown, insert = false): string {
  const bare = text.startsWith(mark) ? text.slice(1) : text;
  const indent = /^([ \t]+)\S/m.exec(bare)?.[1] ?? "  ";
  const edits = modify(bare, [...place], value, {
    formattingOptions: {
      insertSpaces: !indent.startsWith("\t"),
      tabSize: indent.startsWith("\t") ? 1 : indent.length,
      eol: lineEndOf(bare),
    },
    isArrayInsertion: insert,
  });
  return (bare === text ? "" : mark) + applyEdits(bare, edits);
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
