import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { S3Options } from "../src/store/s3.ts";
import type { Fault, Plan, Seen } from "./s3-faults.ts";
import { type Answer, type Quirks, s3Error, s3Objects } from "./s3-objects.ts";
import { checkSignature, type ServerKeys } from "./s3-signature.ts";

export interface Logged extends Seen {
  /** 0 when no reply was sent. */
  readonly status: number;
  readonly fault: Fault["kind"] | undefined;
  /** One more than the deepest request that had been answered when this one came: its place in a row of round trips. */
  readonly depth: number;
}

export interface S3ServerOptions {
  readonly buckets?: readonly string[];
  readonly keys?: ServerKeys;
  readonly quirks?: Quirks;
  readonly plan?: Plan;
  readonly port?: number;
}

export interface S3Server {
  readonly endpoint: string;
  readonly keys: ServerKeys;
  /** May be replaced at any time. */
  quirks: Quirks;
  plan: Plan;
  /** Every request since the last `forget`, in the order of arrival. */
  readonly log: readonly Logged[];
  /** The log as "PUT key 200" ("LIST prefix 200" for a listing), for comparison. */
  readonly lines: () => string[];
  /**
   * The longest row of requests of which each came after the one before it was answered. Set `quirks.latencyMs`, or
   * what was sent at once may look like a row.
   */
  readonly roundTrips: () => number;
  readonly forget: () => void;
  /** The objects of a bucket, by key. */
  readonly objects: (bucket: string) => ReadonlyMap<string, { readonly body: Buffer; readonly etag: string }>;
  /** Options for `s3Store` on this server; quick to give up, without pauses. */
  readonly options: (more?: Partial<S3Options>) => S3Options;
  readonly close: () => Promise<void>;
}

export const testKeys: ServerKeys = { accessKeyId: "test-access", secretAccessKey: "test-secret" };

