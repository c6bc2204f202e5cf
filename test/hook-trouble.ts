import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { HookWorld } from "./hook-world.ts";

const servers = new Map<string, { url: string; close(): void }>();

async function serve(name: string, answer: RequestListener): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  servers.set(name, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close });
}

/** Starts the servers that have each a fault; call it once in a file of tests. */
export function serveFaults(): void {
  beforeAll(async () => {
    await serve("hung", () => undefined);
    await serve(
      "500",
      (_, reply) => void reply.writeHead(500).end("<Error><Code>InternalError</Code></Error>"),
    );
    await serve(
      "403",
      (_, reply) => void reply.writeHead(403).end("<Error><Code>ExpiredToken</Code></Error>"),
    );
    await serve(
      "strange",
      (_, reply) => void reply.writeHead(200).end("<html>log in to this network</html>"),
    );
  });
  afterAll(() => servers.forEach(({ close }) => close()));
}

export const keys = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLEEXAMPLE00", AWS_SECRET_ACCESS_KEY: "secret" };
const none = { AWS_EC2_METADATA_DISABLED: "true" };

function configure({ cwd }: HookWorld, words: unknown): void {
  writeFileSync(join(cwd, ".tracecraft.json"), typeof words === "string" ? words : JSON.stringify(words));
}

async function bucket(world: HookWorld, endpoint: string, env: Record<string, string> = keys): Promise<void> {
  Object.assign(world.env, none, env);
  configure(world, { schema: 3, store: "s3://bucket", endpoint, project: "shop" });
  await world.project("claude-code", "x").catch(() => undefined); // Trusted.
}

export interface Fault {
  prepare(world: HookWorld): Promise<void> | void;
  /** Instead of the event. */
  readonly input?: string | Uint8Array;
  /** The code that `doctor --hooks` has; undefined where silence is no trouble. */
  readonly code?: string | RegExp;
}

export const good = async (world: HookWorld): Promise<void> => {
  configure(world, { schema: 3, store: "./bucket", project: "shop" });
  await world.project("claude-code", "x");
};

export const faults: Readonly<Record<string, Fault>> = {
  "no project": { prepare: () => undefined },
  "a project that init was not run with here": {
    prepare: (world) => configure(world, { schema: 3, store: "./bucket", project: "shop" }),
    code: "config",
  },
  "a broken configuration": { prepare: (world) => configure(world, "{nope"), code: "config" },
  "garbage on stdin": { prepare: good, input: "garbage \u0000 {", code: "malformed" },
  "5 MB of garbage on stdin": { prepare: good, input: Buffer.alloc(5_000_000, 0xff), code: "malformed" },
  "nothing on stdin": { prepare: good, input: "", code: "malformed" },
  "an event without a session": { prepare: good, input: '{"cwd":"/"}', code: "malformed" },
  "an event with a hostile session": {
    prepare: good,
    input: JSON.stringify({ session_id: "../../x\n", cwd: "/" }),
    code: "malformed",
  },
  "no credentials": {
    prepare: (world) => bucket(world, servers.get("500")!.url, {}),
    code: /config|denied|timeout/,
  },
  "nobody at the endpoint": {
    prepare: (world) => bucket(world, "http://127.0.0.1:9"),
    code: /unreachable|timeout/,
  },
  "a store that never answers": {
    prepare: (world) => bucket(world, servers.get("hung")!.url),
    code: "timeout",
  },
  "a store that answers 500": {
    prepare: (world) => bucket(world, servers.get("500")!.url),
    code: /unreachable|timeout/,
  },
  "an expired token": { prepare: (world) => bucket(world, servers.get("403")!.url), code: /denied|timeout/ },
  "a network that asks to log in": {
    prepare: (world) => bucket(world, servers.get("strange")!.url),
    code: /./,
  },
  "local state that cannot be written": {
    async prepare(world) {
      await good(world);
      rmSync(join(world.home, "state"), { recursive: true });
      writeFileSync(join(world.home, "state"), "a file");
    },
  },
  "local state that is damaged": {
    async prepare(world) {
      await good(world);
      const state = join(world.home, "state");
      for (const name of readdirSync(state, { recursive: true, encoding: "utf8" }))
        if (name.endsWith(".json") && !name.includes("trusted")) writeFileSync(join(state, name), "{");
    },
  },
  "a bucket that cannot be listed": {
    async prepare(world) {
      await good(world);
      rmSync(join(world.cwd, "bucket"), { recursive: true, force: true });
      writeFileSync(join(world.cwd, "bucket"), "a file");
    },
  },
};
