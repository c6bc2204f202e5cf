import { once } from "node:events";
import http from "node:http";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { checkedChunks } from "./source.ts";
import type { Source } from "./store.ts";

export interface Timeouts {
  /** To a connected (and, for https, encrypted) socket. */
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** For one call with all its repetitions, before the time that its bytes are allowed (64 kB/s). */
  readonly totalMs: number;
}

export interface HttpRequest {
  readonly method: string;
  readonly origin: URL;
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Source | undefined;
  /** The time left for this request, in ms. */
  readonly withinMs: number;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The whole body; `TooLarge` before more than `limit` bytes were read. */
  read(limit: number): Promise<Uint8Array>;
  /** Frees the connection without the body. */
  discard(): void;
}

export type Send = (request: HttpRequest) => Promise<HttpReply>;

/** No reply, or half of one. `permanent`: repeating it would end the same (certificates, a server without TLS). */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly permanent: boolean;

  constructor(reason: string, permanent = false) {
    super(reason);
    this.permanent = permanent;
  }
}

/** A body over the limit; `size` is what was announced, else what had been read. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
  readonly size: number;

  constructor(size: number) {
    super(`${size} bytes`);
    this.size = size;
  }
}

const maxSockets = 64;
const bytesPerMs = 64;
const expectContinueAbove = 1 << 20;
const continueWaitMs = 1000;
const discardBytes = 64 * 1024;

/**
 * Requests over node:http and node:https with kept connections. It repeats nothing: a connection that the server had
 * closed meanwhile is a `NetworkError` like any other.
 */
export function httpSender(timeouts: Timeouts): Send {
  const agents = new Map<string, http.Agent>();

  return async (request) => {
    const secure = request.origin.protocol === "https:";
    const { request: start, Agent } = secure ? (await import("./s3-https.ts")).https : http;
    const agent = agents.get(request.origin.protocol) ?? new Agent({ keepAlive: true, maxSockets });
    agents.set(request.origin.protocol, agent);
    const streamed = request.body !== undefined && !(request.body instanceof Uint8Array);
    const expects = streamed && request.body.size > expectContinueAbove;
    const outgoing = start({
      agent,
      method: request.method,
      protocol: request.origin.protocol,
      hostname: request.origin.hostname.replaceAll(/^\[|\]$/g, ""),
      port: request.origin.port,
      path: request.target,
      headers: expects ? { ...request.headers, expect: "100-continue" } : request.headers,
    });
    const watch = watchTime(outgoing, timeouts, request.withinMs + bodySize(request.body) / bytesPerMs);
    try {
      const [incoming] = await Promise.race([
        replyTo(outgoing),
        streamed ? pump(outgoing, request.body, expects) : sendWhole(outgoing, request.body),
      ]);
      return replyOf(outgoing, incoming, watch);
    } catch (error) {
      watch.stop();
      outgoing.destroy();
      throw watch.gaveUp() ?? networkError(error);
    }
  };
}

function bodySize(body: Uint8Array | Source | undefined): number {
  return body === undefined ? 0 : body instanceof Uint8Array ? body.length : body.size;
}

function replyTo(outgoing: ClientRequest): Promise<[IncomingMessage]> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", (incoming) => resolve([incoming]));
    outgoing.on("error", reject); // Stays: an error after the reply must not end the process.
  });
}

/** Never resolves: only the reply ends a request. */
function sendWhole(outgoing: ClientRequest, body: Uint8Array | undefined): Promise<never> {
  outgoing.end(body);
  return new Promise(() => {});
}

