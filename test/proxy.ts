import { once } from "node:events";
import { Agent, createServer, request as send, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { finished } from "node:stream/promises";
import { requestShape } from "./request-shape.ts";

/** One request on its way through. */
export interface Passing {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** What it is, without what is random in it: `PUT steps/design/claim.json new`. */
  readonly shape: string;
  /** How many of this shape came before it since the last `forget`. */
  readonly at: number;
}

/** `asked`: it is here and was not sent on. `applied`: the store has answered, nobody was told. `told`: the reply is out. */
export type Moment = "asked" | "applied" | "told";

export interface Proxy {
  readonly endpoint: string;
  /** Every request since the last `forget`, in the order of arrival. */
  readonly passed: readonly Passing[];
  forget(): void;
  /** Until nothing is on its way, also of clients that are gone. */
  settled(): Promise<void>;
  /**
   * Called at each moment of each request, and awaited. `cut` breaks the connection there, before anything goes on:
   * a request that was cut when `asked` never reaches the store.
   */
  watch: (passing: Passing, moment: Moment) => "cut" | "on" | Promise<"cut" | "on">;
  close(): Promise<void>;
}

/** Stands between clients and an S3 server and changes nothing, unless `watch` breaks the connection. */
export async function startProxy(target: string, prefix = ""): Promise<Proxy> {
  const upstream = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const passed: Passing[] = [];
  const onTheWay = new Set<Promise<void>>();

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const passing = passingOf(request, prefix, passed);
    passed.push(passing);
    const cut = async (moment: Moment): Promise<boolean> => {
      if ((await self.watch(passing, moment)) === "on") return false;
      request.socket.destroy();
      return true;
    };
    if (await cut("asked")) return;
    const reply = await forward(request, Buffer.concat(chunks));
    if (await cut("applied")) return;
    response.writeHead(reply.status, reply.headers);
    response.end(reply.body);
    await finished(response).catch(() => undefined); // Also where its client had left before this.
    await cut("told");
  }

  async function forward(request: IncomingMessage, body: Buffer) {
    const onward = send({
      agent,
      hostname: upstream.hostname,
      port: upstream.port,
      method: request.method,
      path: request.url,
      headers: withoutExpect(request.rawHeaders), // The host too, which is signed.
      setHost: false,
    });
    onward.end(body);
    const [incoming] = (await once(onward, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    return { status: incoming.statusCode ?? 502, headers: incoming.rawHeaders, body: Buffer.concat(chunks) };
  }

  const server = createServer((request, response) => {
    // A client that was killed breaks its connection: there is nobody to tell.
    const way = pass(request, response).catch(() => void request.socket.destroy());
    onTheWay.add(way);
    void way.then(() => onTheWay.delete(way));
  });
  server.keepAliveTimeout = 30_000;
  const self: Proxy = {
    endpoint: "",
    passed,
    forget: () => void (passed.length = 0),
    async settled() {
      while (onTheWay.size > 0) await Promise.all(onTheWay);
    },
    watch: () => "on",
    async close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(self, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function passingOf(request: IncomingMessage, prefix: string, before: readonly Passing[]): Passing {
  const [path = "", search = ""] = (request.url ?? "").split("?");
  const [, bucket = "", ...rest] = path.split("/");
  const key = decodeURIComponent(rest.join("/"));
  const query = Object.fromEntries(new URLSearchParams(search));
  const method = request.method ?? "";
  const shape = requestShape({ method, bucket, key, query, headers: request.headers }, prefix);
  return { method, bucket, key, shape, at: before.filter((one) => one.shape === shape).length };
}

function withoutExpect(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2)
    if (raw[at]!.toLowerCase() !== "expect") kept.push(raw[at]!, raw[at + 1]!);
  return kept;
}
