import { hash } from "node:crypto";
import type { BlocksFile } from "./blocks-file.ts";
import type { BodyPlace } from "./encode.ts";

/** The raw size of a body block; a longer body is a block by itself. */
const blockBytes = 256 * 1024;
/** A page keeps no more of one text. */
const bodyMost = 8 * 1024 * 1024;
/** Shorter ones are not worth being remembered, in case they come again. */
const rememberedBytes = 512;
const remembered = 200_000;

export interface Bodies {
  /** Where the text is now; `cut` says that it was longer than a page keeps. */
  add(text: string): Promise<{ readonly place: BodyPlace; readonly cut: boolean }>;
  /** The raw size of each block, once all of it is there. */
  done(): Promise<readonly number[]>;
}

/** The texts of a page, each once: what harnesses repeat, such as a file that is read again, is not kept again. */
export function bodiesInto(file: Pick<BlocksFile, "add">): Bodies {
  const sizes: number[] = [];
  const known = new Map<string, BodyPlace>();
  let block = Buffer.alloc(0);
  let used = 0;
  const flush = async (): Promise<void> => {
    if (used === 0) return;
    const bytes = block.subarray(0, used);
    [block, used] = [Buffer.alloc(0), 0];
    sizes.push(bytes.length);
    await file.add(`b.${sizes.length - 1}`, bytes);
  };
  /** The bytes of a text: where the block goes on, if they fit there, so that most are never copied. */
  const bytesOf = (text: string): Buffer => {
    if (block.length === 0) block = Buffer.allocUnsafeSlow(blockBytes);
    // Three bytes a character are the most that it can have.
    const fits = text.length * 3 <= block.length - used;
    return fits ? block.subarray(used, used + block.write(text, used)) : Buffer.from(text);
  };
  return {
    async add(text) {
      const all = bytesOf(text);
      const cut = all.length > bodyMost;
      const bytes = cut ? all.subarray(0, bodyMost) : all;
      const name = bytes.length < rememberedBytes ? undefined : hash("sha1", bytes, "base64");
      const before = name === undefined ? undefined : known.get(name);
      if (before) return { place: before, cut };
      if (used > 0 && used + bytes.length > blockBytes) await flush();
      if (bytes.buffer !== block.buffer) {
        if (block.length < bytes.length) block = Buffer.allocUnsafeSlow(Math.max(blockBytes, bytes.length));
        block.set(bytes, used);
      }
      const place = { block: sizes.length, start: used, length: bytes.length };
      used += bytes.length;
      if (name !== undefined && known.size < remembered) known.set(name, place);
      return { place, cut };
    },
    async done() {
      await flush();
      return sizes;
    },
  };
}
