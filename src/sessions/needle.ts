import { TracecraftError } from "../errors.ts";

/** Words around a place that is shown, in characters. */
const before = 40;
const shownChars = 160;
/** No more of one text is looked into: a pattern may cost more than its length. */
const textLimit = 1024 * 1024;
const leastAscii = 3;

/** What is searched for. */
export interface Needle {
  /** False only where a whole line of JSON certainly has it in none of its texts. */
  mayBeIn(line: Uint8Array): boolean;
  /** The first place in a text with some words around it, `…` where they are cut. */
  find(text: string): string | undefined;
}

/** Text in any case, or a pattern. A pattern that is none is `usage`. */
export function needleFor(text: string, isPattern: boolean): Needle {
  if (text === "") throw new TracecraftError("usage", "Cannot search for nothing");
  const pattern = isPattern
    ? patternOf(text)
    : new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "iu");
  // The longest stretch that JSON writes as it is: letters and digits outside of an escape.
  const plain = isPattern ? "" : longestPlain(text).toLowerCase();
  return {
    mayBeIn(line) {
      if (plain.length < leastAscii) return true;
      return Buffer.from(line.buffer, line.byteOffset, line.length)
        .toString("latin1")
        .toLowerCase()
        .includes(plain);
    },
    find(whole) {
      const found = pattern.exec(whole.length > textLimit ? whole.slice(0, textLimit) : whole);
      return found ? around(whole, found.index, found[0].length) : undefined;
    },
  };
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new TracecraftError("usage", `Cannot search for "${text.slice(0, 200)}": not a pattern`, {
      cause: error,
    });
  }
}

function longestPlain(text: string): string {
  return text
    .split(/[^A-Za-z0-9 _.,:;=-]+/)
    .reduce((longest, piece) => (piece.length > longest.length ? piece : longest), "");
}

function around(text: string, index: number, length: number): string {
  const start = Math.max(0, index - before);
  const end = Math.min(text.length, Math.max(index + Math.min(length, shownChars), start + shownChars));
  const cut = text.slice(start, end).toWellFormed().replaceAll(/\s+/g, " ").trim();
  return `${start > 0 ? "…" : ""}${cut}${end < text.length ? "…" : ""}`;
}
