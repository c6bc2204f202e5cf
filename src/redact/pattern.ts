const longestPattern = 500;
const longestMatch = 4096;
const mostChoices = 20_000;

/**
 * Why a regular expression must not be used as a rule, or undefined. Refused are unbounded quantifiers, back references,
 * look-behind, and variable repetition inside repetition: what makes a search take more than linear time.
 */
export function unsafeReason(source: string): string | undefined {
  if (source.length > longestPattern) return `longer than ${longestPattern} characters`;
  const broken = syntaxError(source);
  if (broken !== undefined) return `not a regular expression (${broken})`;
  const reader = { source, at: 0 };
  const part = readAlternatives(reader);
  if (typeof part === "string") return part;
  if (part.most > longestMatch) return `a match may have ${part.most} characters, more than ${longestMatch}`;
  if (part.least === 0) return "it matches the empty text";
  return part.choices > mostChoices ? "too many ways to match the same text" : undefined;
}

function syntaxError(source: string): string | undefined {
  try {
    RegExp(source, "y");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The least and most length of a match, and in how many ways its quantifiers can share out a text. */
interface Part {
  readonly least: number;
  readonly most: number;
  readonly choices: number;
}

interface Reader {
  readonly source: string;
  at: number;
}

function readAlternatives(reader: Reader): Part | string {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  let choices = 0;
  for (;;) {
    const branch = readSequence(reader);
    if (typeof branch === "string") return branch;
    least = Math.min(least, branch.least);
    most = Math.max(most, branch.most);
    choices += branch.choices;
    if (reader.source[reader.at] !== "|") return { least, most, choices };
    reader.at++;
  }
}

function readSequence(reader: Reader): Part | string {
  let [least, most, choices] = [0, 0, 1];
  while (reader.at < reader.source.length && !"|)".includes(reader.source[reader.at]!)) {
    const atom = readAtom(reader);
    if (typeof atom === "string") return atom;
    const part = readQuantifier(reader, atom);
    if (typeof part === "string") return part;
    least += part.least;
    most += part.most;
    choices *= part.choices;
  }
  return { least, most, choices };
}

const one: Part = { least: 1, most: 1, choices: 1 };
const nothing: Part = { least: 0, most: 0, choices: 1 };

function readAtom(reader: Reader): Part | string {
  const { source } = reader;
  const character = source[reader.at]!;
  if (character === "(") return readGroup(reader);
  if (character === "[") {
    for (reader.at++; source[reader.at] !== "]"; reader.at++) if (source[reader.at] === "\\") reader.at++;
    reader.at++;
    return one;
  }
  if (character === "\\") {
    const escaped = source[reader.at + 1]!;
    if (/[1-9k]/.test(escaped)) return "it has a back reference";
    reader.at += escaped === "x" ? 4 : escaped === "u" ? 6 : escaped === "c" ? 3 : 2;
    return /[bB]/.test(escaped) ? nothing : one;
  }
  reader.at++;
  return character === "^" || character === "$" ? nothing : one;
}

function readGroup(reader: Reader): Part | string {
  const kind = /\((?:\?(?:[:=!]|<[=!]|<[A-Za-z_]\w*>|[a-z-]+:))?/y;
  kind.lastIndex = reader.at;
  const opening = kind.exec(reader.source)?.[0] ?? "(";
  if (opening === "(?<=" || opening === "(?<!") return "it looks behind";
  reader.at += opening.length;
  const inner = readAlternatives(reader);
  reader.at++;
  if (typeof inner === "string") return inner;
  return opening === "(?=" || opening === "(?!" ? { ...nothing, choices: inner.choices } : inner;
}

function readQuantifier(reader: Reader, atom: Part): Part | string {
  const quantifier = /[*+?]|\{(\d+)(,?)(\d*)\}/y;
  quantifier.lastIndex = reader.at;
  const found = quantifier.exec(reader.source);
  if (!found) return atom;
  reader.at = quantifier.lastIndex;
  if (reader.source[reader.at] === "?") reader.at++;
  const optional = found[0] === "?";
  const least = optional ? 0 : Number(found[1]);
  const most = optional ? 1 : found[2] === "" ? least : found[3] === "" ? Number.NaN : Number(found[3]);
  if (found[0] === "*" || found[0] === "+" || Number.isNaN(most))
    return `the quantifier ${found[0]} has no upper bound`;
  if (most > 1 && (atom.choices > 1 || atom.least !== atom.most))
    return "a repetition contains another, or alternatives";
  return { least: least * atom.least, most: most * atom.most, choices: atom.choices * (most - least + 1) };
}
