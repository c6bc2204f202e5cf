import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { probeStore, type Measured, type ProbeWorld } from "../src/store/probe.ts";
import type { Store } from "../src/store/store.ts";

/** The world as it is: servers do not wait for a test's clock. */
export const realWorld: ProbeWorld = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  randomHex: (bytes) => randomBytes(bytes).toString("hex"),
  chance: () => Math.random(),
};

/** Time that passes only when everybody waits, and then just so far that the next one goes on. */
export function virtualWorld(clock: { now: number }, skewMs = 0): ProbeWorld {
  const sleepers: { readonly due: number; wake(): void }[] = [];
  let advancing = false;
  const advance = () => {
    advancing = false;
    const first = sleepers.toSorted((a, b) => a.due - b.due)[0];
    if (!first) return;
    sleepers.splice(sleepers.indexOf(first), 1);
    clock.now = Math.max(clock.now, first.due);
    first.wake();
    begin();
  };
  const begin = () => {
    if (advancing) return;
    advancing = true;
    setImmediate(advance);
  };
  return {
    ...realWorld,
    now: () => clock.now + skewMs,
    monotonic: () => clock.now,
    chance: () => 0.5,
    sleep: (ms) =>
      new Promise((wake) => {
        sleepers.push({ due: clock.now + ms, wake });
        begin();
      }),
  };
}

export function measure(store: Store, form: "short" | "long"): Promise<Measured> {
  return probeStore(store, { form, prefix: "_meta/probe/", world: realWorld });
}

export interface Running {
  readonly endpoint: string;
  stop(): void;
}

/** An S3 server of somebody else, as a process on a free port, in a folder that is gone afterwards. */
export async function start(
  command: (port: number, folder: string) => readonly [program: string, ...args: string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-server-"));
  const [program, ...args] = command(port, folder);
  const child = spawn(program, args, {
    stdio: "ignore",
    env: { ...process.env, ...env, FAUXQS_PORT: String(port) },
  });
  const stop = () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await answering(endpoint);
  } catch (error) {
    stop();
    throw error;
  }
  return { endpoint, stop };
}

/** A file of an installed package. */
export function installed(path: string): string {
  return fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));
}

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  taken.close();
  return port;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not come up`);
}
