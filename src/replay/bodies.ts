import { createHash } from "node:crypto";
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
export function bodiesInto(file: BlocksFile): Bodies {
  const sizes: number[] = [];
  const known = new Map<string, BodyPlace>();
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const flush = async (): Promise<void> => {
    if (heldBytes === 0) return;
    const bytes = Buffer.concat(held);
    [held, heldBytes] = [[], 0];
    sizes.push(bytes.length);
    await file.add(`b.${sizes.length - 1}`, bytes);
  };
  return {
    async add(text) {
      const all = Buffer.from(text);
      const cut = all.length > bodyMost;
      const bytes = cut ? all.subarray(0, bodyMost) : all;
      const name =
        bytes.length < rememberedBytes ? undefined : createHash("sha1").update(bytes).digest("base64");
      const before = name === undefined ? undefined : known.get(name);
      if (before) return { place: before, cut };
      if (heldBytes > 0 && heldBytes + bytes.length > blockBytes) await flush();
      const place = { block: sizes.length, start: heldBytes, length: bytes.length };
      held.push(bytes);
      heldBytes += bytes.length;
      if (name !== undefined && known.size < remembered) known.set(name, place);
      return { place, cut };
    },
    async done() {
      await flush();
      return sizes;
    },
  };
}