/** Sends a stream until it ends or the server answers early; rejects when the source does. */
async function pump(outgoing: ClientRequest, source: Source, expects: boolean): Promise<never> {
  let answered = false;
  outgoing.once("response", () => (answered = true));
  const stopped = new Promise<void>((resolve) => {
    outgoing.once("response", () => resolve());
    outgoing.once("close", () => resolve());
  });
  if (expects) {
    outgoing.flushHeaders();
    await Promise.race([once(outgoing, "continue").catch(() => {}), stopped, delay(continueWaitMs)]);
  }
  for await (const chunk of checkedChunks(source)) {
    if (answered || outgoing.destroyed) break;
    if (!outgoing.write(chunk)) await Promise.race([once(outgoing, "drain").catch(() => {}), stopped]);
  }
  if (!answered && !outgoing.destroyed) outgoing.end();
  return new Promise(() => {});
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

interface Watch {
  readonly gaveUp: () => NetworkError | undefined;
  readonly allow: (bytes: number) => void;
  readonly stop: () => void;
}

/** Destroys the request when one of its times is over. They run from the moment that it has a socket. */
function watchTime(outgoing: ClientRequest, timeouts: Timeouts, withinMs: number): Watch {
  let reason: NetworkError | undefined;
  let total: NodeJS.Timeout | undefined;
  let connect: NodeJS.Timeout | undefined;
  let startedAt = 0;
  let allowedMs = withinMs;
  const giveUp = (text: string) => {
    reason ??= new NetworkError(text);
    outgoing.destroy(reason);
  };
  const arm = () => {
    clearTimeout(total);
    const leftMs = allowedMs - (performance.now() - startedAt);
    total = setTimeout(() => giveUp(`no answer within ${seconds(allowedMs)}`), Math.max(0, leftMs));
  };
  outgoing.once("socket", (socket) => {
    startedAt = performance.now();
    arm();
    if (!socket.connecting) return;
    const connectMs = Math.min(timeouts.connectMs, withinMs);
    connect = setTimeout(() => giveUp(`no connection within ${seconds(connectMs)}`), connectMs);
    const ready = outgoing.protocol === "https:" ? "secureConnect" : "connect";
    socket.once(ready, () => clearTimeout(connect));
  });
  outgoing.once("close", () => clearTimeout(connect));
  outgoing.setTimeout(timeouts.idleMs, () => giveUp(`silent for ${seconds(timeouts.idleMs)}`));
  return {
    gaveUp: () => reason,
    allow(bytes) {
      allowedMs += bytes / bytesPerMs;
      arm();
    },
    stop() {
      clearTimeout(total);
      clearTimeout(connect);
    },
  };
}

function replyOf(outgoing: ClientRequest, incoming: IncomingMessage, watch: Watch): HttpReply {
  const announced = Number(incoming.headers["content-length"] ?? Number.NaN);
  const discard = () => {
    watch.stop();
    // A short rest is read, to keep the connection; a long one is not worth it.
    if (!outgoing.writableEnded) outgoing.destroy();
    let rest = 0;
    incoming.on("data", (chunk: Uint8Array) => {
      rest += chunk.length;
      if (rest > discardBytes) outgoing.destroy();
    });
  };
  incoming.on("error", () => {}); // Told by read(), which may not be called.

  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    discard,
    async read(limit) {
      if (announced > limit && outgoing.method !== "HEAD") {
        discard();
        throw new TooLarge(announced);
      }
      if (announced > 0) watch.allow(Math.min(announced, limit));
      const chunks: Uint8Array[] = [];
      let size = 0;
      try {
        for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
          size += chunk.length;
          if (size > limit) throw new TooLarge(size);
          chunks.push(chunk);
        }
      } catch (error) {
        outgoing.destroy();
        throw error instanceof TooLarge ? error : (watch.gaveUp() ?? networkError(error));
      } finally {
        watch.stop();
        if (!outgoing.writableEnded) outgoing.destroy(); // It answered before it had the whole body.
      }
      const body = new Uint8Array(size); // Of its own: a chunk is a view of a larger buffer.
      let filled = 0;
      for (const chunk of chunks) {
        body.set(chunk, filled);
        filled += chunk.length;
      }
      return body;
    },
  };
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host not found",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
};

/** What the network said, in words. An error that is not the network's own (a source that throws) stays as it is. */
function networkError(error: unknown): unknown {
  if (error instanceof AggregateError) return networkError(error.errors[0]);
  if (error instanceof NetworkError || !(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const reason = reasons[code];
  if (reason !== undefined) return new NetworkError(reason);
  if (/^(?:CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)|^EPROTO$/.test(code)) {
    return new NetworkError(`TLS: ${code}`, true);
  }
  if (/^(?:HPE_|ECONN|ERR_STREAM_PREMATURE_CLOSE)/.test(code))
    return new NetworkError(`broken reply: ${code}`);
  return error;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10}s`;
}
