import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import type { Batch, Cursor, Harness, Host, ReadOptions, Session } from "../src/harness/harness.ts";
import { removed } from "./removed.ts";

const load = createRequire(import.meta.url);

interface Writer {
  exec(sql: string): void;
  prepare(sql: string): {
    run(...values: readonly unknown[]): unknown;
    all(...values: readonly unknown[]): unknown[];
  };
  close(): void;
}

/** A database open for writing, with whichever driver this Node has. */
export function openWriter(path: string): Writer {
  for (const name of ["node:sqlite", "@photostructure/sqlite"]) {
    try {
      return new (load(name) as { DatabaseSync: new (path: string) => Writer }).DatabaseSync(path);
    } catch {
      continue;
    }
  }
  throw new Error("no SQLite driver");
}

export function runSql(path: string, sql: string): void {
  const db = openWriter(path);
  db.exec(sql);
  db.close();
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) removed(folder);
});

/** An empty folder that is gone after the tests of this file. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "harness-test-"));
  folders.push(folder);
  return folder;
}

export interface TestHost extends Host {
  env: Record<string, string | undefined>;
  running: Set<number>;
}

/** A host whose home has nothing but the fixtures of that harness; each `x.sql` has become the database `x`. */
export function testHost(fixtures?: string): TestHost {
  const root = tempFolder();
  const home = join(root, "home");
  if (fixtures !== undefined) {
    cpSync(fixturePath(fixtures, "home"), home, { recursive: true });
    for (const path of filesUnder(home).filter((file) => file.endsWith(".sql"))) {
      runSql(path.slice(0, -".sql".length), readFileSync(path, "utf8"));
      rmSync(path);
    }
  }
  const running = new Set<number>();
  return {
    home,
    env: {},
    platform: "linux",
    temp: root,
    now: () => Date.now() + 60_000,
    alive: (p) => running.has(p),
    running,
  };
}

export function fixturePath(...parts: readonly string[]): string {
  return join(fileURLToPath(new URL("fixtures", import.meta.url)), ...parts);
}

export function filesUnder(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return names.filter((path) => statSync(path).isFile()).toSorted();
}

export interface ReadAll {
  readonly records: string[];
  readonly batches: Batch[];
  readonly last: Batch;
}

/** Everything that is new since the cursor, each cursor having been through JSON as it would in a manifest. */
export async function readAll(
  harness: Pick<Harness, "read">,
  host: Host,
  session: Session,
  cursor?: Cursor,
  options?: ReadOptions,
): Promise<ReadAll> {
  const batches: Batch[] = [];
  const from = cursor === undefined ? undefined : (JSON.parse(JSON.stringify(cursor)) as Cursor);
  for await (const batch of harness.read(host, session, from, options)) batches.push(batch);
  const records = batches.flatMap((batch) =>
    batch.records.map((record) => Buffer.from(record).toString("latin1")),
  );
  const last = batches.at(-1);
  if (last?.end === undefined) throw new Error("the last batch does not say how it ended");
  return { records, batches, last };
}