/** An S3 server in this process: right unless a quirk says otherwise, reliable unless the plan does not let it be. */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const keys = options.keys ?? testKeys;
  const log: (Logged & { status: number })[] = [];
  let answeredDepth = 0;
  const now = () => Date.now() + (self.quirks.skewMs ?? 0);
  const world = s3Objects(() => self.quirks, now);
  for (const bucket of options.buckets ?? ["bucket"]) world.buckets.set(bucket, new Map());

  const server = createServer((request, response) => void serve(request, response));
  server.keepAliveTimeout = 30_000;
  // The other origin of redirected GETs: no signature is asked for, and its clock is another one.
  const cdn = createServer((request, response) => {
    const seen = seenOf(request);
    const leaked = request.headers.authorization ?? request.headers["x-amz-date"];
    const answer = leaked ? s3Error(400, "CredentialsLeaked") : world.apply(seen, Buffer.alloc(0), true);
    send(request, response, { ...answer, headers: { ...answer.headers, date: new Date(0).toUTCString() } });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = seenOf(request);
    const fault = self.plan(seen);
    const entry = { ...seen, status: 0, fault: fault?.kind, depth: answeredDepth + 1 };
    log.push(entry);
    // What a server that checks before it writes believes while the body is still on its way.
    const early = self.quirks.racy && seen.method === "PUT" ? { refused: world.refusal(seen) } : undefined;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // The client went away: nothing happened.
    }
    const lateMs = (self.quirks.latencyMs ?? 0) + (fault?.kind === "slow" ? fault.ms : 0);
    if (lateMs > 0) await new Promise((resolve) => setTimeout(resolve, lateMs));
    if (fault?.kind === "silent") return;
    if (fault?.kind === "lose-request") return void request.socket.destroy();
    const body = Buffer.concat(chunks);
    let answer = respond(request, seen, body, fault, early);
    if (fault?.kind === "lose-reply") return void request.socket.destroy();
    if (fault?.kind === "status" && fault.after)
      answer = s3Error(fault.status, fault.code ?? "InternalError");
    entry.status = answer.status;
    response.once("finish", () => (answeredDepth = Math.max(answeredDepth, entry.depth)));
    const date = new Date(now()).toUTCString();
    const headers = { date, server: self.quirks.server ?? "tracecraft-test", ...answer.headers };
    send(request, response, { ...answer, headers }, fault?.kind === "cut-body");
  }

  function respond(
    request: IncomingMessage,
    seen: Seen,
    body: Buffer,
    fault: Fault | undefined,
    early: { readonly refused: Answer | undefined } | undefined,
  ): Answer {
    if (fault?.kind === "status" && !fault.after) return s3Error(fault.status, fault.code ?? "InternalError");
    if (fault?.kind === "reply") return fault;
    const { region, denies, redirectGets } = self.quirks;
    const wrong = checkSignature(request, body, keys, now(), region);
    if (wrong === "AuthorizationHeaderMalformed") {
      return s3Error(400, wrong, `<Region>${region}</Region>`);
    }
    if (wrong !== undefined) return s3Error(wrong === "XAmzContentSHA256Mismatch" ? 400 : 403, wrong);
    if (denies?.(seen)) return s3Error(403, "AccessDenied");
    if (early?.refused) return early.refused;
    if (
      redirectGets &&
      seen.method === "GET" &&
      seen.key !== "" &&
      world.buckets.get(seen.bucket)?.has(seen.key)
    ) {
      return { status: 302, headers: { location: `${originOf(cdn)}${request.url}` } };
    }
    return world.apply(seen, body, early !== undefined);
  }

  const self: S3Server = {
    endpoint: "",
    keys,
    quirks: options.quirks ?? {},
    plan: options.plan ?? (() => undefined),
    log,
    lines: () => log.map(({ method, key, query, status }) => lineOf(method, key, query, status)),
    roundTrips: () => Math.max(0, ...log.map(({ depth }) => depth)),
    forget() {
      log.length = 0;
      answeredDepth = 0;
    },
    objects: (bucket) => world.buckets.get(bucket) ?? new Map(),
    options: (more = {}) => ({
      endpoint: self.endpoint,
      bucket: "bucket",
      credentials: async () => ({ ...keys, source: "the test" }),
      random: () => 0,
      timeouts: { connectMs: 1000, idleMs: 1000, totalMs: 3000 },
      ...more,
    }),
    async close() {
      for (const each of [server, cdn]) {
        each.close();
        each.closeAllConnections();
      }
    },
  };
  server.listen(options.port ?? 0, "127.0.0.1");
  cdn.listen(0, "127.0.0.1");
  await Promise.all([once(server, "listening"), once(cdn, "listening")]);
  return Object.assign(self, { endpoint: originOf(server) });
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function seenOf(request: IncomingMessage): Seen {
  const [path = "", search = ""] = (request.url ?? "").split("?");
  const virtual = /^(.+)\.localhost(?::\d+)?$/.exec(request.headers.host ?? "")?.[1];
  const [, bucket = "", ...rest] = virtual === undefined ? path.split("/") : ["", virtual, path.slice(1)];
  const query = Object.fromEntries(new URLSearchParams(search.replaceAll("+", "%2B")));
  return {
    method: request.method ?? "",
    bucket: decodeURIComponent(bucket),
    key: decodeURIComponent(rest.join("/")),
    query,
    headers: request.headers,
  };
}

function lineOf(
  method: string,
  key: string,
  query: Readonly<Record<string, string>>,
  status: number,
): string {
  if (key !== "") return `${method} ${key} ${status}`;
  return "list-type" in query ? `LIST ${query["prefix"] ?? ""} ${status}` : `${method} bucket ${status}`;
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, cut = false): void {
  const bodiless = request.method === "HEAD" || answer.status === 304 || answer.status === 204;
  const body = Buffer.from(answer.body ?? "");
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.status === 304 || answer.status === 204 ? {} : { "content-length": body.length }),
  });
  if (!cut) return void response.end(bodiless ? undefined : body);
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
}
