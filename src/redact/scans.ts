import { startsToken } from "./boundary.ts";
import { isVaried, randomness } from "./random.ts";
import {
  type Search,
  addSpan,
  characterSet,
  characterSetWithout,
  lettersAndDigits,
  ranks,
  runEnd,
  tokenCharacters,
} from "./search.ts";

const shortestJwtPart = 17;
const longestJwtParts = 5;

/** A signed, unsigned or encrypted JSON Web Token: parts of base64url joined by dots, the first an encoded `{"`. */
export function findJwt(search: Search, at: number): void {
  search.work += 20;
  const { text } = search;
  if (!text.startsWith("eyJ", at) || !startsToken(text, at)) return;
  let end = runEnd(search, tokenCharacters, at);
  if (end - at < shortestJwtPart) return;
  let parts = 1;
  for (; parts < longestJwtParts && text[end] === "."; parts++) {
    const next = runEnd(search, tokenCharacters, end + 1);
    // The second part of a signed token is JSON too; that of an encrypted one is a key, or empty.
    if (parts === 1 && !text.startsWith("eyJ", end + 1) && !isEncrypted(search, next)) break;
    if (parts === 1 && next - end - 1 > 0 && next - end - 1 < shortestJwtPart) break;
    end = next;
  }
  if (parts > 1) addSpan(search, at, end, "jwt", ranks.block);
}

function isEncrypted(search: Search, at: number): boolean {
  if (search.text[at] !== ".") return false;
  const third = runEnd(search, tokenCharacters, at + 1);
  return third - at > 10 && search.text[third] === ".";
}

const userInformation = characterSetWithout("user", "\"'`<>\\");
const scheme = /[A-Za-z][A-Za-z0-9+.-]{1,15}$/;
const longestAuthority = 512;
const placeholder =
  /^(?:[$%{<*[]|pass(?:word|wd)?$|pwd?$|p$|secret$|xxx|\.\.\.|your|my-?pass|token$|redacted)/i;

/** The password in `scheme://user:password@host`, also where it holds an `@` or a `/` that should have been encoded. */
export function findUrlPassword(search: Search, at: number): void {
  search.work += 150;
  const { text } = search;
  if (!scheme.test(text.slice(Math.max(0, at - 16), at))) return;
  const start = at + "://".length;
  const run = text.slice(start, Math.min(runEnd(search, userInformation, start), start + longestAuthority));
  const colon = run.indexOf(":");
  const sign = endOfUser(run, colon);
  search.work += run.length * 2;
  if (colon < 0 || sign <= colon + 1) return;
  const password = run.slice(colon + 1, sign);
  if (password.length < 4 || placeholder.test(password) || password.includes("[REDACTED:")) return;
  addSpan(search, start + colon + 1, start + sign, "url_password", ranks.place);
}

/** Where the `@` before the host is, or -1. A slash may stand in a password, when what follows the colon is no port. */
function endOfUser(run: string, colon: number): number {
  const slash = run.search(/[/?#]/);
  const authority = slash < 0 ? run : run.slice(0, slash);
  const sign = authority.lastIndexOf("@");
  if (sign >= 0 || slash < 0 || run.startsWith("[") || /^\d{0,5}$/.test(authority.slice(colon + 1)))
    return sign;
  const later = run.indexOf("@", slash);
  return colon >= 0 && colon < slash && !/[?&=]/.test(run.slice(slash, later)) ? later : -1;
}

const costOfJudging = 8;
const bearer = /bearer(?:[ \t]|\\t){1,4}["']?(?=[A-Za-z0-9._~+/=-]{16})/iy;
const basic = /basic[ \t]{1,4}(?=[A-Za-z0-9+/]{8})/iy;
const headerValue = characterSet("header", `${lettersAndDigits}._~+/=-`);

/** What follows `Bearer`, when it does not read like words. */
export function findBearer(search: Search, at: number): void {
  const [start, end] = valueAfter(search, bearer, at);
  const value = search.text.slice(start, Math.min(end, start + 256));
  search.work += value.length * costOfJudging;
  if (isVaried(value, 2.8) && randomness(value) >= 4)
    addSpan(search, start, end, "bearer_token", ranks.place);
}

/** What follows `Basic`, when it decodes to a name, a colon and a password. */
export function findBasic(search: Search, at: number): void {
  const [start, end] = valueAfter(search, basic, at);
  search.work += 500;
  const decoded = Buffer.from(search.text.slice(start, Math.min(end, start + 512)), "base64").toString(
    "latin1",
  );
  if (/^[\x20-\x7e\x80-\xff]{0,200}:[\x20-\x7e\x80-\xff]{1,200}$/.test(decoded))
    addSpan(search, start, end, "basic_auth", ranks.place);
}

function valueAfter(search: Search, expression: RegExp, at: number): readonly [number, number] {
  search.work += 100;
  expression.lastIndex = at;
  if (!startsToken(search.text, at) || !expression.test(search.text)) return [at, at];
  return [expression.lastIndex, runEnd(search, headerValue, expression.lastIndex)];
}

const netrc =
  /machine\s{1,4}[^\s"\\]{1,128}(?:\s|\\n){1,8}login(?:\s|\\n){1,4}[^\s"\\]{1,128}(?:\s|\\n){1,8}password(?:\s|\\n){1,4}(?=[^\s"\\]{4})/y;
const plain = characterSetWithout("plain", "\"'\\");

/** The password of a line of `.netrc`. */
export function findNetrc(search: Search, at: number): void {
  search.work += 100;
  netrc.lastIndex = at;
  if (!netrc.test(search.text)) return;
  const start = netrc.lastIndex;
  const end = runEnd(search, plain, start);
  if (placeholder.test(search.text.slice(start, end))) return;
  addSpan(search, start, end, "netrc_password", ranks.assignment);
}
