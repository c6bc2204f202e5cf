import { createHash } from "node:crypto";
import { TracecraftError } from "../errors.ts";
import { retry } from "./retry.ts";
import type { S3Client, S3Reply } from "./s3-client.ts";
import { versionOf } from "./s3-client.ts";
import { networkTrouble, refusalError } from "./s3-errors.ts";
import { headObject } from "./s3-get.ts";
import { putWith } from "./s3-put.ts";
import { completionXml, parseError, parseUploadId, textOf } from "./s3-xml.ts";
import { pieces } from "./source.ts";
import type { Expect, PutResult, Source } from "./store.ts";

/** Scaleway takes no more, AWS 10,000. */
const maxParts = 1000;
const bytesInFlight = 64 * 2 ** 20;
const maxReplyBytes = 64 * 1024;

interface Upload {
  readonly client: S3Client;
  readonly key: string;
  readonly id: string;
}

/**
 * Store.put for a body over one put's limit: parts in parallel, at most 64 MiB (or one part) in memory, committed by
 * CompleteMultipartUpload under the same condition. Some servers (Ceph 16.2) ignore a condition there; a look just
 * before narrows that gap without closing it.
 */
export async function putInParts(
  client: S3Client,
  key: string,
  source: Source,
  expect: Expect,
): Promise<PutResult> {
  if (await differs(client, key, expect)) return { outcome: "refused" };
  const upload: Upload = { client, key, id: await begin(client, key) };
  let written = false;
  try {
    const etags = await sendParts(upload, source);
    if (await differs(client, key, expect)) return { outcome: "refused" };
    const result = await putWith(client, key, completion(upload, etags, source.size), expect);
    written = result.outcome === "written";
    return result;
  } catch (error) {
    if (error instanceof TracecraftError && error.code === "unreachable" && !written) {
      return { outcome: "unknown", cause: error };
    }
    throw error;
  } finally {
    if (!written) await abandon(upload);
  }
}

async function differs(client: S3Client, key: string, expect: Expect): Promise<boolean> {
  if (expect === "anything" || expect === "fresh") return false;
  const head = await again(client, (withinMs) => headObject(client, key, withinMs));
  return expect === "nothing" ? head !== undefined : head?.version !== expect.version;
}

async function begin(client: S3Client, key: string): Promise<string> {
  const fullKey = client.fullKey(key);
  const body = await again(client, async (withinMs) => {
    const reply = await client.send({ method: "POST", key: fullKey, query: { uploads: "" }, withinMs });
    if (reply.error) throw refusalError({ ...client, method: "POST", key: fullKey }, reply);
    return textBody(client, reply);
  });
  const id = parseUploadId(body);
  if (!id) throw new TracecraftError("config", `Cannot write "${key}": the store gave no upload id`);
  return id;
}

async function sendParts(upload: Upload, source: Source): Promise<string[]> {
  const partBytes = Math.max(upload.client.multipart.partBytes, Math.ceil(source.size / maxParts));
  const atOnce = Math.max(1, Math.floor(bytesInFlight / partBytes) - 1);
  const etags: string[] = [];
  const sending = new Set<Promise<void>>();
  let count = 0;
  for await (const piece of pieces(source, partBytes)) {
    const index = count++;
    const part: Promise<void> = sendPart(upload, index + 1, piece).then((etag) => {
      etags[index] = etag;
      sending.delete(part);
    });
    part.catch(() => {}); // Thrown where it is awaited below.
    sending.add(part);
    if (sending.size >= atOnce) await Promise.race(sending);
  }
  await Promise.all(sending);
  return etags;
}

function sendPart({ client, key, id }: Upload, number: number, body: Uint8Array): Promise<string> {
  const fullKey = client.fullKey(key);
  const query = { partNumber: String(number), uploadId: id };
  return again(
    client,
    async (withinMs) => {
      const reply = await client.send({ method: "PUT", key: fullKey, query, body, withinMs });
      const { etag } = reply.headers;
      if (reply.error || etag === undefined) {
        if (!reply.error) reply.discard();
        throw refusalError({ ...client, method: "PUT", key: fullKey }, reply);
      }
      reply.discard();
      return etag;
    },
    body.length,
  );
}

/** The commit. AWS may answer 200 and put an error, or the ETag, into the body. */
function completion({ client, key, id }: Upload, etags: readonly string[], size: number) {
  const body = new TextEncoder().encode(completionXml(etags));
  return async (headers: Readonly<Record<string, string>>, withinMs: number): Promise<S3Reply> => {
    const reply = await client.send({
      method: "POST",
      key: client.fullKey(key),
      query: { uploadId: id },
      headers,
      body,
      withinMs: withinMs + size / 10_000, // It may join the parts before it answers.
    });
    // Gone because it was completed before, or given up: only a look at the object can tell.
    if (reply.error?.code === "NoSuchUpload") return { ...reply, status: 500 };
    if (reply.error) return reply;
    const text = await textBody(client, reply);
    const error = parseError(text);
    if (error) return { ...reply, status: error.code === "PreconditionFailed" ? 412 : 500, error };
    const etag =
      textOf(text, "ETag") || reply.headers.etag || (await etagByParts(client, key, etags, withinMs));
    return { ...reply, headers: { ...reply.headers, etag } };
  };
}

/**
 * Ceph 16.2 commits with an empty ETag. What is there now is ours if its ETag is the one that follows from our parts:
 * the MD5 of their MD5s. Undefined when it is not, which leaves the outcome unknown.
 */
async function etagByParts(
  client: S3Client,
  key: string,
  etags: readonly string[],
  withinMs: number,
): Promise<string | undefined> {
  const hash = createHash("md5");
  for (const etag of etags) hash.update(versionOf(etag) ?? "", "hex");
  const head = await headObject(client, key, withinMs).catch(() => undefined);
  return head?.version === `${hash.digest("hex")}-${etags.length}` ? head.version : undefined;
}

/** Frees the parts. Harmless after a commit that landed; what it cannot free, the bucket's own rules must. */
async function abandon({ client, key, id }: Upload): Promise<void> {
  const withinMs = client.timeouts.totalMs;
  const query = { uploadId: id };
  await client.send({ method: "DELETE", key: client.fullKey(key), query, withinMs }).then(
    (reply) => reply.discard(),
    () => {},
  );
}

async function textBody(client: S3Client, reply: S3Reply): Promise<string> {
  const body = await reply.read(maxReplyBytes).catch((error: unknown) => {
    throw networkTrouble(client.name, error);
  });
  return new TextDecoder().decode(body);
}

function again<T>(client: S3Client, attempt: (withinMs: number) => Promise<T>, bytes = 0): Promise<T> {
  return retry(attempt, { withinMs: client.timeouts.totalMs + bytes / 1000, random: client.random });
}
