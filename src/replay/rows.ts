import { writeSync } from "node:fs";
import { kinds, type Kind, type Tokens } from "./page.ts";

/** An event of a transcript while a page is built: what the index needs of it, without its text. */
export interface Row {
  readonly at: number;
  readonly said: number;
  readonly kind: Kind;
  readonly flags: number;
  readonly tool: number;
  readonly model: number;
  /** The place in its session of the other half of a call and its result; -1 for none. */
  readonly pair: number;
  /** Of the body; -1 for none. */
  readonly block: number;
  readonly start: number;
  readonly length: number;
  readonly tokens: Tokens;
  /** Bytes of the preview, which stand one after the other in a file of their own. */
  readonly preview: number;
}

/** Bytes of a row: five million of them are 320 MB on the disk. */
export const rowBytes = 64;

/** Rows in memory, the last ones of a session: 8 MiB. What is older lies in the file. */
const rowsHeld = 128 * 1024;
const rowsAtFirst = 256;

const numbers = new Map(kinds.map((kind, number) => [kind, number]));
const mostTokens = 2 ** 32 - 1;

/** Rows of one session, which may still be changed. */
export interface Rows {
  count(): number;
  add(row: Row): void;
  setTime(nth: number, at: number): void;
  setPair(nth: number, pair: number): void;
  setTokens(nth: number, tokens: Tokens): void;
  /** Puts into the file what is not there yet. */
  settle(): void;
}

/** Rows that stand one after the other in a file, from that byte on, however many there are; `most` are in memory. */
export function rowsInto(file: number, from: number, most = rowsHeld): Rows {
  let held = Buffer.alloc(Math.min(most, rowsAtFirst) * rowBytes); // Most sessions are short.
  const patch = Buffer.alloc(rowBytes);
  let low = 0;
  let count = 0;
  const spill = (rows: number): void => {
    writeAll(file, held.subarray(0, rows * rowBytes), from + low * rowBytes);
    held.copyWithin(0, rows * rowBytes);
    low += rows;
  };
  /** Writes some bytes of a row, in memory or where it lies. */
  const change = (nth: number, at: number, length: number, write: (to: Buffer, at: number) => void): void => {
    if (nth >= low) return write(held, (nth - low) * rowBytes + at);
    write(patch, 0);
    writeAll(file, patch.subarray(0, length), from + nth * rowBytes + at);
  };
  return {
    count: () => count,
    add(row) {
      if (count - low === most) spill(Math.ceil(most / 2));
      if ((count - low) * rowBytes === held.length)
        held = Buffer.concat([held], Math.min(most * rowBytes, held.length * 2));
      writeRow(held, (count++ - low) * rowBytes, row);
    },
    setTime: (nth, time) => change(nth, 0, 8, (to, at) => void to.writeDoubleLE(time, at)),
    setPair: (nth, pair) => change(nth, 24, 4, (to, at) => void to.writeInt32LE(pair, at)),
    setTokens: (nth, tokens) => change(nth, 40, 16, (to, at) => writeTokens(to, at, tokens)),
    settle: () => spill(count - low),
  };
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

function writeRow(to: Buffer, at: number, row: Row): void {
  to.writeDoubleLE(row.at, at);
  to.writeDoubleLE(row.said, at + 8);
  to.writeUInt8(numbers.get(row.kind)!, at + 16);
  to.writeUInt8(row.flags, at + 17);
  to.writeUInt16LE(row.tool, at + 18);
  to.writeUInt16LE(row.model, at + 20);
  to.writeInt32LE(row.pair, at + 24);
  to.writeInt32LE(row.block, at + 28);
  to.writeUInt32LE(row.start, at + 32);
  to.writeUInt32LE(row.length, at + 36);
  writeTokens(to, at + 40, row.tokens);
  to.writeUInt32LE(row.preview, at + 56);
}

function writeTokens(to: Buffer, at: number, { input, output, cacheRead, cacheWrite }: Tokens): void {
  to.writeUInt32LE(Math.min(mostTokens, input), at);
  to.writeUInt32LE(Math.min(mostTokens, output), at + 4);
  to.writeUInt32LE(Math.min(mostTokens, cacheRead), at + 8);
  to.writeUInt32LE(Math.min(mostTokens, cacheWrite), at + 12);
}

/** The time of a row, without the rest of it. */
export function timeOf(bytes: Buffer, at: number): number {
  return bytes.readDoubleLE(at);
}

/** The length of its preview, likewise. */
export function previewBytesOf(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 56);
}

export function readRow(bytes: Buffer, at: number): Row {
  return {
    at: bytes.readDoubleLE(at),
    said: bytes.readDoubleLE(at + 8),
    kind: kinds[bytes.readUInt8(at + 16)]!,
    flags: bytes.readUInt8(at + 17),
    tool: bytes.readUInt16LE(at + 18),
    model: bytes.readUInt16LE(at + 20),
    pair: bytes.readInt32LE(at + 24),
    block: bytes.readInt32LE(at + 28),
    start: bytes.readUInt32LE(at + 32),
    length: bytes.readUInt32LE(at + 36),
    tokens: {
      input: bytes.readUInt32LE(at + 40),
      output: bytes.readUInt32LE(at + 44),
      cacheRead: bytes.readUInt32LE(at + 48),
      cacheWrite: bytes.readUInt32LE(at + 52),
    },
    preview: bytes.readUInt32LE(at + 56),
  };
}
