import { once } from "node:events";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { networkError } from "./s3-network-error.ts";
import type { Timeouts, Watch } from "./s3-timeouts.ts";
import { bytesPerMs, watchTime } from "./s3-timeouts.ts";
import { checkedChunks } from "./source.ts";
import type { Source } from "./store.ts";

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
const expectContinueAbove = 1 << 20;
const continueWaitMs = 1000;
const discardBytes = 64 * 1024;

/**
 * Requests over node:http and node:https with kept connections. It repeats nothing: a connection that the server had
 * closed meanwhile is a `NetworkError` like any other.
 */
export function httpSender(timeouts: Timeouts): Send {
  const agents = new Map<string, HttpAgent>();

  return async (request) => {
    const secure = request.origin.protocol === "https:";
    const { request: start, Agent } = secure
      ? (await import("./s3-https.ts")).https
      : { request: httpRequest, Agent: HttpAgent };
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
