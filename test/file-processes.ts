import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileStore } from "../src/store/file.ts";
import type { Store } from "../src/store/store.ts";
import { removed } from "./removed.ts";

/** The object that all processes append to. */
export interface Counter {
  readonly nonces: readonly string[];
}

/** So many nonces, and the next object is begun: a record that grows without end would slow the test down. */
export const epochLength = 150;

export interface Rivals {
  readonly root: string;
  /** A process that writes until `finish`, or for `turns` turns; `wait`: it begins at a byte on its stdin. */
  start(turns?: number, wait?: "wait"): ChildProcess;
  /** Lets all of them end, and waits until they have. */
  finish(): Promise<void>;
  /** What was acknowledged and is not so, or was seen and must not be. Nothing else is a success. */
  faults(): Promise<readonly string[]>;
  /** How many answers were noted: a run that did nothing proves nothing. */
  acknowledged(): number;
  remove(): void;
}

/** Node 20 runs no TypeScript: the driver as one CommonJS file, in a folder to be removed. */
export async function buildDriver(): Promise<{ readonly path: string; readonly remove: () => void }> {
  const { rolldown } = await import("rolldown");
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-driver-"));
  const path = join(folder, "driver.cjs");
  const bundle = await rolldown({
    input: fileURLToPath(new URL("file-driver.ts", import.meta.url)),
    platform: "node",
    external: ["rolldown"],
  });
  await bundle.write({ file: path, format: "cjs", codeSplitting: false });
  await bundle.close();
  return { path, remove: () => removed(folder) };
}

/** Processes that share one new file store, each with a pause after each turn, so that others get a processor. */
export function rivals(driver: string, pauseMs = 1): Rivals {
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-rivals-"));
  const root = join(folder, "root");
  const stop = join(folder, "stop");
  const running = new Set<ChildProcess>();
  let started = 0;
  const notes = () =>
    readdirSync(folder)
      .filter((name) => name.startsWith("notes-"))
      .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1));

  return {
    root,
    start(turns = 0, wait) {
      const id = `p${++started}`;
      const words = [
        driver,
        root,
        id,
        join(folder, `notes-${id}`),
        stop,
        `${turns}`,
        wait ?? "",
        `${pauseMs}`,
      ];
      const child = spawn(process.execPath, words, { stdio: [wait ? "pipe" : "ignore", "pipe", "inherit"] });
      running.add(child);
      child.on("exit", (code) => {
        running.delete(child);
        if (code) writeFileSync(join(folder, `notes-${id}-exit`), `broken ${id} ended with ${code}\n`);
      });
      return child;
    },
    async finish() {
      writeFileSync(stop, "");
      for (const child of running) child.kill("SIGCONT");
      await Promise.all([...running].map(ended));
    },
    faults: () => faultsIn(fileStore(root), notes()),
    acknowledged: () => notes().length,
    remove: () => removed(folder),
  };
}

export function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
}

/** The strace of this machine, if it may trace. */
export function hasStrace(): boolean {
  return (
    spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status === 0 && existsSync("/proc/self/stat")
  );
}

async function faultsIn(store: Store, notes: readonly string[]): Promise<string[]> {
  const chains = new Map<string, readonly string[]>();
  const bodies = new Map<string, string>();
  for await (const page of store.list("")) {
    for (const { key } of page.objects) {
      const body = Buffer.from((await store.get(key, { limit: 1 << 20 }))!.body).toString();
      if (key.startsWith("count/")) chains.set(key.slice(6, -5), (JSON.parse(body) as Counter).nonces);
      else bodies.set(key, body);
    }
  }
  const faults: string[] = [];
  const creators = new Map<string, string>();
  for (const line of notes) {
    const [word, first = "", second = "", third] = line.split(" ");
    if (word === "counter" && chains.get(first)?.[Number(second)] !== third) faults.push(`lost: ${line}`);
    else if (word === "fresh" && bodies.get(first) !== first) faults.push(`lost: ${line}`);
    else if (word === "create") {
      if (creators.has(first)) faults.push(`two winners: ${line}, ${creators.get(first)}`);
      if (bodies.get(first) !== second) faults.push(`lost: ${line}`);
      creators.set(first, second);
    } else if (word === "broken") faults.push(line);
  }
  for (const [epoch, nonces] of chains) {
    if (new Set(nonces).size !== nonces.length) faults.push(`epoch ${epoch} has a nonce twice`);
  }
  const names = [...chains.keys()].map(Number).toSorted((a, b) => a - b);
  for (const epoch of names.slice(0, -1)) {
    if (chains.get(`${epoch}`)!.length !== epochLength) faults.push(`epoch ${epoch} is not full`);
  }
  if (names.some((epoch, index) => epoch !== index)) faults.push(`epochs ${names.join(", ")}`);
  return faults;
}
