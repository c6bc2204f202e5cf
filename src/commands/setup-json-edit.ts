import {
  applyEdits,
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  modify,
  parseTree,
  printParseErrorCode,
  type JSONPath,
  type Node,
  type ParseError,
  type SyntaxKind as Token,
} from "jsonc-parser";
import { cannotChange, lineEndOf } from "./setup-target.ts";

/** Of UTF-8, at the head of a file. */
export const mark = "\uFEFF";
const depthLimit = 200;
/** Of the scanner's kinds, whose names are gone when it runs. */
const [comma, end]: readonly [Token, Token] = [5, 17];

/** The tree of a text; undefined for an empty one. Refuses what the harness could not read either. */
export function treeOf(text: string, shown: string): Node | undefined {
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

/** The node at a place; undefined where there is none. */
export function nodeAt(tree: Node | undefined, place: JSONPath | readonly string[]): Node | undefined {
  return tree && findNodeAtLocation(tree, [...place]);
}

/** The value at a place; undefined where there is none. */
export function valueAt(tree: Node | undefined, place: readonly string[]): unknown {
  const node = nodeAt(tree, place);
  return node && (getNodeValue(node) as unknown);
}

/** The list at a place; empty where there is something else. */
export function listAt(tree: Node | undefined, place: readonly string[]): readonly unknown[] {
  const value = valueAt(tree, place);
  return Array.isArray(value) ? value : [];
}

/** Above a value that was taken out, whatever is empty now and has no comment in it. */
export function withoutEmpty(text: string, place: readonly string[], shown: string): string {
  let now = text;
  for (let length = place.length - 1; length > 0; length--) {
    const node = nodeAt(treeOf(now, shown), place.slice(0, length));
    if (!node || (node.children?.length ?? 0) > 0) return now;
    const start = node.offset + markOf(now).length;
    if (now.slice(start + 1, start + node.length - 1).trim() !== "") return now;
    now = cut(now, node);
  }
  return now;
}

/**
 * Takes a value, with its name, out of the list or object that it stands in: it, one comma, and its line where nothing
 * else is on it. Comments stay.
 */
export function cut(text: string, node: Node): string {
  const bare = text.slice(markOf(text).length);
  const { offset, length } = node.parent?.type === "property" ? node.parent : node;
  const tokens = tokensOf(bare);
  const before = tokens.findLast((token) => token.end <= offset);
  const behind = tokens.find((token) => token.start >= offset + length);
  let [from, to] = [offset, offset + length];
  let head = bare.slice(0, from);
  if (behind?.kind === comma) to = behind.end;
  else if (before?.kind === comma) head = bare.slice(0, before.start) + bare.slice(before.end, from);
  const line = /\r?\n[ \t]*$/.exec(head);
  const alone = line && /^[ \t]*(?:\r?\n|$)/.test(bare.slice(to));
  return markOf(text) + (alone ? head.slice(0, line.index) : head) + bare.slice(to);
}

/** Without spaces and comments. */
function tokensOf(text: string): { kind: Token; start: number; end: number }[] {
  const scanner = createScanner(text, true);
  const found: { kind: Token; start: number; end: number }[] = [];
  for (let kind = scanner.scan(); kind !== end; kind = scanner.scan()) {
    const start = scanner.getTokenOffset();
    found.push({ kind, start, end: start + scanner.getTokenLength() });
  }
  return found;
}

function markOf(text: string): string {
  return text.startsWith(mark) ? mark : "";
}

/** A value put at a place, with the indent and line ends of the text. `insert` puts it into a list. */
export function edit(
  text: string,
  place: JSONPath | readonly string[],
  value: unknown,
  insert = false,
): string {
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
