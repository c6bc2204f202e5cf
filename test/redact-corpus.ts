import type { Counts } from "../src/redact/mask.ts";
import { type Redactor, createRedactor } from "../src/redact/redact.ts";
import type { Rule } from "../src/redact/rule.ts";
import { builtInRules } from "../src/redact/rules.ts";

/** A generator of numbers from 0 to 1 that always gives the same ones for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = lower.toUpperCase();
const digits = "0123456789";
const alphabets: Readonly<Record<string, string>> = {
  w: lower + upper + digits,
  b: `${lower + upper + digits}-_`,
  s: `${lower + upper + digits}+/`,
  h: `${digits}abcdef`,
  d: digits,
  u: upper + digits,
  l: lower + digits,
  a: lower + upper,
  q: `${lower}234567`,
};

/** A template of a rule, filled in: the text, and the parts of it that were made up and must not be seen again. */
export interface Sample {
  readonly text: string;
  readonly secrets: readonly string[];
}

/** Fills in `<w36>` (36 letters and digits), `<h32>` (hexadecimal), `<U>` (a UUID), `<pem>`, `<jwt>` and so on. */
export function fill(template: string, random: () => number): Sample {
  const secrets: string[] = [];
  const text = template.replaceAll(
    /<([a-zU])(\d{0,3})>|<(pem|pgp|putty|jwt|jwt3|basic)>/g,
    (_, kind, count, block) => {
      const made = block
        ? blocks[block as string]!(random)
        : kind === "U"
          ? uuid(random)
          : letters(kind, Number(count), random);
      secrets.push(
        ...made
          .split("\n")
          .filter((line) => !line.startsWith("-") && !line.startsWith("PuTTY") && line.length >= 8),
      );
      return made;
    },
  );
  return { text, secrets };
}

function letters(kind: string, count: number, random: () => number): string {
  const alphabet = alphabets[kind];
  if (!alphabet) throw new Error(`No alphabet ${kind}`);
  const at = () => alphabet[Math.floor(random() * alphabet.length)]!;
  const made = Array.from({ length: count }, at);
  // A token that ends in a dash or begins with one is cut by its reader, not by us.
  if (kind === "b" && count > 0) {
    const word = alphabets["w"]!;
    made[0] = word[Math.floor(random() * word.length)]!;
    made[count - 1] = word[Math.floor(random() * word.length)]!;
  }
  return made.join("");
}

function uuid(random: () => number): string {
  return [8, 4, 4, 4, 12].map((length) => letters("h", length, random)).join("-");
}

const lines = (count: number, random: () => number) =>
  Array.from({ length: count }, () => letters("s", 64, random)).join("\n");
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

const blocks: Readonly<Record<string, (random: () => number) => string>> = {
  pem: (random) => `-----BEGIN RSA PRIVATE KEY-----\n${lines(6, random)}\n-----END RSA PRIVATE KEY-----`,
  pgp: (random) =>
    `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${lines(9, random)}\n=${letters("s", 4, random)}\n-----END PGP PRIVATE KEY BLOCK-----`,
  putty: (random) =>
    `PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: made\nPublic-Lines: 2\n${lines(2, random)}\nPrivate-Lines: 4\n${lines(4, random)}\nPrivate-MAC: ${letters("h", 64, random)}`,
  jwt: (random) =>
    `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: letters("d", 10, random), name: letters("w", 12, random) })}.${letters("b", 43, random)}`,
  jwt3: (random) =>
    `${part({ typ: "JWT", alg: "RS256", kid: letters("w", 8, random) })}.${part({ iss: letters("w", 20, random) })}.${letters("b", 342, random)}`,
  basic: (random) => Buffer.from(`${letters("a", 6, random)}:${letters("w", 16, random)}`).toString("base64"),
};

/** Ways in which a text is written where agents work. Each says what becomes of one character. */
export const forms: Readonly<Record<string, (text: string) => string>> = {
  raw: (text) => text,
  json: (text) => JSON.stringify(text).slice(1, -1),
  "json in json": (text) => JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1),
  "json with \\/": (text) => JSON.stringify(text).slice(1, -1).replaceAll("/", "\\/"),
  "\\u002d": (text) => each(JSON.stringify(text).slice(1, -1), /[-_.+/=:@$~|! ]/g, unicode),
  "\\u002d in json": (text) =>
    JSON.stringify(each(JSON.stringify(text).slice(1, -1), /[-_.+/=:@$~|! ]/g, unicode)).slice(1, -1),
  url: encodeURIComponent,
  "url, every sign": (text) => each(encodeURIComponent(text), /[-_.!~]/g, percent),
  "url in url": (text) => encodeURIComponent(encodeURIComponent(text)),
};

function each(text: string, pattern: RegExp, write: (character: string) => string): string {
  return text.replaceAll(pattern, write);
}

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

const stretch = 9;

/** The first part of a secret that a text still shows, if any: nine characters in a row, as they are written there. */
export function leaked(output: string, secret: string, write: (text: string) => string): string | undefined {
  const size = Math.min(stretch, secret.length);
  for (let at = 0; at + size <= secret.length; at++) {
    const piece = write(secret.slice(at, at + size));
    if (output.includes(piece)) return piece;
  }
  return undefined;
}

/** A rule's samples: `count` of them, taking its templates in turn. */
export function samplesOf(rule: Rule, count: number, random: () => number): Sample[] {
  const { yes } = rule.details();
  return Array.from({ length: count }, (_, index) => fill(yes[index % yes.length]!, random));
}

/** Every rule: tokens, scans, and values by their names. */
export function allRules(): Rule[] {
  const { tokens, scanned, assigned } = builtInRules();
  return [...tokens, ...scanned, ...assigned()];
}

const untilAutomaton = 256 * 1024;

/** A redactor that has read enough to have built its automaton. */
export function warmRedactor(): Redactor {
  const redactor = createRedactor();
  redactor.line(Buffer.alloc(untilAutomaton + 1, "nothing to see here. "));
  return redactor;
}

/** Redacts one text with both prefilters, which must agree: the table of a young process and the automaton of an old one. */
export function bothPrefilters(): (text: string) => { readonly text: string; readonly counts: Counts } {
  const warm = warmRedactor();
  let cold = createRedactor();
  let fed = 0;
  return (text) => {
    fed += 2 * text.length; // What is decoded counts too.
    if (fed > untilAutomaton / 4) [cold, fed] = [createRedactor(), 0];
    const bytes = Buffer.from(text);
    const line = warm.line(bytes);
    const young = cold.line(bytes);
    const answer = { text: Buffer.from(line.bytes).toString(), counts: line.counts };
    if (Buffer.compare(line.bytes, young.bytes) !== 0) {
      throw new Error(`The prefilters disagree: ${answer.text} and ${Buffer.from(young.bytes).toString()}`);
    }
    return answer;
  };
}
