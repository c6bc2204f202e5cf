/** Whole numbers up to 2^53, seven bits a byte, the lowest first. */
export interface BytesWriter {
  varint(value: number): void;
  /** Of either sign. */
  signed(value: number): void;
  bytes(values: Uint8Array): void;
  /** What was written. The writer is not to be used after it. */
  done(): Uint8Array;
}

export interface BytesReader {
  readonly varint: () => number;
  readonly signed: () => number;
  readonly bytes: (count: number) => Uint8Array;
}

export function bytesWriter(): BytesWriter {
  let held = new Uint8Array(4096);
  let end = 0;
  const room = (more: number): void => {
    if (end + more <= held.length) return;
    const larger = new Uint8Array(Math.max(held.length * 2, end + more));
    larger.set(held);
    held = larger;
  };
  const varint = (value: number): void => {
    room(8);
    let left = value;
    while (left > 0x7f) {
      held[end++] = (left % 128) + 128;
      left = Math.floor(left / 128);
    }
    held[end++] = left;
  };
  return {
    varint,
    signed: (value) => varint(value < 0 ? -value * 2 - 1 : value * 2),
    bytes(values) {
      room(values.length);
      held.set(values, end);
      end += values.length;
    },
    done: () => held.subarray(0, end),
  };
}

/** Throws where the bytes end before the number does. */
export function bytesReader(source: Uint8Array): BytesReader {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = source[at++];
      if (byte === undefined) throw new Error("a block ends too early");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error("a number is too long");
  };
  return {
    varint,
    signed() {
      const code = varint();
      return code % 2 === 0 ? code / 2 : -(code + 1) / 2;
    },
    bytes(count) {
      if (at + count > source.length) throw new Error("a block ends too early");
      return source.slice(at, (at += count));
    },
  };
}
