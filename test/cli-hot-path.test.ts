import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./run-cli.ts";

/** Which modules of Node and which files of ours a call has loaded. */
async function loadedBy(
  world: CliWorld,
  words: readonly string[],
): Promise<{ node: string[]; ours: string[] }> {
  const spy = join(world.root, "spy.cjs");
  const out = join(world.root, "loaded.json");
  writeFileSync(
    spy,
    `const fs = require("node:fs"), read = fs.readFileSync, ours = [];
fs.readFileSync = (path, ...more) => { ours.push(String(path)); return read(path, ...more); };
process.on("exit", () => fs.writeFileSync(${JSON.stringify(out)}, JSON.stringify({ node: process.moduleLoadList, ours })));`,
  );
  await world.run(words, { env: { NODE_OPTIONS: `--require ${spy}` } });
  const { node, ours } = JSON.parse(readFileSync(out, "utf8")) as { node: string[]; ours: string[] };
  const programs = ours.filter(
    (path) => path.endsWith(".cjs") && !path.includes(join(".cache", "tracecraft", "v")),
  );
  return {
    node,
    ours: [...new Set(programs)].map((path) => path.replace(/^.*\//, "").replace(/-[\w-]{8}\.cjs$/, "")),
  };
}

const heavy = /undici|NativeModule (?:child_process|worker_threads|tls|http2|readline)$/;
const streams = /NativeModule (?:net|tty|_http_client)$/;

describe("the hot path", () => {
  it("--version loads nothing but itself", async () => {
    const { node, ours } = await loadedBy(cliWorld(), ["--version"]);
    expect(ours).toEqual(["cli.cjs", "chunk-rolldown-runtime", "chunk-version"]);
    expect(
      node.filter((name) => heavy.test(name) || streams.test(name) || name.endsWith("NativeModule crypto")),
    ).toEqual([]);
  });

  it.each([
    ["claim", "design"],
    ["step-status", "design"],
    ["memory", "get", "a.b"],
    ["send", "api-2", "hello", "--no-redact"],
    ["whoami"],
  ])(
    "%s loads its own chunk, the common ones, and no sockets for a store that has none",
    async (...words) => {
      const world = cliWorld();
      await world.run(["init", "--project", "shop", "--agent", "web-1"]);
      await world.run(["memory", "set", "a.b", "x"]);
      const { node, ours } = await loadedBy(world, words);
      expect(ours.length).toBeLessThanOrEqual(12);
      expect(ours).toEqual(expect.arrayContaining(["chunk-core", "chunk-file"]));
      expect(ours).not.toEqual(
        expect.arrayContaining([
          expect.stringMatching(/chunk-(?:s3|redact|credential-providers|probe|help)/),
        ]),
      );
      expect(node.filter((name) => heavy.test(name) || streams.test(name))).toEqual([]);
    },
  );

  it("with S3, loads one HTTP client and no SDK", async () => {
    const world = cliWorld();
    writeFileSync(
      join(world.cwd, ".tracecraft.json"),
      '{"store":"s3://bucket","endpoint":"http://127.0.0.1:9","project":"shop"}',
    );
    const keys = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    Object.assign(world.env, keys);
    const { node, ours } = await loadedBy(world, ["step-status", "x", "--deadline", "1s"]);
    expect(ours).toEqual(expect.arrayContaining(["chunk-core", "chunk-s3"]));
    expect(ours).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/chunk-(?:file|credential-providers|event-streams)/)]),
    );
    expect(node.filter((name) => heavy.test(name))).toEqual([]);
  });
});

function kept(world: CliWorld): string {
  return join(world.home, ".cache", "tracecraft", `${process.version}-${process.arch}`);
}

describe("compiled code that is kept", () => {
  it("is of this user's own, and a damaged one is compiled anew", async () => {
    const world = cliWorld();
    const first = await world.run(["help"]);
    const names = readdirSync(kept(world));
    expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^chunk-core-/)]));
    const path = join(
      kept(world),
      names.find((name) => name.startsWith("chunk-core-"))!,
    );
    const whole = readFileSync(path);
    for (const damaged of [
      whole.subarray(0, 1_000),
      Buffer.alloc(whole.length),
      Buffer.concat([whole.subarray(0, 5_000), Buffer.alloc(whole.length - 5_000)]),
      Buffer.alloc(0),
    ]) {
      writeFileSync(path, damaged);
      expect(await world.run(["help"])).toEqual(first);
      expect(readFileSync(path).length).toBeGreaterThan(10_000);
    }
  });

  it("may be missing where nothing can be written", async () => {
    const world = cliWorld();
    mkdirSync(join(world.home, ".cache"), { recursive: true });
    writeFileSync(join(world.home, ".cache", "tracecraft"), "in the way");
    expect((await world.run(["help"])).status).toBe(0);
    rmSync(join(world.home, ".cache"), { recursive: true });
    expect((await world.run(["help"], { env: { XDG_CACHE_HOME: join(world.root, "caches") } })).status).toBe(
      0,
    );
    expect([
      existsSync(join(world.root, "caches", "tracecraft")),
      existsSync(join(world.home, ".cache")),
    ]).toEqual([true, false]);
  });
});
