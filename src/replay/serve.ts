import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pageHtml, policy, type PageBlocks, type Viewer } from "./html.ts";

/** One state of a bucket, made into blocks. */
export interface Built {
  readonly blocks: PageBlocks;
  /** Gives up whatever holds the blocks. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly viewer: Viewer;
  readonly first: Built;
  /** 0 takes any free port. */
  readonly port: number;
  /** In the path of every address, so that another user of this machine can not guess one: 32 hex digits. */
  readonly secret: string;
}

export interface Serving {
  /** Where the page is, on the loopback interface. */
  readonly url: string;
  /** How many browsers follow at this moment. */
  followers(): number;
  /** From now on this is what the page shows; whoever follows is told. */
  show(next: Built): Promise<void>;
  close(): Promise<void>;
}

/** A page that is being read goes on with the blocks that it began with, so long. */
const generationsKept = 3;
const beatMs = 15_000;

/**
 * A page from a server of this machine alone: it listens on 127.0.0.1, and refuses what names another host, comes from
 * another origin, or does not know the secret path. It answers GET and HEAD, and never reads a file by a name it is given.
 */
export async function servePage({ viewer, first, port, secret }: ServeOptions): Promise<Serving> {
  const generations = new Map<number, Built>([[1, first]]);
  let current = 1;
  const following = new Set<ServerResponse>();
  const beat = setInterval(() => tell(": still here\n\n"), beatMs);
  const tell = (text: string): void => following.forEach((response) => void response.write(text));

  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === "") return sendPage(viewer, generations.get(current)!.blocks, response);
    if (path === "events") return void follow(response, following);
    if (path === "blocks/current") return void send(response, 200, "text/plain", `${current}`);
    const [, generation = "", name = ""] = /^blocks\/(\d{1,9})\/([a-z]+(?:\.\d{1,9})?)$/.exec(path) ?? [];
    const blocks = generations.get(Number(generation))?.blocks;
    if (!blocks?.names.includes(name)) return void send(response, 404, "text/plain", "not here");
    send(response, 200, "application/octet-stream", await blocks.read(name));
  };

  const server = createServer((request, response) => {
    const refused = refusal(request, server, secret);
    if (refused) return send(response, ...refused);
    const path = request.url!.slice(secret.length + 2).split("?", 1)[0]!;
    answer(path, response).catch(() => response.destroy());
  });
  await listen(server, port);

  return {
    url: `http://127.0.0.1:${portOf(server)}/${secret}/`,
    followers: () => following.size,
    async show(next) {
      generations.set(++current, next);
      tell(`data: ${current}\n\n`);
      const old = generations.get(current - generationsKept);
      generations.delete(current - generationsKept);
      await old?.close();
    },
    async close() {
      clearInterval(beat);
      server.close();
      server.closeAllConnections();
      await Promise.all([...generations.values()].map((built) => built.close()));
    },
  };
}

/** Why a request gets no answer; undefined for one that does. A page of another host may name ours, by DNS. */
function refusal(
  { method, url = "", headers }: IncomingMessage,
  server: Server,
  secret: string,
): [status: number, type: string, text: string] | undefined {
  const hosts = ["127.0.0.1", "localhost"].map((name) => `${name}:${portOf(server)}`);
  const { host = "", origin, "sec-fetch-site": site } = headers;
  if (!hosts.includes(host)) return [403, "text/plain", "another host"];
  if (origin !== undefined && origin !== `http://${host}`) return [403, "text/plain", "another origin"];
  if (site !== undefined && site !== "same-origin" && site !== "none")
    return [403, "text/plain", "another site"];
  if (method !== "GET" && method !== "HEAD") return [405, "text/plain", "only GET"];
  if (!url.startsWith(`/${secret}/`)) return [404, "text/plain", "not here"];
  return undefined;
}

async function sendPage(viewer: Viewer, blocks: PageBlocks, response: ServerResponse): Promise<void> {
  const served = { blocks: "blocks/", events: "events" };
  const framed = `${policy(viewer.script, viewer.style, served)}; frame-ancestors 'none'`;
  response.writeHead(200, {
    ...always,
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": framed,
  });
  for await (const piece of pageHtml(viewer, blocks, served)) response.write(piece);
  response.end();
}

function follow(response: ServerResponse, following: Set<ServerResponse>): void {
  response.writeHead(200, { ...always, "content-type": "text/event-stream" });
  response.write(": follows\n\n");
  following.add(response);
  response.on("close", () => following.delete(response));
}

const always = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { ...always, "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
