import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Credentials } from "./credentials.ts";
import { endpointName, placeOf } from "./s3-address.ts";
import { clockError, networkTrouble } from "./s3-errors.ts";
import type { HttpReply, Send } from "./s3-http.ts";
import { httpSender } from "./s3-http.ts";
import type { MultipartSizes, S3Options, S3Traits } from "./s3-options.ts";
import { timeIn } from "./s3-time.ts";
import { NetworkError } from "./s3-network-error.ts";
import { silence, usualSilenceMs } from "./s3-silence.ts";
import type { Timeouts } from "./s3-timeouts.ts";
import type { S3Error } from "./s3-xml.ts";
import { parseError } from "./s3-xml.ts";
import { emptySha256, encodePath, queryString, sign } from "./sigv4.ts";
import type { Source } from "./store.ts";

export interface S3Request {
  readonly method: string;
  /** Whole, with the prefix. Undefined: the bucket itself. */
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Source | undefined;
  readonly withinMs: number;
}

export interface S3Reply extends HttpReply {
  /** What an error says; `{}` of nothing for one without a body. Undefined when the status is no error. */
  readonly error: S3Error | undefined;
}

export interface S3Client {
  /** For messages: s3://bucket/prefix. */
  readonly name: string;
  readonly bucket: string;
  readonly traits: S3Traits;
  readonly timeouts: Timeouts;
  readonly random: () => number;
  readonly multipart: MultipartSizes;
  /** Signed and sent once; again only where S3 refused to look at it (a clock off by 15 minutes, another region). */
  readonly send: (request: S3Request) => Promise<S3Reply>;
  /** Unsigned, to another host, without anything of ours. */
  readonly sendElsewhere: Send;
  readonly fullKey: (key: string) => string;
}

export const defaultTimeouts: Timeouts = {
  connectMs: 3000,
  idleMs: 5000,
  totalMs: 9000,
  silentMs: usualSilenceMs,
};
const quickBytes = 64 * 1024;
const defaultMultipart: MultipartSizes = { aboveBytes: 5 * 2 ** 30, partBytes: 16 * 2 ** 20 };
const maxErrorBytes = 64 * 1024;
const farOffMs = 5 * 60_000;
const renewBeforeMs = 60_000;

/** Signs, addresses and sends requests to one bucket, and notes what each reply says about the store. */
export function s3Client(options: S3Options): S3Client {
  const timeouts = { ...defaultTimeouts, ...definedOnly(options.timeouts) };
  const prefix = (options.prefix ?? "").replaceAll(/^\/+|\/+$/g, "");
  const name = `s3://${options.bucket}${prefix && `/${prefix}`}`;
  const traits: Noted<S3Traits, "server"> = {
    endpoint: endpointName(options.endpoint, options.bucket),
    bucket: options.bucket,
    prefix,
    server: undefined,
    conditions: "unknown",
    etagQuoting: "unknown",
    redirectsGets: false,
  };
  const sendElsewhere = httpSender(timeouts);
  return {
    name,
    bucket: options.bucket,
    traits,
    timeouts,
    random: options.random ?? Math.random,
    multipart: { ...defaultMultipart, ...definedOnly(options.multipart) },
    sendElsewhere,
    fullKey: (key) => (prefix ? `${prefix}/${key}` : key),
    send: correctedSend(options, traits, signedSend(options, name, boundedSend(sendElsewhere, timeouts))),
  };
}

type Noted<T, K extends keyof T> = Omit<T, K> & { -readonly [key in K]: T[key] };

interface Stance {
  region: string;
  offsetMs: number;
  keys: Promise<Credentials> | undefined;
}

type SendSigned = (request: S3Request, stance: Stance, now: number) => Promise<S3Reply>;

/** Sends as things stand, and once more where S3 says that clock or region is wrong: it did not look any further. */
function correctedSend(
  options: S3Options,
  traits: Noted<S3Traits, "server">,
  send: SendSigned,
): S3Client["send"] {
  const now = options.now ?? Date.now;
  const stance: Stance = {
    region: options.region || "us-east-1",
    offsetMs: options.clockOffsetMs ?? 0,
    keys: undefined,
  };
  return async (request) => {
    let corrected = false;
    let moved = false;
    for (;;) {
      const at = now() + stance.offsetMs;
      const reply = await send(request, stance, now());
      noteServer(traits, reply.headers["server"]);
      const storeAt = timeIn(reply.headers.date) ?? Number.NaN;
      if (refusesClock(reply, at, storeAt)) {
        if (corrected || Number.isNaN(storeAt)) throw clockError(storeAt - now());
        corrected = true;
        stance.offsetMs = storeAt - now();
        options.onSkew?.(stance.offsetMs);
        continue;
      }
      const elsewhere = regionOf(reply);
      if (elsewhere !== undefined && elsewhere !== stance.region && !moved) {
        moved = true;
        stance.region = elsewhere;
        continue;
      }
      if (/^(?:Expired|Invalid)Token/.test(reply.error?.code ?? "")) stance.keys = undefined;
      return reply;
    }
  };
}

