import { TracecraftError } from "../errors.ts";
import { keyLimit } from "../format/names.ts";
import type { Project } from "./project.ts";

/** Refuses to write under a key that is too long as a whole, with the bucket's prefix and the project before it. */
export function checkKeyLength({ store }: Project, key: string, act: string, thing: string): void {
  const bytes = Buffer.byteLength(`${store.traits.prefix}/${key}`);
  if (bytes <= keyLimit) return;
  throw new TracecraftError(
    "usage",
    `Cannot ${act} "${thing}": its key has ${bytes} bytes, over ${keyLimit}`,
  );
}
