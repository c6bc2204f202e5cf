import { TracecraftError } from "../errors.ts";

/** Where a key lies below the root: both parts escaped, `directory` empty for a key without folders. */
export interface Name {
  readonly directory: string;
  readonly name: string;
}

/** S3's own limit, in bytes of UTF-8. Escaped it stays far below PATH_MAX. */
const maxKeyBytes = 1024;

/** File systems take 255 bytes; a longer name goes on in a folder below. */
const maxNameBytes = 240;

const plainSegment = /^[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_-])?$/;
const safe = new Set(Buffer.from("abcdefghijklmnopqrstuvwxyz0123456789._-=+,@!()~ "));
const reserved = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/;

/**
 * The escaped path of a key. Two keys never share one, also where upper and lower case, NFC and NFD, or a trailing dot
 * make no difference; and no name begins with a dot, so that `.v` and `.t…` are ours. A key that could leave the root,
 * or that no file system holds, is the error `usage`.
 */
export function nameOf(key: string): Name {
  if (!key.isWellFormed() || key.includes("\0") || Buffer.byteLength(key) > maxKeyBytes) {
    throw new TracecraftError("usage", `Cannot use "${key}" as a key: not 1 to ${maxKeyBytes} bytes of text`);
  }
  const segments = key.split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    throw new TracecraftError("usage", `Cannot use "${key}" as a key: a segment is empty, "." or ".."`);
  }
  const pieces = segments.flatMap(escapeSegment);
  return { directory: pieces.slice(0, -1).join("/"), name: pieces.at(-1)! };
}

/** The key of an escaped path, as `nameOf` makes it; undefined for a file that is not ours. */
export function keyOf(path: string): string | undefined {
  try {
    const key = decodeURIComponent(path.replaceAll("%/", ""));
    const { directory, name } = nameOf(key);
    return (directory ? `${directory}/${name}` : name) === path ? key : undefined;
  } catch {
    return undefined; // Not UTF-8, or no key.
  }
}

/** The start of the keys below an escaped folder, with its "/"; undefined where a name goes on in a folder below. */
export function prefixOf(directory: string): string | undefined {
  if (directory === "") return "";
  if (directory.endsWith("%")) return undefined;
  const key = keyOf(directory);
  return key === undefined ? undefined : `${key}/`;
}

function escapeSegment(segment: string): string[] {
  if (segment.length <= maxNameBytes && plainSegment.test(segment) && !reserved.test(segment))
    return [segment];

  let escaped = "";
  for (const byte of Buffer.from(segment)) escaped += safe.has(byte) ? String.fromCharCode(byte) : hex(byte);
  escaped = escaped
    .replace(/^\./, "%2e")
    .replace(/[. ]$/, (last) => hex(last.charCodeAt(0)))
    .replace(reserved, (name) => hex(name.charCodeAt(0)) + name.slice(1));
  if (escaped.length <= maxNameBytes) return [escaped];

  // No piece of a long name begins or ends with a dot, and all but the last end with a "%" that escapes nothing.
  const pieces = escaped.replaceAll(".", "%2e").match(/(?:%..|[^%]){1,78}/g)!;
  return pieces.map((piece, index) => (index < pieces.length - 1 ? `${piece}%` : piece));
}

function hex(byte: number): string {
  return `%${byte.toString(16).padStart(2, "0")}`;
}
