import { TracecraftError } from "../errors.ts";

/** One kind of secret: its name, which a redaction says, and what the prefilter looks for. */
export interface Rule {
  readonly name: string;
  /** Each match has one of them. Written as they are in a secret, though they are searched for in any case. */
  readonly keys: readonly string[];
  /** The rest of the row, read when a key was seen: most texts need none of it. */
  details(): RuleDetails;
}

/** What decides. A match starts `back` bytes before a key and has the shape; examples are templates that a test fills in. */
export interface RuleDetails {
  /** A sticky expression whose quantifiers are all bounded. */
  readonly shape: RegExp;
  /** Templates: `<w36>` is 36 letters and digits. */
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

const separator = " | ";
const leastCells = 3; // After name and keys: shape, yes, no; then the options.
const mostCells = 4;

/**
 * Reads a table of rules: one a line, `name | keys | shape | yes | no`, with ` ; ` between examples and spaces
 * between keys. A sixth column has options: `back=3` or `back=8-10`, `floor=3`, `mixed`, `base64`. A row that is not so
 * throws, here or when its details are read: a redactor that lacks a rule must not run.
 */
export function parseRules(table: string): Rule[] {
  const rules: Rule[] = [];
  for (const line of table.split("\n")) {
    if (line === "") continue;
    const first = line.indexOf(separator);
    const second = line.indexOf(separator, first + 1);
    if (first <= 0 || second < 0) throw malformed(line);
    let details: RuleDetails | undefined;
    rules.push({
      name: line.slice(0, first),
      keys: line.slice(first + separator.length, second).split(" "),
      details: () => (details ??= readDetails(line.slice(second + separator.length))),
    });
  }
  return rules;
}

function malformed(row: string): TracecraftError {
  return new TracecraftError(
    "internal",
    `Cannot load the redaction rules: the row "${row.slice(0, 60)}" is malformed`,
  );
}

function readDetails(row: string): RuleDetails {
  const cells = row.split(separator);
  const [shape = "", yes = "", no = "", options = ""] = cells;
  if (cells.length < leastCells || cells.length > mostCells) throw malformed(row);
  const [, least = "0", most = least] = /\bback=(\d+)(?:-(\d+))?/.exec(options) ?? [];
  return {
    shape: new RegExp(shape, "y"),
    yes: yes.split(" ; "),
    no: no.split(" ; "),
    back: [Number(least), Number(most)],
    floor: Number(/\bfloor=([\d.]+)/.exec(options)?.[1] ?? 2),
    mixed: options.includes("mixed"),
    base64: options.includes("base64"),
  };
}
