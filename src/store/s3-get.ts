import { TracecraftError } from "../errors.ts";
import { retry } from "./retry.ts";
import type { S3Client, S3Reply } from "./s3-client.ts";
import { storeTime, versionOf } from "./s3-client.ts";
import { listBucketNeeded, networkTrouble, refusalError } from "./s3-errors.ts";
import type { HttpReply } from "./s3-http.ts";
import { TooLarge } from "./s3-http.ts";
import { timeIn } from "./s3-time.ts";
import type { GetOptions, StoredObject, Unchanged, Version } from "./store.ts";
import { tooLarge } from "./too-large.ts";

/** What a HEAD says of an object. */
export interface Head {
  readonly version: Version;
  readonly size: number;
  readonly writtenAt: number | undefined;
  readonly storeNow: number | undefined;
}

type Got = StoredObject | Unchanged | undefined;
type Options = GetOptions & { readonly unless?: Version };

const maxRedirects = 3;
const maxLooks = 3;

/** Store.get: a conditional, ranged GET, or a HEAD and then a GET where another host answers GETs. */
export function getObject(client: S3Client, key: string, options: Options): Promise<Got> {
  // A range says how much will come; the limit does not.
  const bytes = options.range ? options.range[1] - options.range[0] : 0;
  return retry((leftMs) => getOnce(client, key, options, leftMs), {
    withinMs: client.timeouts.totalMs + bytes / 1000,
    random: client.random,
  });
}

/** Undefined when the object, or the bucket, is not there: a HEAD cannot say which. */
export async function headObject(client: S3Client, key: string, withinMs: number): Promise<Head | undefined> {
  const reply = await client.send({ method: "HEAD", key: client.fullKey(key), withinMs });
  reply.discard();
  if (reply.status === 404) return undefined;
  const version = versionOf(reply.headers.etag);
  if (reply.status !== 200 || version === undefined) {
    throw refusalError({ ...client, method: "HEAD", key: client.fullKey(key) }, reply);
  }
  return { version, size: Number(reply.headers["content-length"]), ...times(reply) };
}

async function getOnce(client: S3Client, key: string, options: Options, leftMs: number): Promise<Got> {
  const { range, unless } = options;
  for (let looks = 0; looks < maxLooks; looks++) {
    // An object that another host serves gets the version of a HEAD made before: never one newer than its body.
    const head = client.traits.redirectsGets ? await headObject(client, key, leftMs) : undefined;
    if (head && head.version === unless) return unchanged(head);
    if (range && range[1] <= range[0]) return emptyRange(client, key, leftMs);
    const headers: Record<string, string> = {};
    if (range) headers["range"] = `bytes=${range[0]}-${range[1] - 1}`;
    if (unless !== undefined && !client.traits.redirectsGets) headers["if-none-match"] = `"${unless}"`;
    const reply = await client.send({ method: "GET", key: client.fullKey(key), headers, withinMs: leftMs });
    if (isRedirect(reply)) {
      reply.discard();
      client.traits.redirectsGets = true;
      if (!head) continue;
      const elsewhere = await follow(client, reply, headers, leftMs);
      return { ...(await bodyOf(client, key, elsewhere, options, head.version)), ...noTimes };
    }
    if (reply.status === 304 && unless !== undefined) {
      reply.discard();
      return unchanged({ version: unless, ...times(reply) });
    }
    if (reply.status === 416) {
      reply.discard();
      return emptyRange(client, key, leftMs);
    }
    if (reply.error) return absentOr(client, key, reply, leftMs);
    const version = versionOf(reply.headers.etag);
    if (version !== undefined && version === unless) {
      reply.discard(); // Ceph 16.2 and HuggingFace answer 200 to If-None-Match with the current ETag.
      return unchanged({ version, ...times(reply) });
    }
    return { ...(await bodyOf(client, key, reply, options, version)), ...times(reply) };
  }
  throw new TracecraftError(
    "unreachable",
    `Cannot read "${key}": HEAD and GET do not agree whether it is there`,
  );
}

