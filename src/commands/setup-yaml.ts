import { blockTarget } from "./setup-block.ts";
import { cannotChange, lineEndOf, type Target } from "./setup-target.ts";

/** A key of the outermost mapping, and what is to be in it: its children, without the indent that they have there. */
export interface Section {
  readonly key: string;
  readonly children: readonly string[];
}

/**
 * Sections in a YAML file that is not read as YAML, so that every other byte stays. A key that is not there comes with
 * a block at the end; into one that is there as a plain block mapping go the children, between markers of their own.
 * Refuses what it cannot be sure of: a mapping in braces, a child of ours that somebody else has.
 */
export function yamlTarget(path: string, shown: string, sections: readonly Section[]): Target {
  const outer = (some: readonly Section[]): Target =>
    blockTarget({
      path,
      shown,
      comment: "hash",
      lines: some.flatMap(({ key, children }) => [`${key}:`, ...children.map((line) => `  ${line}`)]),
      refuse: (text) => strangeAt(text),
      backup: true,
    });
  const all = outer(sections);

  const remove = (text: string): string => {
    let now = text;
    for (const { key } of sections) now = now.replace(innerOf(key), "");
    return all.remove(now);
  };

  const add = (text: string): string => {
    const bare = remove(text);
    const absent = sections.filter(({ key }) => lineOf(bare, key) === undefined);
    let now = bare;
    for (const section of sections.filter((one) => !absent.includes(one))) now = putInto(now, section, shown);
    if (absent.length > 0) now = outer(absent).add(now);
    // What somebody has put behind our block since stays there.
    return blocksOf(now).every((block) => text.includes(block)) &&
      blocksOf(text).length === blocksOf(now).length
      ? text
      : now;
  };

  return {
    ...all,
    add,
    remove,
    missing: (text) => (add(text) === text ? 0 : all.total),
    held: (text) => heldIn(text),
  };
}

function heldIn(text: string): number {
  return blocksOf(text).reduce((sum, block) => sum + block.split("\n").length - 2, 0);
}

function blocksOf(text: string): readonly string[] {
  return (
    text.match(/^# tracecraft:begin[^\n]*\n(?:(?!# tracecraft:end)[^\n]*\n)*# tracecraft:end[^\n]*/gm) ?? []
  );
}

function innerOf(key: string): RegExp {
  return new RegExp(
    `^# tracecraft:begin ${key}\\r?\\n(?:(?!# tracecraft:end)[^\\n]*\\n)*# tracecraft:end ${key}\\r?\\n`,
    "gm",
  );
}

/** Of a key in the outermost mapping, however it is written, in a text without ours. */
function lineOf(text: string, key: string): number | undefined {
  const at = text
    .split("\n")
    .findIndex((line) => new RegExp(`^(?:"${key}"|'${key}'|${key})\\s*:`).test(line));
  return at < 0 ? undefined : at;
}

function putInto(text: string, { key, children }: Section, shown: string): string {
  const lines = text.split("\n");
  const at = lineOf(text, key)!;
  const refuse = (why: string, line = at): never => {
    throw cannotChange(shown, `it has ${why}, at line ${line + 1}`);
  };
  const strange = strangeAt(text);
  if (strange !== undefined) throw cannotChange(shown, strange);
  if (!new RegExp(`^${key}:[ \\t]*(?:#[^\\r]*)?\\r?$`).test(lines[at]!) || at === lines.length - 1)
    refuse(`"${key}" already`);
  const end = lines.findIndex((line, n) => n > at && /^[^\s#]/.test(line));
  const own = lines.slice(at + 1, end < 0 ? lines.length : end);
  const first = own.find((line) => /^\s+[^\s#]/.test(line));
  const indent = /^ */.exec(first ?? "  ")![0];
  if (indent === "" || /^\s*-(?:\s|$)/.test(first ?? "")) refuse(`"${key}" already, as no mapping`);
  for (const child of children) {
    const name = /^[a-z_]+(?=:)/.exec(child)?.[0];
    const taken =
      name === undefined
        ? -1
        : own.findIndex((line) => new RegExp(`^${indent}["']?${name}["']?\\s*:`).test(line));
    if (taken >= 0) refuse(`"${key}.${name}" already`, at + 1 + taken);
  }
  const eol = lineEndOf(text);
  const block =
    [`# tracecraft:begin ${key}`, ...children.map((line) => indent + line), `# tracecraft:end ${key}`].join(
      eol,
    ) + eol;
  const before = lines.slice(0, at + 1).join("\n") + "\n";
  return before + block + text.slice(before.length);
}

/** Why a text is not one plain block mapping, as far as its first characters of each line say. */
function strangeAt(text: string): string | undefined {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex(
    (line, n) => /^(?:\t|[{[]|\.\.\.(?:\s|$)|- )/.test(line) || (n > 0 && line.startsWith("---")),
  );
  return at < 0 ? undefined : `not one plain mapping at line ${at + 1}`;
}
