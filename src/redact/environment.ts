import { base64Forms } from "./base64.ts";
import { isVaried } from "./random.ts";
import { type Literal, addSpan, ranks } from "./search.ts";

const secretName =
  /(?:^|_)(?:[A-Z]*(?:KEY|TOKEN|SECRET|PASS|PASSWD|PASSWORD|PASSPHRASE|CREDENTIAL|COOKIE|JWT)S?|PWD|AUTH|AUTHORIZATION|BEARER|PAT|DSN|CONNECTION_?STRING|SIGNATURE)(?:$|_|\d)/i;
const notSecret =
  /^(?:PWD|OLDPWD|SSH_AUTH_SOCK|XAUTHORITY|GPG_KEY|[A-Z_]*_(?:PATH|FILE|DIR|URL|(?<!SECRET_)ID|NAME|PUBLIC_KEYS?|PUBKEYS?))$/i;
/** A password in the address of a server, in a variable of any name. */
const addressed = /^[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#@:]{0,200}:([^\s/?#@]{1,200})@/i;
const shortest = 8;
const longest = 64 * 1024;
const longestForm = 512;
const mostParts = 50;

/**
 * Literals for the values of variables whose names speak of a secret, of each in a list of them, and of passwords in
 * addresses: as they are, as JSON writes them, once and twice, for a URL, and in base64. Ordinary words, paths, numbers, flags and short values are left out.
 */
export function environmentLiterals(env: Readonly<Record<string, string | undefined>>): Literal[] {
  const values = new Set<string>();
  for (const [name, value = ""] of Object.entries(env)) {
    const spoken = secretName.test(name) && !notSecret.test(name) ? [value, ...partsOf(value)] : [];
    for (const one of [...spoken, ...passwordOf(value)])
      if (one.length >= shortest && isSecret(one)) values.add(one);
  }
  return [...values].flatMap(formsOf).map((form) => exactly(form));
}

/** Of a list of secrets each, of `Bearer …` what is behind it. */
function partsOf(value: string): readonly string[] {
  const parts = value.length > longest ? [] : value.split(/[,;\s]+/);
  return parts.length > 1 && parts.length <= mostParts ? parts : [];
}

function passwordOf(value: string): readonly string[] {
  const password = addressed.exec(value)?.[1];
  if (password === undefined) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

function isSecret(value: string): boolean {
  if (value.length > longest || !isVaried(value, 2.5)) return false;
  if (/^(?:[./~]|[a-z]:\\|file:)/i.test(value) && !/^[A-Za-z0-9+/=]{32,}$/.test(value)) return false; // A path.
  const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((some) => some.test(value)).length;
  if (/^[0-9.]+$/.test(value)) return value.length >= 16;
  return classes >= 2 ? !/^[A-Z]?[a-z]+$/.test(value) : value.length >= 20 && isVaried(value, 3.2);
}

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value, "utf8").toString("latin1"); // The search sees bytes.
  const json = JSON.stringify(bytes).slice(1, -1);
  const twice = JSON.stringify(json).slice(1, -1);
  const slashes = json.replaceAll("/", "\\/");
  const url = encodeURIComponent(value);
  const base64 = value.length <= longestForm ? base64Forms(bytes).map((form) => form.text) : [];
  return [...new Set([bytes, json, twice, slashes, url, url.replaceAll("%20", "+"), ...base64])];
}

const keyLength = 24;

/** The prefilter knows the first characters, which keeps its table small; the rest is compared. */
function exactly(form: string): Literal {
  return {
    text: form.slice(0, keyLength),
    exact: true,
    found(search, at) {
      search.work += 4;
      if (search.text.startsWith(form, at)) {
        search.work += form.length >> 4;
        addSpan(search, at, at + form.length, "environment_value", ranks.environment);
      }
    },
  };
}
