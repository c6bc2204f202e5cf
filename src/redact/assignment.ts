import { isVaried, randomness } from "./random.ts";
import type { Rule } from "./rule.ts";
import {
  type Found,
  type Search,
  addSpan,
  characterSet,
  characterSetWithout,
  lettersAndDigits,
  ranks,
  runEnd,
} from "./search.ts";

const nameCharacters = characterSet("name", `${lettersAndDigits}_.-`);
const longestName = 64;
const longestBlank = 8;

/** Reads `NAME = value` around a word such as `token`: one reading for every rule that goes by the name. */
export function assignmentMatcher(vendors: () => readonly Rule[]): Found {
  let findVendor: VendorFinder | undefined;
  return (search, at) => {
    search.work += 20;
    const end = nameEnd(search, at);
    if (search.memo.get("assignment")?.[0] === end) return; // Another word of the same name.
    search.memo.set("assignment", [end, end]);

    const start = nameStart(search, at);
    const value = readValue(search, start, end);
    if (!value) return;
    const name = search.text.slice(start, end);
    findVendor ??= vendorFinder(vendors());
    const vendor = findVendor(search, name, value);
    if (vendor) addSpan(search, value.start, value.end, vendor.name, ranks.assigned);
    else if (namesSecret(name)) markValues(search, name, value);
  };
}

type VendorFinder = (search: Search, name: string, value: Value) => Rule | undefined;

const shortestVendorKey = 15;

/** Finds the first rule that has a word in the name and the shape of the whole value. */
function vendorFinder(vendors: readonly Rule[]): VendorFinder {
  const words = new RegExp(vendors.flatMap((rule) => rule.keys).join("|"));
  const shapes = new Map<Rule, RegExp>();
  return (search, name, value) => {
    if (value.end - value.start < shortestVendorKey) return undefined;
    const plain = name.replaceAll(/[^A-Za-z0-9]/g, "").toLowerCase();
    search.work += 400;
    if (!words.test(plain)) return undefined;
    search.work += 3000;
    return vendors.find((rule) => {
      if (!rule.keys.some((word) => plain.includes(word))) return false;
      let shape = shapes.get(rule);
      if (!shape)
        shapes.set(rule, (shape = new RegExp(`(?:${rule.details().shape.source})(?![A-Za-z0-9_/+-])`, "y")));
      shape.lastIndex = value.start;
      // Padding that the shape leaves out still belongs to the value.
      if (!shape.test(search.text) || shape.lastIndex < value.end - 2) return false;
      return isVaried(search.text.slice(value.start, value.end), 2.2);
    });
  };
}

function nameEnd(search: Search, at: number): number {
  const { text } = search;
  // A key of two words ("api key") goes on behind its space.
  const from = /^(?:api|access|secret) /i.test(text.slice(at, at + 7)) ? text.indexOf(" ", at) + 1 : at;
  let end = from;
  while (end < from + longestName && nameCharacters.has[text.charCodeAt(end)] === 1) end++;
  search.work += end - from;
  return end;
}

/** What stands before a name without being of it: the rest of `\n` or `\u000a` in JSON, and of a terminal's colour. */
function gluedLength(text: string, start: number): number {
  const before = text[start - 1];
  const next = text.slice(start, start + 5);
  if (before === "\\") return /^u[0-9a-f]{4}/i.test(next) ? 5 : /^[nrt]/.test(next) ? 1 : 0;
  return before === "[" || before === ";" ? (/^\d{1,3}m/.exec(next)?.[0].length ?? 0) : 0;
}

function nameStart(search: Search, at: number): number {
  const { text } = search;
  let start = at;
  while (start > 0 && start > at - longestName && nameCharacters.has[text.charCodeAt(start - 1)] === 1)
    start--;
  search.work += at - start;
  return Math.min(at, start + gluedLength(text, start));
}

interface Value {
  readonly start: number;
  readonly end: number;
  /** The quote and how many backslashes stand before it: two for a quote in a string in a string. */
  readonly quote: string;
  /** Whether this is `NAME=value` without blanks, as in a shell or an .env file. */
  readonly tight: boolean;
}

