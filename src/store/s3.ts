import { retry } from "./retry.ts";
import type { S3Client } from "./s3-client.ts";
import { s3Client } from "./s3-client.ts";
import { refusalError } from "./s3-errors.ts";
import { getObject } from "./s3-get.ts";
import { listObjects } from "./s3-list.ts";
import { putInParts } from "./s3-multipart.ts";
import type { S3Options, S3Traits } from "./s3-options.ts";
import { putObject } from "./s3-put.ts";
import type { Store } from "./store.ts";

export type { S3Options, S3Traits } from "./s3-options.ts";

/**
 * A bucket behind the S3 protocol. Whether it keeps the conditions of a put is not known until something has probed
 * it: `traits` says so, and may be restored from what was found before.
 */
export function s3Store(options: S3Options): Store & { readonly traits: S3Traits } {
  const client = s3Client(options);
  return {
    name: client.name,
    traits: client.traits,
    get: ((key, wanted) => getObject(client, key, wanted)) as Store["get"],

    async put(key, body, expect) {
      if (body instanceof Uint8Array || body.size <= client.multipart.aboveBytes) {
        return putObject(client, key, body, expect);
      }
      return putInParts(client, key, body, expect);
    },

    list: (prefix, after) => listObjects(client, prefix, after),
    delete: (key) => deleteObject(client, key),
  };
}

async function deleteObject(client: S3Client, key: string): Promise<void> {
  const request = { method: "DELETE", key: client.fullKey(key) };
  const once = async (withinMs: number) => {
    const reply = await client.send({ ...request, withinMs });
    if (!reply.error) return reply.discard();
    const gone = reply.status === 404 && reply.error.code !== "NoSuchBucket";
    if (!gone) throw refusalError({ ...client, ...request }, reply);
  };
  await retry(once, { withinMs: client.timeouts.totalMs, random: client.random });
}

/** Makes the bucket; "there" when it is ours already. `denied` when it is somebody else's or may not be made. */
export async function createBucket(options: S3Options): Promise<"made" | "there"> {
  const client = s3Client(options);
  const elsewhere = options.region && !/^(?:us-east-1|auto)$/.test(options.region) && !options.endpoint;
  const body = elsewhere
    ? new TextEncoder().encode(
        `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
          `<LocationConstraint>${options.region}</LocationConstraint></CreateBucketConfiguration>`,
      )
    : undefined;
  const once = async (withinMs: number) => {
    const reply = await client.send({ method: "PUT", body, withinMs });
    if (!reply.error) {
      reply.discard();
      return "made";
    }
    if (reply.error.code === "BucketAlreadyOwnedByYou") return "there";
    const status = reply.error.code === "BucketAlreadyExists" ? 403 : reply.status;
    throw refusalError({ ...client, method: "PUT" }, { ...reply, status });
  };
  return retry(once, { withinMs: client.timeouts.totalMs, random: client.random });
}

/** Whether the bucket is there. `denied` when it may be, but is not ours to look at. */
export async function bucketExists(options: S3Options): Promise<boolean> {
  const client = s3Client(options);
  const once = async (withinMs: number) => {
    // A listing, not a HEAD: its refusal has words, and it asks for the right that is needed anyway.
    const query = { "list-type": "2", "max-keys": "1" };
    const reply = await client.send({ method: "GET", query, withinMs });
    if (!reply.error) {
      reply.discard();
      return true;
    }
    if (reply.status === 404 && reply.error.code !== undefined) return false;
    throw refusalError({ ...client, method: "LIST" }, reply);
  };
  return retry(once, { withinMs: client.timeouts.totalMs, random: client.random });
}
