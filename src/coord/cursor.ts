import { createHash } from "node:crypto";
import { TracecraftError } from "../errors.ts";

/** Keys that a cursor names; of more, the oldest are left out and may come again. */
const namedKeys = 256;
const hashBytes = 6;
const formatByte = 1;
const headBytes = 1 + 6;
/** No store's clock is there yet, whatever it says: the year 10889. */
const latestMark = 2 ** 48 - 1;

/** How far a reader of the history has come: all before `mark` (ms), and of what came after, the keys with these hashes. */
export interface HistoryMark {
  readonly mark: number;
  readonly seen: readonly string[];
}

/** A key as a mark names it. */
export function hashOfKey(key: string): string {
  return createHash("sha256")
    .update(key)
    .digest("base64url")
    .slice(0, (hashBytes / 3) * 4);
}

/** A mark as opaque text of at most 2,060 characters. `seen` is ordered by arrival, the latest last. */
export function writeCursor({ mark, seen }: HistoryMark): string {
  const head = Buffer.alloc(headBytes);
  head[0] = formatByte;
  head.writeUIntBE(Math.min(latestMark, Math.max(0, Math.floor(mark))), 1, 6);
  const hashes = seen.slice(-namedKeys).map((hash) => Buffer.from(hash, "base64url"));
  return Buffer.concat([head, ...hashes]).toString("base64url");
}

/** The mark in a cursor; anything that we did not write is the error `usage`. */
export function readCursor(text: string): HistoryMark {
  const bytes = Buffer.from(text, "base64url");
  const whole = (bytes.length - headBytes) % hashBytes === 0 && bytes.toString("base64url") === text;
  if (bytes.length < headBytes || bytes[0] !== formatByte || !whole) {
    throw new TracecraftError("usage", `Cannot watch since "${text.slice(0, 40)}": not a cursor`, {
      hint: "tracecraft watch --json",
    });
  }
  const seen: string[] = [];
  for (let at = headBytes; at < bytes.length; at += hashBytes)
    seen.push(bytes.subarray(at, at + hashBytes).toString("base64url"));
  return { mark: bytes.readUIntBE(1, 6), seen };
}