const operator =
  /\\{0,7}["'`]?\]?\*{0,2}(?: |\t|\\t){0,8}(?::=|=>|={1,3}|[?+|]{1,2}=|:|,)\*{0,2}(?: |\t|\\t){0,8}/y;
const flag = /(?: |\t|","|\\",\\"|", "|\\", \\"){1,8}/y;
const annotation = /[A-Za-z][A-Za-z0-9_.<>[\]|? &]{0,30} {0,2}= {0,2}(?=["'`\\])/y;
const opening = /[bBrRfFuU]?(\\{0,7}["'`])/y;
const closingTag = /[^\s<>&]{8,512}(?=<\/)/y;
const bare = characterSetWithout("bare", "\"'`\\,;&|(){}<>");

function readValue(search: Search, start: number, end: number): Value | undefined {
  const { text } = search;
  search.work += 150;
  let at = after(operator, text, end);
  if (at < 0) {
    if (text[start - 1] === "<" && text[end] === ">") {
      const stop = after(closingTag, text, end + 1);
      return stop < 0 ? undefined : { start: end + 1, end: stop, quote: "", tight: true };
    }
    if (!text.slice(start, end).includes("--")) return undefined; // No flag of a command either.
    at = after(flag, text, end);
    if (at < 0 || text[at] === "-") return undefined;
  }
  const typed = text.slice(end, at).includes(":") ? after(annotation, text, at) : -1;
  if (typed > 0) at = typed;
  if (at - end > 2 * longestBlank + 16) return undefined;
  opening.lastIndex = at;
  const quote = opening.exec(text)?.[1];
  if (quote !== undefined) {
    const from = opening.lastIndex;
    return { start: from, end: tokenEnd(search, from), quote, tight: false };
  }
  if (text.slice(end, at).includes(",")) return undefined; // Two arguments, of which the second is code.
  return { start: at, end: runEnd(search, bare, at), quote: "", tight: at === end + 1 };
}

function after(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : -1;
}

const quoted = characterSetWithout("quoted", "\"'`\\");

/** The end of a token inside quotes: at a blank, a quote or an escape that is not part of a value. */
function tokenEnd(search: Search, from: number): number {
  let end = runEnd(search, quoted, from);
  while (search.text[end] === "\\" && search.text[end + 1] === "/") end = runEnd(search, quoted, end + 1);
  return end;
}

const mostTokens = 12;
const blank = /(?: |\t|\\[nrt]){1,8}/y;

/** Judges each token of a value by itself: words around a secret must not thin its entropy. */
function markValues(search: Search, name: string, value: Value): void {
  let { start, end } = value;
  for (let count = 0; count < mostTokens; count++) {
    const text = search.text.slice(start, Math.min(end, start + 512));
    search.work += 500 + Math.min(text.length, 256) * 8;
    if (looksSecret(text, name, value, count === 0, search.text[end]))
      addSpan(search, start, end, "secret_assignment", ranks.assignment);
    if (value.quote === "" && !/authorization$/i.test(name)) return;
    const next = after(blank, search.text, end);
    if (next < 0) return;
    start = next;
    end = tokenEnd(search, start);
  }
}

/** Also the marker of an earlier redaction. */
const wordLike = /(?:example|your[_-]|change-?_?me|placeholder|redacted|xxxx|\.\.\.|insert|dummy|undefined)/i;
const reference = /^(?:[$%{<*]|\[|process\.|os\.|env\.|self\.|this\.|config\.|secrets?\.)|\$\{|\{\{|[(){}]/;

function looksSecret(
  text: string,
  name: string,
  value: Value,
  first: boolean,
  next: string | undefined,
): boolean {
  if (text.length < 8 || reference.test(text) || wordLike.test(text)) return false;
  if (!/[A-Za-z]/.test(text) || (value.quote === "" && next === "(")) return false;
  const floor = text.length < 12 ? 2.5 : 2.9;
  if (!isVaried(text, floor)) return false;
  const score = randomness(text);
  if (!first) return text.length >= 16 && score >= 8;
  // A shell's NAME=value and a password are rarely a name of something else.
  if (value.tight && value.quote === "" && /^[A-Z0-9_]+$/.test(name)) return score >= -2;
  if (text.length < 16) return score >= 6;
  // Names mix all three rarely, and then of words.
  const mixes = /[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9]/.test(text);
  return score >= (mixes ? 0 : 4);
}

const secretWords = new Set(
  "token secret password passwd passphrase pass pwd credential credentials apikey accesskey secretkey privatekey authkey auth authorization signingkey encryptionkey authtoken accesstoken bearer pat".split(
    " ",
  ),
);
const keyWords = new Set(
  "api access secret private auth signing encryption master service admin app application client account deploy license webhook shared subscription functions session storage hmac jwt crypt root".split(
    " ",
  ),
);

/** Whether a name ends in a word for a secret: `MY_TOKEN`, `apiKey2`, but not `tokenCount`, `max_tokens` or `primary_key`. */
function namesSecret(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== "" && word !== "value");
  const last = words.at(-1) ?? "";
  if (secretWords.has(last)) return true;
  if (last !== "key") return false;
  return keyWords.has(words.at(-2) ?? "") || /^[A-Z0-9_]+_KEY[0-9_]*$/.test(name);
}
