import type { Store } from "./store.ts";

/** The store as a whole, without the prefix of the project: it is the bucket that is fit or not. */
export function bucketName({ name, traits }: Pick<Store, "name" | "traits">): string {
  const suffix = `/${traits.prefix}`;
  return traits.prefix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}
