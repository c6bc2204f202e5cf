import { startsToken } from "./boundary.ts";
import { type Search, addSpan, characterSetWithout, ranks, runEnd } from "./search.ts";

const longestCommand = 400;
/** Where a line of shell goes on to another command: also a line feed as JSON writes it. */
const commandEnd = /[\n;|&]|\\n/;
const argument = characterSetWithout("argument", "\"'`\\;|&<>");
const quote = String.raw`(?:\\{0,7}["'])?`;
const placeholder = /^(?:[$%{<*[(]|pass(?:word|wd)?\b|secret$|xxx|\.\.\.|your|redacted)/i;

const login = new RegExp(String.raw`\s(?:-p|--password)(?:[ \t]{1,3}|=)${quote}(?=[^\s"'\\-])`);
const sshpass = new RegExp(String.raw`^sshpass[ \t]{1,3}-p[ \t]{0,3}${quote}(?=[^\s"'\\])`);
const user = new RegExp(
  String.raw`\s(?:-u|-U|--user|--proxy-user)(?:[ \t]{0,3}|=)${quote}[^\s:"'\\$]{1,100}:(?=[^\s"'\\])`,
);

/** The password of `curl -u name:password`. */
export function findCurlPassword(search: Search, at: number): void {
  if (/\s/.test(search.text[at + "curl".length] ?? "")) takeArgument(search, at, user, "curl_password");
}

/** The password of `docker login -p password` and `sshpass -p password`. */
export function findLoginPassword(search: Search, at: number): void {
  takeArgument(search, at, search.text.startsWith("sshpass", at) ? sshpass : login, "login_password");
}

function takeArgument(search: Search, at: number, before: RegExp, rule: string): void {
  search.work += 100;
  const { text } = search;
  if (!startsToken(text, at)) return;
  const line = text.slice(at, at + longestCommand);
  const length = line.search(commandEnd);
  search.work += 2 * line.length;
  const found = before.exec(length < 0 ? line : line.slice(0, length));
  if (!found) return;
  const start = at + found.index + found[0].length;
  const end = runEnd(search, argument, start);
  if (end - start < 4 || placeholder.test(text.slice(start, end))) return;
  addSpan(search, start, end, rule, ranks.place);
}
