import { TracecraftError } from "../errors.ts";
import { retry } from "./retry.ts";
import type { S3Client, S3Reply } from "./s3-client.ts";
import { storeTime, versionOf } from "./s3-client.ts";
import { causeOf, isUnsent, refusalError, refusesCondition, saysNothing, unfitStore } from "./s3-errors.ts";
import { headObject } from "./s3-get.ts";
import type { Expect, PutResult, Source, Version } from "./store.ts";

/** One request that writes the object whole: its condition goes in `headers`. */
export type Write = (headers: Readonly<Record<string, string>>, withinMs: number) => Promise<S3Reply>;

type Conditional = "nothing" | { readonly version: Version };

/** Store.put for a body that fits into one request. */
export function putObject(
  client: S3Client,
  key: string,
  body: Uint8Array | Source,
  expect: Expect,
): Promise<PutResult> {
  const write: Write = (headers, withinMs) =>
    client.send({ method: "PUT", key: client.fullKey(key), headers, body, withinMs });
  return putWith(client, key, write, expect, body instanceof Uint8Array ? body.length : body.size);
}

/** What becomes of a write under `expect`, whichever request it is. */
export async function putWith(
  client: S3Client,
  key: string,
  write: Write,
  expect: Expect,
  bytes = 0,
): Promise<PutResult> {
  if (expect === "anything" || expect === "fresh") {
    return putRepeatedly(client, key, write, expect, bytes);
  }
  if (client.traits.conditions === "ignored") throw unfitStore(asked(client, key), headerOf(expect));
  return putOnce(client, key, write, expect);
}

/** A conditional put is sent once. Its 412 says nothing of an attempt before it, so the caller reads back. */
async function putOnce(client: S3Client, key: string, write: Write, expect: Conditional): Promise<PutResult> {
  const startedAt = Date.now();
  const leftMs = () => client.timeouts.totalMs - (Date.now() - startedAt);
  const quoting = client.traits.etagQuoting;
  const headers = condition(expect, quoting === "bare" ? "bare" : "quoted");
  const result = await outcome(client, key, expect, () => write(headers, leftMs()));
  if (expect === "nothing" || quoting !== "unknown") return result;
  if (result.outcome === "written") client.traits.etagQuoting = "quoted";
  if (result.outcome !== "refused") return result;

  // Ceph 16.2 refuses the quoted ETag that it gave. This request wrote nothing, so if its version is still the
  // current one, the same with the other quoting is a new and as safe attempt, and the only one.
  const current = await headObject(client, key, leftMs()).catch(() => undefined);
  if (current?.version !== expect.version) return result;
  const second = await outcome(client, key, expect, () => write(condition(expect, "bare"), leftMs()));
  if (second.outcome === "written") client.traits.etagQuoting = "bare";
  return second;
}

function condition(expect: Conditional, quoting: "quoted" | "bare"): Record<string, string> {
  if (expect === "nothing") return { "if-none-match": "*" };
  return { "if-match": quoting === "bare" ? expect.version : `"${expect.version}"` };
}

/** The answer to one conditional write as its outcome: design 3.1. */
async function outcome(
  client: S3Client,
  key: string,
  expect: Conditional,
  write: () => Promise<S3Reply>,
): Promise<PutResult> {
  let reply: S3Reply;
  try {
    reply = await retry(write, { withinMs: client.timeouts.totalMs, random: client.random, only: isUnsent });
  } catch (error) {
    // Once there was a connection nobody can prove that nothing was sent; the caller repeats it until its deadline.
    if (error instanceof TracecraftError && error.code === "unreachable" && !isUnsent(error))
      return { outcome: "unknown", cause: error };
    throw error;
  }
  const written = await writtenBy(reply);
  if (written) return written;
  if (refuses(reply, expect)) return { outcome: "refused" };
  if (saysNothing(reply) || reply.status < 300) {
    return { outcome: "unknown", cause: refusalError(asked(client, key), reply) };
  }
  if (refusesCondition(reply)) {
    const { message } = reply.error ?? {};
    throw unfitStore(asked(client, key), headerOf(expect), causeOf(reply) + (message ? `: ${message}` : ""));
  }
  throw refusalError(asked(client, key), reply);
}

function refuses(reply: S3Reply, expect: Conditional): boolean {
  const { status, error } = reply;
  if (status === 412 || status === 409 || status === 304) return true; // 304: MinIO before 2024-04.
  return status === 404 && expect !== "nothing" && error?.code !== "NoSuchBucket";
}

async function writtenBy(reply: S3Reply): Promise<PutResult | undefined> {
  if (reply.error || reply.status < 200 || reply.status >= 300) {
    if (!reply.error) reply.discard();
    return undefined;
  }
  reply.discard();
  const version = versionOf(reply.headers.etag);
  return version === undefined
    ? undefined
    : { outcome: "written", version, storeNow: storeTime(reply.headers) };
}

/** A put that may be done twice: over whatever is there, or to a key with our own random id. */
async function putRepeatedly(
  client: S3Client,
  key: string,
  write: Write,
  expect: "anything" | "fresh",
  bytes: number,
): Promise<PutResult> {
  let doubt = false;
  const attempt = async (leftMs: number): Promise<PutResult> => {
    const conditional = expect === "fresh" && client.traits.conditions !== "ignored";
    const reply = await write(conditional ? { "if-none-match": "*" } : {}, leftMs);
    const written = await writtenBy(reply);
    if (written) return written;
    // Our own earlier attempt: nobody else knows the key.
    if (conditional && (reply.status === 412 || reply.status === 304))
      return thereAlready(client, key, leftMs);
    if (conditional && refusesCondition(reply)) {
      client.traits.conditions = "ignored";
      return attempt(leftMs);
    }
    if (reply.status === 409) {
      throw new TracecraftError("unreachable", `Cannot write "${key}": the store is busy with it`, {
        cause: causeOf(reply),
      });
    }
    throw refusalError(asked(client, key), reply);
  };
  const noted = (leftMs: number) =>
    attempt(leftMs).catch((error: unknown) => {
      doubt ||= !isUnsent(error);
      throw error;
    });
  try {
    return await retry(noted, { withinMs: client.timeouts.totalMs + bytes / 1000, random: client.random });
  } catch (error) {
    if (error instanceof TracecraftError && error.code === "unreachable" && doubt)
      return { outcome: "unknown", cause: error };
    throw error;
  }
}

/** No ETag has this: so an object that somebody has deleted since is never taken for the one we wrote. */
const goneVersion = "gone";

async function thereAlready(client: S3Client, key: string, leftMs: number): Promise<PutResult> {
  const head = await headObject(client, key, leftMs);
  return { outcome: "written", version: head?.version ?? goneVersion, storeNow: head?.storeNow };
}

function headerOf(expect: Conditional): string {
  return expect === "nothing" ? "If-None-Match" : "If-Match";
}

function asked(client: S3Client, key: string) {
  return { name: client.name, bucket: client.bucket, method: "PUT", key: client.fullKey(key) };
}
