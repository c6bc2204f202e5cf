import { cannotChange, lineEndOf, type Target } from "./setup-target.ts";

/** How comments look where the block stands. */
export type Comment = "html" | "hash";

const markers: Readonly<Record<Comment, readonly [begin: string, end: string]>> = {
  html: ["<!-- tracecraft:begin -->", "<!-- tracecraft:end -->"],
  hash: ["# tracecraft:begin", "# tracecraft:end"],
};

export interface Block {
  readonly path: string;
  readonly shown: string;
  readonly comment: Comment;
  readonly lines: readonly string[];
  readonly noun?: string;
  /** At the end of the file, or behind its first line, which is this one in a new file. */
  readonly first?: string;
  /** Why a text does not take the block; undefined when it does. */
  readonly refuse?: (text: string) => string | undefined;
  /** The same is there already, in words of somebody else. */
  readonly present?: (text: string) => boolean;
  readonly backup?: true;
  readonly executable?: true;
}

/** Lines of ours between two markers. Every other byte of the file stays as it is, and `remove` gives back what was. */
export function blockTarget(block: Block): Target {
  const { path, shown, comment, lines, first, refuse, present, noun = "line" } = block;
  const [begin, end] = markers[comment];
  const find = (text: string): { from: number; to: number } | undefined => {
    const starts = [...text.matchAll(new RegExp(`^${begin}\\r?$`, "gm"))].map(({ index }) => index);
    const ends = [...text.matchAll(new RegExp(`^${end}(?=\\r?$)`, "gm"))].map(({ index }) => index);
    if (starts.length === 0 && ends.length === 0) return undefined;
    if (starts.length !== 1 || ends.length !== 1 || ends[0]! < starts[0]!)
      throw cannotChange(shown, "its tracecraft markers do not match");
    return { from: starts[0]!, to: ends[0]! + end.length };
  };
  const whole = (eol: string): string => [begin, ...lines, end].join(eol);

  const remove = (text: string): string => {
    const found = find(text);
    if (!found) return text;
    let { from, to } = found;
    const eol = lineEndOf(text);
    if (first !== undefined || from === 0) {
      // Its own line end goes with it.
      if (text.startsWith(eol, to)) to += eol.length;
    } else if (to < text.length) {
      if (text.startsWith(eol, to)) to += eol.length;
      if (text.slice(0, from).endsWith(eol + eol)) from -= eol.length;
    } else {
      // The text before had no line end: it was given two.
      for (let n = 0; n < 2; n++) if (text.slice(0, from).endsWith(eol)) from -= eol.length;
    }
    return text.slice(0, from) + text.slice(to);
  };

  const add = (text: string): string => {
    const found = find(text);
    if (!found && present?.(text)) return text;
    const eol = lineEndOf(text);
    if (found) return text.slice(0, found.from) + whole(eol) + text.slice(found.to);
    const refused = refuse?.(text);
    if (refused !== undefined) throw cannotChange(shown, refused);
    if (first !== undefined) {
      const head = text === "" ? `${first}\n` : (/^#![^\n]*\n/.exec(text)?.[0] ?? "");
      return head + whole(eol) + eol + text.slice(text === "" ? 0 : head.length);
    }
    if (text === "") return whole(eol) + eol;
    return text.endsWith(eol) ? text + eol + whole(eol) + eol : text + eol + eol + whole(eol);
  };

  return {
    path,
    noun,
    total: lines.length,
    add,
    remove,
    missing: (text) => (add(text) === text ? 0 : lines.length),
    held(text) {
      const found = find(text);
      return found ? text.slice(found.from, found.to).split("\n").length - 2 : 0;
    },
    patch: whole("\n"),
    backup: block.backup ?? false,
    encoding: "latin1",
    after: "between markers",
    ...(block.executable && { executable: true }),
  };
}

/** A file that is all ours. */
export function ownFile(path: string, content: string): Target {
  return {
    path,
    noun: "file",
    total: 1,
    add: () => content,
    remove: (text) => (text === content ? "" : text), // What somebody changed is theirs.
    missing: (text) => (text === content ? 0 : 1),
    held: (text) => (text === content ? 1 : 0),
    patch: content,
    backup: true,
    encoding: "utf8",
  };
}
