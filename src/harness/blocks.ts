import { createHash } from "node:crypto";
import type { Values } from "./rows.ts";

/**
 * What is remembered of rows that were taken: how many from `first` to the next block, and the sums of their hashes.
 * Sums can be added, so blocks merge when a table outgrows the cursor; a change in a merged block is seen all the
 * same, only its rows are told again.
 */
export interface Block {
  readonly first: number;
  readonly count: number;
  /** Of all columns but those of `state`, modulo 2^48. */
  readonly content: number;
  /** Of the columns that change in place again and again, modulo 2^32. */
  readonly state: number;
}

const contentRange = 2 ** 48;
const stateRange = 2 ** 32;
/** In base64: with the rest of a cursor it stays below 64 KiB. */
const maxPackedLength = 56 * 1024;

/** The block of one row. */
export function blockOf(id: number, data: Values, state: readonly string[]): Block {
  const content = Object.entries(data).filter(([name]) => !state.includes(name));
  return {
    first: id,
    count: 1,
    content: hash([id, content]).readUIntBE(0, 6),
    state: hash([id, stateOf(data, state)]).readUInt32BE(0),
  };
}

/** The values of the columns that change in place. */
export function stateOf(data: Values, state: readonly string[]): Values {
  return Object.fromEntries(state.filter((name) => name in data).map((name) => [name, data[name]]));
}

/** Enough of a hash to see that a value changed. */
export function shortHash(data: unknown): string {
  return hash(data).toString("base64url").slice(0, 8);
}

function hash(data: unknown): Buffer {
  return createHash("sha256").update(JSON.stringify(data)).digest();
}

/** Two neighbours, or the rows of one block, as one. */
export function merged(blocks: readonly Block[]): Block {
  return {
    first: blocks[0]?.first ?? 0,
    count: blocks.reduce((sum, block) => sum + block.count, 0),
    content: blocks.reduce((sum, block) => (sum + block.content) % contentRange, 0),
    state: blocks.reduce((sum, block) => (sum + block.state) % stateRange, 0),
  };
}

/** The blocks as text that fits a cursor. */
export function packed(blocks: readonly Block[]): string {
  const text = bytesOf(blocks).toString("base64");
  if (text.length <= maxPackedLength) return text;
  const pairs = blocks
    .filter((_, n) => n % 2 === 0)
    .map((block, n) => merged([block, ...blocks.slice(2 * n + 1, 2 * n + 2)]));
  return packed(pairs);
}

function bytesOf(blocks: readonly Block[]): Buffer {
  const bytes: number[] = [];
  let before = 0;
  for (const { first, count, content, state } of blocks) {
    bytes.push(...varint(first - before), ...varint(count));
    const sums = Buffer.alloc(10);
    sums.writeUIntBE(content, 0, 6);
    sums.writeUInt32BE(state, 6);
    bytes.push(...sums);
    before = first;
  }
  return Buffer.from(bytes);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** The blocks in a cursor; undefined when it is not what `packed` makes. */
export function unpackedBlocks(text: string): Block[] | undefined {
  const bytes = Buffer.from(text, "base64");
  const blocks: Block[] = [];
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  try {
    for (let before = 0; at < bytes.length; before = blocks.at(-1)?.first ?? 0) {
      const [first, count] = [before + number(), number()];
      blocks.push({ first, count, content: bytes.readUIntBE(at, 6), state: bytes.readUInt32BE(at + 6) });
      at += 10;
    }
  } catch {
    return undefined;
  }
  return blocks.every((block, n) => n === 0 || block.first > (blocks[n - 1]?.first ?? 0))
    ? blocks
    : undefined;
}
