import { type Search, addSpan, characterSet, lettersAndDigits, ranks, runEnd } from "./search.ts";

const header = /-----BEGIN[ +](?:[A-Z0-9]{1,12}[ +]){0,4}PRIVATE[ +]KEY(?:[ +]BLOCK)?-----/y;
const putty = /PuTTY-User-Key-File-\d: {0,2}/y;
const footer = /-----END[ +](?:[A-Z0-9]{1,12}[ +]){0,4}PRIVATE[ +]KEY(?:[ +]BLOCK)?-----/y;
const mac = /Private-MAC: {0,2}[0-9a-f]{40,64}/y;
const bodyCharacters = characterSet("body", `${lettersAndDigits}+/=`);
const shortestLine = 32;
const longestKey = 64 * 1024;
const longestGap = 200;

/** A PEM, PGP or PuTTY private key, to its footer; one that is cut off, to the last line of its body. Read once, left to right. */
export function findPrivateKey(search: Search, at: number): void {
  const { text } = search;
  if (at < (search.memo.get("private_key")?.[1] ?? 0)) return;
  const opening = [header, putty].find((start) => matchEnd(start, text, at) > 0);
  if (!opening) return;
  const first = matchEnd(opening, text, at);
  const closing = opening === header ? footer : mac;
  const word = opening === header ? "-----END" : "Private-MAC";
  const start = nextBody(search, first, first + (opening === putty ? 4096 : 512));
  if (!start) return; // A mention of the header, in code or prose.

  const footerAt = nextOf(search, word, first);
  const footerEnd = footerAt >= 0 && footerAt - at <= longestKey ? matchEnd(closing, text, footerAt) : -1;
  const end = footerEnd > 0 ? footerEnd : bodyEnd(search, start);
  search.memo.set("private_key", [at, end]);
  addSpan(search, at, end, "private_key", ranks.block);
}

/** The place of `word` at or after `from`; remembered, since many headers may wait for one footer. */
function nextOf(search: Search, word: string, from: number): number {
  const known = search.memo.get(word);
  if (known && from >= known[0] && from <= known[1]) return known[1] === search.text.length ? -1 : known[1];
  const found = search.text.indexOf(word, from);
  search.memo.set(word, [from, found < 0 ? search.text.length : found]);
  search.work += ((found < 0 ? search.text.length : found) - from) >> 4;
  return found;
}

/** The next line of a body. Another header or footer ends the search; where there was none is not searched twice. */
function nextBody(search: Search, from: number, limit: number): readonly [number, number] | undefined {
  const { text } = search;
  const known = search.memo.get("no body");
  const start = known && from >= known[0] && from < known[1] ? known[1] : from;
  const stop = Math.min(limit, text.length);
  let at = start;
  while (at < stop && !(text[at] === "-" && text.startsWith("-----", at))) {
    if (bodyCharacters.has[text.charCodeAt(at)] !== 1) {
      at++;
      continue;
    }
    const end = runEnd(search, bodyCharacters, at);
    if (isBodyLine(text.slice(at, Math.min(end, at + 128)))) return [at, end];
    at = end;
  }
  search.work += Math.max(0, at - start) * 4;
  search.memo.set("no body", [from, at]);
  return undefined;
}

/** A long run of base64 that no word or path is. */
function isBodyLine(line: string): boolean {
  return line.length >= shortestLine && /[0-9]/.test(line) && /[A-Z]/.test(line) && /[a-z]/.test(line);
}

const lastLine = /(?:\\[nrt]|[\s>|+=]|\d{1,5}\xe2\x86\x92){1,24}[A-Za-z0-9+/]{1,76}={0,2}(?![A-Za-z0-9+/])/y;

/** The end of the last line of a body without a footer. */
function bodyEnd(search: Search, first: readonly [number, number]): number {
  let end = first[1];
  for (;;) {
    const next = nextBody(search, end, end + longestGap);
    if (!next || next[1] - first[0] > longestKey) break;
    end = next[1];
  }
  const last = matchEnd(lastLine, search.text, end);
  return last > 0 ? last : end;
}

function matchEnd(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : -1;
}
