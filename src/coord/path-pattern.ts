import { TracecraftError } from "../errors.ts";

/** A pattern is at most so long, and stands for at most so many once its `{a,b}` are written out. */
const patternLimit = 512;
const alternativesLimit = 64;
/** All of those together, in characters: comparing two patterns takes the product of this, and there may be a thousand. */
const writtenLimit = 1_024;

/** One character of a name: a set of ranges of code points, or any number of any characters. */
type Token = "star" | readonly (readonly [from: number, to: number])[];
type Segment = "globstar" | readonly Token[];

const any: Token = [[0, 0x10ffff]];

/**
 * A pattern of paths, anchored at the repository's root: `*` and `?` within a name, `[a-c]`, `{a,b}`, and `**` for any
 * number of folders. It covers what it names and everything below. Anything that leads outside is the error `usage`.
 */
export interface PathPattern {
  readonly text: string;
  readonly alternatives: readonly (readonly Segment[])[];
}

export function parsePattern(text: string): PathPattern {
  const folded = text
    .replace(/^(?:\.\/)+/, "")
    .replace(/\/+$/, "")
    .replaceAll(/\/{2,}/g, "/");
  const refuse = (why: string): never => {
    throw new TracecraftError("usage", `Cannot reserve "${text.slice(0, 200)}": ${why}`);
  };
  if (folded === "" || folded.startsWith("/"))
    refuse("a pattern begins at the repository's root, without a /");
  if (text.length > patternLimit || !text.isWellFormed() || /[\u0000-\u001f\u007f\\]/.test(text)) {
    refuse(`a pattern is at most ${patternLimit} visible characters without a backslash`);
  }
  const written = alternativesOf(folded);
  if (written.length > alternativesLimit) refuse(`it stands for more than ${alternativesLimit} patterns`);
  if (written.length > 1 && written.reduce((sum, { length }) => sum + length, 0) > writtenLimit)
    refuse(`the patterns that it stands for have more than ${writtenLimit} characters`);
  if (written.some((one) => one.split("/").some((name) => name === ".." || name === "." || name === ""))) {
    refuse(`".", ".." and empty names lead elsewhere`);
  }
  return { text: folded, alternatives: written.map(segmentsOf) };
}

/** A path as a pattern that matches it alone. */
export function literalPath(path: string): PathPattern {
  const segments = path.split("/").map((name) => [...name].map((character): Token => exactly(character)));
  return { text: path, alternatives: [segments] };
}

/** Whether some path is covered by both. True also where one covers a folder above the other. */
export function overlaps(a: PathPattern, b: PathPattern): boolean {
  return a.alternatives.some((one) =>
    b.alternatives.some(
      (other) => beginAlike(one, other) && meet([...one, "globstar"], [...other, "globstar"], meetSegment),
    ),
  );
}

/** Whether a file of this path is covered by the pattern: a pattern for what would lie below it stands for other paths. */
export function covers(pattern: PathPattern, path: string): boolean {
  const [literal] = literalPath(path).alternatives;
  return pattern.alternatives.some(
    (one) => beginAlike(one, literal!) && meet([...one, "globstar"], literal!, meetSegment),
  );
}

/** Names before the first `**` of either stand for one name each, so most pairs are told apart by these alone. */
function beginAlike(a: readonly Segment[], b: readonly Segment[]): boolean {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const [left, right] = [a[at]!, b[at]!];
    if (left === "globstar" || right === "globstar") return true;
    if (!meetSegment(left, right)) return false;
  }
  return true;
}

function meetSegment(a: Segment, b: Segment): boolean {
  if (a === "globstar" || b === "globstar") return false; // Those are taken by the caller.
  const [left, right] = [a[0], b[0]];
  const begin = left !== undefined && right !== undefined && left !== "star" && right !== "star";
  return (!begin || meetToken(left, right)) && meet(a, b, meetToken);
}

function meetToken(a: Token, b: Token): boolean {
  if (a === "star" || b === "star") return false; // Those are taken by the caller.
  return a.some(([from, to]) => b.some(([otherFrom, otherTo]) => from <= otherTo && otherFrom <= to));
}

/**
 * Whether two sequences, in which some elements stand for any number of elements, have one in common. Every pair of
 * positions is looked at once, so it takes the product of their lengths.
 */
function meet<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  // row[j]: whether a from i on and b from j on have one in common; from the end to the beginning.
  let below: boolean[] = [];
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = Array.from({ length: b.length + 1 });
    for (let j = b.length; j >= 0; j--) {
      const [left, right] = [a[i], b[j]];
      if (left === undefined && right === undefined) row[j] = true;
      else if (isWild(left)) row[j] = below[j]! || (right !== undefined && row[j + 1]!);
      else if (isWild(right)) row[j] = row[j + 1]! || (left !== undefined && below[j]!);
      else row[j] = left !== undefined && right !== undefined && below[j + 1]! && same(left, right);
    }
    below = row;
  }
  return below[0]!;
}

/** Stands for any number of what it stands among: characters of a name, or folders. */
function isWild(element: unknown): boolean {
  return element === "star" || element === "globstar";
}

function segmentsOf(text: string): Segment[] {
  return text.split("/").map((name) => (name === "**" ? "globstar" : tokensOf(name)));
}

/** A bracket that is not closed is a bracket. */
function tokensOf(name: string): Token[] {
  const tokens: Token[] = [];
  for (const [piece, negated, ranges] of name.matchAll(/\[([!^]?)(\]?[^\]]*)\]|./gsu)) {
    if (ranges !== undefined && ranges !== "") tokens.push(classOf(ranges, negated !== ""));
    else if (piece === "*") tokens.push("star");
    else if (piece === "?") tokens.push(any);
    else tokens.push(...[...piece].map(exactly));
  }
  return tokens;
}

function exactly(character: string): Token {
  const point = character.codePointAt(0)!;
  return [[point, point]];
}

function classOf(text: string, negated: boolean): Token {
  const ranges = [...text.matchAll(/(.)-(.)|(.)/gsu)].map(([, from, to, one]): readonly [number, number] => {
    const first = (from ?? one!).codePointAt(0)!;
    return [first, to === undefined ? first : to.codePointAt(0)!];
  });
  if (!negated) return ranges;
  const outside: [number, number][] = [];
  let next = 0;
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    if (from > next) outside.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return [...outside, [next, 0x10ffff]];
}

/** `a/{b,c}/d` as `a/b/d` and `a/c/d`. A brace without a comma or an end is a brace. Stops soon after the limit. */
function alternativesOf(text: string): string[] {
  const found = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(text);
  if (!found) return [text];
  const [, before, inside, after] = found;
  const written: string[] = [];
  for (const choice of inside!.split(",")) {
    written.push(...alternativesOf(`${before}${choice}${after}`));
    if (written.length > alternativesLimit) break;
  }
  return written;
}