const noTimes = { writtenAt: undefined, storeNow: undefined };

function times(reply: HttpReply): Pick<Head, "writtenAt" | "storeNow"> {
  return { writtenAt: timeIn(reply.headers["last-modified"]), storeNow: storeTime(reply.headers) };
}

function unchanged({ version, writtenAt, storeNow }: Omit<Head, "size">): Unchanged {
  return { unchanged: true, version, writtenAt, storeNow };
}

/** Bytes that are not there, of an object that is: S3 has no reply for it, so a HEAD tells the rest. */
async function emptyRange(client: S3Client, key: string, leftMs: number): Promise<StoredObject | undefined> {
  const head = await headObject(client, key, leftMs);
  return head && { body: new Uint8Array(), ...head };
}

async function bodyOf(
  client: S3Client,
  key: string,
  reply: HttpReply,
  { range, limit }: Options,
  version: Version | undefined,
): Promise<{ body: Uint8Array; size: number; version: Version }> {
  if (version === undefined || (reply.status !== 200 && reply.status !== 206)) {
    reply.discard();
    throw refusalError(
      { ...client, method: "GET", key: client.fullKey(key) },
      { ...reply, error: undefined },
    );
  }
  const partial = reply.status === 206;
  // A server that ignores Range sends the whole, of which the part is cut here.
  const most = range && !partial ? range[1] + limit : limit;
  try {
    const whole = await reply.read(most);
    const body = range && !partial ? whole.subarray(...range) : whole;
    if (body.length > limit) throw new TooLarge(body.length);
    const total = /\/(\d+)$/.exec(reply.headers["content-range"] ?? "")?.[1];
    return { body, size: partial && total !== undefined ? Number(total) : whole.length, version };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw networkTrouble(client.name, error);
    throw tooLarge(key, error.size, limit);
  }
}

/** A missing key is no error; everything else that S3 refuses is. */
async function absentOr(client: S3Client, key: string, reply: S3Reply, leftMs: number): Promise<undefined> {
  const asked = { ...client, method: "GET", key: client.fullKey(key) };
  if (reply.status === 404 && reply.error?.code !== undefined && reply.error.code !== "NoSuchBucket") {
    return undefined;
  }
  if (reply.status === 403 && reply.error?.code === "AccessDenied") {
    const query = { "list-type": "2", "max-keys": "1", prefix: client.fullKey("") };
    const listed = await client.send({ method: "GET", query, withinMs: leftMs });
    if (listed.status === 403) throw listBucketNeeded(asked, reply);
    listed.discard();
  }
  throw refusalError(asked, reply);
}

function isRedirect({ status }: HttpReply): boolean {
  return status === 302 || status === 303 || status === 308 || status === 307;
}

/** Follows a GET to where it was sent, at most three times: nothing of ours goes along but the range. */
async function follow(
  client: S3Client,
  from: HttpReply,
  headers: Readonly<Record<string, string>>,
  withinMs: number,
): Promise<HttpReply> {
  let reply = from;
  let base = new URL(client.traits.endpoint);
  for (let hops = 0; hops < maxRedirects && isRedirect(reply); hops++) {
    const location = reply.headers.location ?? "";
    const url = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
    const allowed =
      url && (url.protocol === "https:" || (url.protocol === "http:" && base.protocol === "http:"));
    if (!allowed) break;
    base = url;
    reply = await client
      .sendElsewhere({
        method: "GET",
        origin: url,
        target: url.pathname + url.search,
        headers: { ...headers, host: url.host, "accept-encoding": "identity" },
        withinMs,
      })
      .catch((error: unknown) => {
        throw networkTrouble(client.name, error);
      });
    if (isRedirect(reply)) reply.discard();
  }
  if (reply.status === 200 || reply.status === 206) return reply;
  reply.discard();
  const code = isRedirect(reply) ? "malformed" : "unreachable";
  throw new TracecraftError(code, `Cannot read from "${client.name}": its redirect leads nowhere`, {
    cause: `${reply.status} from ${base.host}`,
  });
}
