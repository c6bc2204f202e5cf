import { randomBytes } from "node:crypto";
import { createBucket, s3Store, type S3Options } from "../src/store/s3.ts";
import type { Store } from "../src/store/store.ts";

type Keys = Pick<S3Options, "endpoint" | "region" | "credentials">;

/** Empty stores on one real server: a bucket of this run, a prefix of its own for each. */
export function realS3(keys: Keys): { open: () => Promise<Store>; missingBucket: () => Promise<Store> } {
  const bucket = `tracecraft-${randomBytes(6).toString("hex")}`;
  let made: Promise<unknown> | undefined;
  let opened = 0;
  return {
    async open() {
      made ??= createBucket({ ...keys, bucket });
      await made;
      return s3Store({ ...keys, bucket, prefix: `run/${++opened}` });
    },
    missingBucket: async () => s3Store({ ...keys, bucket: `${bucket}-missing` }),
  };
}
