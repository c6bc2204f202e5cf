import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { s3Keys, worker, type Running, type Worker } from "./processes.ts";
import { startProxy, type Moment, type Passing, type Proxy } from "./proxy.ts";
import { cliWorld, type Ran } from "./run-cli.ts";
import { startS3Server, type S3Server } from "./s3-server.ts";

/** One request of a command, and a moment of it. */
export interface Point {
  readonly shape: string;
  readonly at: number;
  readonly moment: Moment;
}

type Objects = ReadonlyMap<string, { readonly body: Buffer; readonly etag: string }>;
const parsed = (body: Buffer | undefined) => body && (JSON.parse(body.toString()) as Record<string, unknown>);

/** A bucket behind a proxy, and two agents on machines of their own. All of it can be put back as it was. */
export interface Lane {
  readonly server: S3Server;
  readonly proxy: Proxy;
  /** The one whose commands are killed, and the one who looks at what is left. */
  readonly mine: Worker;
  readonly other: Worker;
  /** How often something was put back: for names that are to be new each time. */
  readonly round: number;
  /** The record at a key of the project, or undefined. */
  record(key: string): Record<string, unknown> | undefined;
  /** The same, as it was when all was saved. */
  before(key: string): Record<string, unknown> | undefined;
  keys(prefix: string): string[];
  bytes(key: string): Buffer | undefined;
  /** So much time passes for the store. */
  pass(ms: number): void;
  /** Begins anew: these objects, and the machines as they were at first. */
  begin(): void;
  /** What is there now is what `restore` brings back. */
  save(): void;
  restore(): void;
  /** Does something that is undone afterwards, as far as the bucket and the other agent know. */
  aside<T>(what: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export const project = "shop";

export async function openLane(): Promise<Lane> {
  const server = await startS3Server();
  const proxy = await startProxy(server.endpoint, `${project}/`);
  const init = ["--bucket", "bucket", "--endpoint", proxy.endpoint];
  const mine = await worker("web-1", init, s3Keys);
  const other = await worker("api-2", init, s3Keys);
  const saved = cliWorld().root;
  const objects = () =>
    server.objects("bucket") as Map<string, { readonly body: Buffer; readonly etag: string }>;
  let kept: Objects = new Map();
  let first: Objects | undefined;
  let round = 0;
  const putBack = (all: Objects): void => {
    objects().clear();
    for (const [key, object] of all) objects().set(key, object);
  };
  const bytes = (key: string) => objects().get(`${project}/${key}`)?.body;
  return {
    server,
    proxy,
    mine,
    other,
    get round() {
      return round;
    },
    bytes,
    record: (key) => parsed(bytes(key)),
    before: (key) => parsed(kept.get(`${project}/${key}`)?.body),
    keys: (prefix) =>
      [...objects().keys()]
        .map((key) => key.slice(project.length + 1))
        .filter((key) => key.startsWith(prefix))
        .toSorted(),
    pass(ms) {
      server.quirks = { ...server.quirks, skewMs: (server.quirks.skewMs ?? 0) + ms };
    },
    begin() {
      if (first) putBack(first);
      first ??= new Map(objects());
      for (const { agent, world } of [mine, other]) {
        const at = join(saved, "first", agent);
        if (existsSync(at)) copy(at, world.root);
        else copy(world.root, at);
      }
      server.quirks = {};
    },
    save() {
      kept = new Map(objects());
      for (const { agent, world } of [mine, other]) copy(world.root, join(saved, agent));
    },
    restore() {
      round++;
      putBack(kept);
      for (const { agent, world } of [mine, other]) copy(join(saved, agent), world.root);
      server.quirks = { ...server.quirks, skewMs: 0 };
      proxy.watch = () => "on";
      proxy.forget();
    },
    async aside(what) {
      const now = new Map(objects());
      const { skewMs = 0 } = server.quirks;
      const done = await what();
      putBack(now);
      copy(join(saved, other.agent), other.world.root);
      server.quirks = { ...server.quirks, skewMs };
      return done;
    },
    async close() {
      await Promise.all([proxy.close(), server.close()]);
    },
  };
}

function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

/** Every moment of every request that a command has sent. */
export function pointsOf(passed: readonly Passing[], moments: readonly Moment[]): Point[] {
  return passed.flatMap(({ shape, at }) => moments.map((moment) => ({ shape, at, moment })));
}

const isAt = ({ shape, at }: Passing, moment: Moment, point: Point): boolean =>
  shape === point.shape && at === point.at && moment === point.moment;

/** Runs it and kills it at that point; `reached` says whether it came so far. */
export async function runKilled(
  { proxy }: Lane,
  start: () => Running,
  point: Point,
): Promise<Ran & { reached: boolean }> {
  let reached = false;
  let running: Running | undefined;
  proxy.watch = async (passing, moment) => {
    if (reached) return "cut"; // It is dead: nothing of it goes on.
    if (!isAt(passing, moment, point)) return "on";
    reached = true;
    running?.child.kill("SIGKILL");
    await running?.ended;
    return "cut";
  };
  running = start();
  const ran = await running.ended;
  await proxy.settled();
  proxy.watch = () => "on";
  return { ...ran, reached };
}

/** Runs it while the connection breaks at that point, once, or from then on at every request. */
export async function runCut(
  { proxy }: Lane,
  start: () => Running,
  point: Point,
  once: "once" | "for good" = "once",
): Promise<Ran & { reached: boolean }> {
  let reached = false;
  proxy.watch = (passing, moment) => {
    if (reached && once === "for good") return "cut";
    if (reached || !isAt(passing, moment, point)) return "on";
    reached = true;
    return "cut";
  };
  const ran = await start().ended;
  await proxy.settled();
  proxy.watch = () => "on";
  return { ...ran, reached };
}
