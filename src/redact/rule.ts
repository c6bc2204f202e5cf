import { TracecraftError } from "../errors.ts";

/**
 * One kind of secret. A match starts `back` bytes before one of the keys and has the shape; the name is what a
 * redaction says. The examples are templates that a test expands: `<w36>` is 36 letters and digits.
 */
export interface Rule {
  readonly name: string;
  /** What the prefilter looks for, in any case. The shape decides about case. */
  readonly keys: readonly string[];
  /** The source of a regular expression whose quantifiers are all bounded. */
  readonly shape: string;
  readonly yes: readonly string[];
  readonly no: readonly string[];
  /** How many bytes of a match stand before its key: least and most. */
  readonly back: readonly [number, number];
  /** Least entropy, in bits a character, of the most varied stretch: what keeps `ghp_xxxxxxxx…` as it is. */
  readonly floor: number;
  /** Whether it must not read like words, where a key is so short that a name could have the same shape. */
  readonly mixed: boolean;
  /** Whether the token may also go on with `+`, `/` and `=`. */
  readonly base64: boolean;
}

const columns = 5;

/**
 * Reads a table of rules: one a line, `name | keys | shape | yes | no`, with ` ; ` between examples and spaces
 * between keys. A sixth column has options: `back=3` or `back=8-10`, `floor=3`, `mixed`, `base64`. A row that is not so throws: a
 * redactor that lacks a rule must not run.
 */
export function parseRules(table: string): Rule[] {
  const rows = table.split("\n").map((line) => line.trim());
  return rows.filter((line) => line !== "" && !line.startsWith("#")).map(parseRow);
}

function parseRow(line: string): Rule {
  const cells = line.split(" | ").map((cell) => cell.trim());
  const [name = "", keys = "", shape = "", yes = "", no = "", options = ""] = cells;
  if (cells.length < columns || cells.length > columns + 1 || !/^[a-z][a-z0-9_]{1,63}$/.test(name)) {
    throw new TracecraftError(
      "internal",
      `Cannot load the redaction rules: a row with ${cells.length} cells, "${name}"`,
    );
  }
  const [, least = "0", most = least] = /\bback=(\d+)(?:-(\d+))?/.exec(options) ?? [];
  return {
    name,
    keys: keys.split(" "),
    shape,
    yes: yes.split(" ; "),
    no: no.split(" ; "),
    back: [Number(least), Number(most)],
    floor: Number(/\bfloor=([\d.]+)/.exec(options)?.[1] ?? 2),
    mixed: options.includes("mixed"),
    base64: options.includes("base64"),
  };
}