/** What was measured of one server says nothing of another behind the same endpoint. */
function noteServer(traits: Noted<S3Traits, "server">, server: unknown): void {
  if (typeof server !== "string") return;
  traits.server = server;
  if (traits.measuredServer === undefined || traits.measuredServer === server) return;
  traits.measuredServer = undefined;
  traits.conditions = "unknown";
}

/**
 * No request is waited for longer than the store may be silent, but for large bodies, which take their time, and for
 * what a store does before it answers. What a GET brings comes after its answer.
 */
function boundedSend(send: Send, { totalMs, silentMs }: Timeouts): Send {
  const { leftMs, heard } = silence(silentMs);
  return async (request) => {
    const slow =
      request.method !== "GET" &&
      (bodySize(request.body) > quickBytes || request.withinMs > totalMs + quickBytes / 1000);
    const withinMs = slow ? request.withinMs : Math.min(request.withinMs, leftMs());
    if (withinMs <= 0) throw new NetworkError(`no answer within ${silentMs / 1000}s`, "given up");
    const reply = await send({ ...request, withinMs });
    heard();
    return reply;
  };
}

function signedSend(options: S3Options, name: string, send: Send): SendSigned {
  return async (request, stance, now) => {
    const { region } = stance;
    const { origin, path } = placeOf(options, region);
    const { method, body, query = {}, withinMs } = request;
    const fullPath = request.key === undefined ? path || "/" : `${path}/${encodePath(request.key)}`;
    const signable = {
      method,
      path: fullPath,
      query,
      headers: { ...request.headers, host: origin.host },
      payloadSha256: payloadSha256(body),
    };
    const keys = await currentKeys(options, stance, now);
    // The rest is not signed: a proxy may change it without harm.
    const headers = sign(signable, keys, { region, at: now + stance.offsetMs });
    headers["accept-encoding"] = "identity";
    if (method === "PUT" || method === "POST") headers["content-length"] = String(bodySize(body));
    else headers["cache-control"] = "no-cache";
    const search = queryString(query);
    const target = search ? `${fullPath}?${search}` : fullPath;
    try {
      return await withError(await send({ method, origin, target, headers, body, withinMs }), method);
    } catch (error) {
      throw networkTrouble(name, error);
    }
  };
}

async function currentKeys(options: S3Options, stance: Stance, now: number): Promise<Credentials> {
  stance.keys ??= options.credentials();
  try {
    const keys = await stance.keys;
    if (keys.expiresAt === undefined || keys.expiresAt - renewBeforeMs > now) return keys;
    stance.keys = options.credentials();
    return await stance.keys;
  } catch (error) {
    stance.keys = undefined;
    throw error;
  }
}

async function withError(reply: HttpReply, method: string): Promise<S3Reply> {
  const isError = reply.status >= 400 || reply.status === 301 || reply.status === 307;
  if (!isError) return { ...reply, error: undefined };
  const body = method === "HEAD" ? undefined : await reply.read(maxErrorBytes).catch(() => undefined);
  if (method === "HEAD") reply.discard();
  const said = body && parseError(new TextDecoder().decode(body));
  const header = reply.headers["x-amz-request-id"];
  const requestId = said?.requestId ?? (typeof header === "string" ? header.slice(0, 100) : undefined);
  const { code, message, region } = said ?? {};
  return { ...reply, error: { code, message, region, requestId } };
}

/** A HEAD is refused without a reason: there the reply's own time must tell. */
function refusesClock(reply: S3Reply, at: number, storeAt: number): boolean {
  if (reply.error?.code === "RequestTimeTooSkewed") return true;
  return reply.status === 403 && reply.error?.code === undefined && Math.abs(storeAt - at) > farOffMs;
}

function regionOf(reply: S3Reply): string | undefined {
  if (!reply.error) return undefined;
  const header = reply.headers["x-amz-bucket-region"];
  const wrong =
    reply.status === 301 || reply.status === 307 || reply.error.code === "AuthorizationHeaderMalformed";
  const region = typeof header === "string" ? header : reply.error.region;
  return wrong && region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined;
}

/** The store's clock by this reply, in ms, unless a cache answered or the header is missing. */
export function storeTime(headers: IncomingHttpHeaders): number | undefined {
  const at = timeIn(headers.date);
  const cached = ["x-cache", "cf-cache-status"].some((header) => /hit/i.test(String(headers[header] ?? "")));
  return cached || Number(headers.age ?? 0) !== 0 ? undefined : at;
}

/** An ETag as a version: without its quotes, which stores give in one reply and leave out in another. */
export function versionOf(etag: string | undefined): string | undefined {
  const version = etag?.trim().replace(/^(?:W\/)?"(.*)"$/, "$1");
  return version === "" ? undefined : version;
}

function payloadSha256(body: Uint8Array | Source | undefined): string {
  if (body === undefined) return emptySha256;
  return body instanceof Uint8Array ? createHash("sha256").update(body).digest("hex") : body.sha256;
}

function bodySize(body: Uint8Array | Source | undefined): number {
  return body === undefined ? 0 : body instanceof Uint8Array ? body.length : body.size;
}

function definedOnly<T extends object>(given: T | undefined): Partial<T> {
  return Object.fromEntries(
    Object.entries(given ?? {}).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
