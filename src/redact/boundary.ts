import { alphanumeric } from "./search.ts";

const escapeLetters = "nrtbf";
const sgr = /(?:\x1b|\\u001[bB]|\\x1[bB]|\\e|\\0?33)\[[0-9;]{0,16}m$/;

/**
 * Whether a token may begin at `at`: at a word's edge, and also behind what is an edge only for the eye, an escape
 * (`\n`, `\u000a`) or a terminal colour. A plain `\b` misses seven of eight tokens in JSON, where `\n` ends in a letter.
 */
export function startsToken(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text.charCodeAt(at - 1);
  if (alphanumeric.has[before] !== 1) return true;
  const second = text[at - 2];
  if (second === "\\" && escapeLetters.includes(text[at - 1]!)) return true;
  if (text[at - 5] === "u" && text[at - 6] === "\\" && isHex(text.slice(at - 4, at))) return true;
  return before === 0x6d && sgr.test(text.slice(Math.max(0, at - 26), at));
}

const longRun = 64;

/** Whether the 64 characters before `at` are all base64 and end in `+` or `/`: an image, say, in which any three letters occur. */
export function insideBase64(text: string, at: number): boolean {
  const before = text[at - 1];
  return (
    (before === "+" || before === "/") &&
    /^[A-Za-z0-9+/]{64}$/.test(text.slice(Math.max(0, at - longRun), at))
  );
}

function isHex(text: string): boolean {
  return /^[0-9A-Fa-f]+$/.test(text);
}
