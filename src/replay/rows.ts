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

/** Bytes of a row: five million of them are 320 MB on the disk, and one session's are in memory. */
export const rowBytes = 64;

const numbers = new Map(kinds.map((kind, number) => [kind, number]));
const most = 2 ** 32 - 1;

/** Rows of one session, which may still be changed. */
export interface Rows {
  count(): number;
  add(row: Row): void;
  setTime(nth: number, at: number): void;
  setPair(nth: number, pair: number): void;
  setTokens(nth: number, tokens: Tokens): void;
  bytes(): Uint8Array;
}

export function rows(): Rows {
  let held = Buffer.alloc(256 * rowBytes);
  let count = 0;
  const writeTokens = (at: number, tokens: Tokens): void => {
    held.writeUInt32LE(Math.min(most, tokens.input), at + 40);
    held.writeUInt32LE(Math.min(most, tokens.output), at + 44);
    held.writeUInt32LE(Math.min(most, tokens.cacheRead), at + 48);
    held.writeUInt32LE(Math.min(most, tokens.cacheWrite), at + 52);
  };
  return {
    count: () => count,
    add(row) {
      if ((count + 1) * rowBytes > held.length) {
        const larger = Buffer.alloc(held.length * 2); // What is not yet written of it takes no memory.
        held.copy(larger);
        held = larger;
      }
      const at = count++ * rowBytes;
      held.writeDoubleLE(row.at, at);
      held.writeDoubleLE(row.said, at + 8);
      held.writeUInt8(numbers.get(row.kind)!, at + 16);
      held.writeUInt8(row.flags, at + 17);
      held.writeUInt16LE(row.tool, at + 18);
      held.writeUInt16LE(row.model, at + 20);
      held.writeInt32LE(row.pair, at + 24);
      held.writeInt32LE(row.block, at + 28);
      held.writeUInt32LE(row.start, at + 32);
      held.writeUInt32LE(row.length, at + 36);
      writeTokens(at, row.tokens);
      held.writeUInt32LE(row.preview, at + 56);
    },
    setTime: (nth, at) => void held.writeDoubleLE(at, nth * rowBytes),
    setPair: (nth, pair) => void held.writeInt32LE(pair, nth * rowBytes + 24),
    setTokens: (nth, tokens) => writeTokens(nth * rowBytes, tokens),
    bytes: () => held.subarray(0, count * rowBytes),
  };
}

/** The time of a row, without the rest of it. */
export function timeOf(bytes: Buffer, at: number): number {
  return bytes.readDoubleLE(at);
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
