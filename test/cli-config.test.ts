import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./run-cli.ts";
import { startS3Server, testKeys } from "./s3-server.ts";

const server = await startS3Server({ buckets: ["acme-agents"] });
afterAll(() => server.close());

const keys = { AWS_ACCESS_KEY_ID: testKeys.accessKeyId, AWS_SECRET_ACCESS_KEY: testKeys.secretAccessKey };
const configIn = (world: CliWorld) => readFileSync(join(world.cwd, ".tracecraft.json"), "utf8");
const plain = (text: string) => text.replaceAll(server.endpoint, "https://s3.example.net");

function format1(more: Record<string, unknown> = {}): string {
  const words = {
    backend: "s3",
    bucket: "acme-agents",
    project: "shop",
    agent_id: "old-9",
    endpoint: server.endpoint,
  };
  return JSON.stringify({
    ...words,
    access_key: testKeys.accessKeyId,
    secret_key: testKeys.secretAccessKey,
    ...more,
  });
}

describe("init with S3", () => {
  it("makes the bucket, measures it, and says whose keys it uses", async () => {
    const world = cliWorld();
    const line = `init --endpoint ${server.endpoint} --bucket new-one --project shop --agent web-1`;
    expect(plain(await world.said(line, { env: keys })).replace(/\d+ requests/, "9 requests"))
      .toMatchInlineSnapshot(`
      "Initialized project 'shop' as agent 'web-1'
      Backend: S3  Endpoint: https://s3.example.net  Bucket: new-one
      fit for claims (short probe, 9 requests); bucket made; keys from the environment
      2> next: tracecraft claim STEP
      # 0"
    `);
    expect(plain(configIn(world))).toMatchInlineSnapshot(`
      "{
        "schema": 3,
        "store": "s3://new-one",
        "endpoint": "https://s3.example.net",
        "project": "shop"
      }
      "
    `);
    expect((await world.run(["whoami"], { env: keys })).stdout).toMatch(
      /\nstore: s3:\/\/new-one\/shop \(fit, measured 20/,
    );
  });

  it("keeps given keys in the user's own file and never in the project", async () => {
    const world = cliWorld();
    const { accessKeyId, secretAccessKey } = testKeys;
    const words = ["init", "--endpoint", server.endpoint, "--bucket", "acme-agents", "--prefix", "team/a"];
    const ran = await world.run([
      ...words,
      "--project",
      "shop",
      "--agent",
      "web-1",
      "--access-key",
      accessKeyId,
      "--secret-key",
      secretAccessKey,
    ]);
    expect([ran.status, ran.stdout.split("\n")[1]]).toEqual([
      0,
      `Backend: S3  Endpoint: ${server.endpoint}  Bucket: acme-agents  Prefix: team/a`,
    ]);
    const file = join(world.home, ".tracecraft", "credentials.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toContain(secretAccessKey);
    const files = readdirSync(world.cwd, { recursive: true, encoding: "utf8" });
    expect(files).toEqual([".tracecraft.json"]);
    for (const secret of [accessKeyId, secretAccessKey]) {
      expect(configIn(world)).not.toContain(secret);
      expect(ran.stdout + ran.stderr).not.toContain(secret);
    }
    expect((await world.run(["claim", "design"])).status).toBe(0); // With the keys that were kept.
  });

  it("refuses a store with a password in it, and leaves nothing behind when keys are wrong", async () => {
    const world = cliWorld();
    const line = "init --bucket acme-agents --project shop --agent web-1 --endpoint";
    expect((await world.run([...line.split(" "), "http://me:secret@127.0.0.1:9"])).stderr).not.toContain(
      "secret",
    );
    const wrong = { ...keys, AWS_SECRET_ACCESS_KEY: "wrong" };
    const ran = await world.run([...line.split(" "), server.endpoint], { env: wrong });
    expect([ran.status, readdirSync(world.cwd)]).toEqual([4, []]);
    expect(ran.stderr).toMatch(/^Error: Cannot open "s3:\/\/acme-agents\/shop": the keys are refused\n/);
  });

  it("endpoint null falls to AWS_ENDPOINT_URL", async () => {
    const world = cliWorld();
    writeFileSync(join(world.cwd, ".tracecraft.json"), format1({ endpoint: null }));
    expect(
      (await world.run(["step-status", "x"], { env: { AWS_ENDPOINT_URL: server.endpoint } })).stdout,
    ).toBe("x: pending\n");
  });
});

describe("a configuration of format 1", () => {
  it("works with its keys and its agent, and a warning names the way out", async () => {
    const world = cliWorld();
    writeFileSync(join(world.cwd, ".tracecraft.json"), format1());
    expect(await world.said("step-status x")).toMatchInlineSnapshot(`
      "x: pending
      2> warning: .tracecraft.json holds keys; tracecraft init --project shop --agent old-9 moves them out
      # 0"
    `);
    expect((await world.run(["whoami"])).stdout).toMatch(
      /^old-9 in shop\nagent: old-9 \(agent_id of .tracecraft.json\)\n/,
    );
    const moved = await world.run(["init", "--project", "shop"]);
    expect(moved.stderr).toBe(
      "warning: .tracecraft.json was of format 1; its keys are in ~/.tracecraft/credentials.json now\n",
    );
    expect(configIn(world)).not.toMatch(/key|old-9/);
    expect(await world.said("step-status x")).toBe("x: pending\n# 0");
    expect((await world.run(["whoami"])).stdout).toMatch(
      /^old-9 in shop\nagent: old-9 \(of this checkout\)\n/,
    );
  });

  it("is told how to go on where its backend was the Hub", async () => {
    const world = cliWorld();
    writeFileSync(join(world.cwd, ".tracecraft.json"), format1({ backend: "hf", bucket: "ana/agents" }));
    expect(await world.said("status")).toMatchInlineSnapshot(`
      "2> Error: Cannot use ".tracecraft.json": its backend "hf" has no conditional writes
      2> Cause: HuggingFace's S3 gateway has them, with the keys HF_S3_ACCESS_KEY_ID and HF_S3_SECRET_ACCESS_KEY
      2> Hint: tracecraft init --store hf://ana/agents --project shop --agent old-9
      # 2"
    `);
  });

  it("names no agent where git tracks it", async () => {
    const world = cliWorld();
    writeFileSync(join(world.cwd, ".tracecraft.json"), format1());
    git(world, "init", "-q");
    expect((await world.run(["step-status", "x"])).status).toBe(0);
    git(world, "add", ".tracecraft.json");
    expect(await world.said("step-status x")).toMatchInlineSnapshot(`
      "2> Error: Cannot be "old-9": .tracecraft.json is tracked by git, so every checkout would be it
      2> Hint: tracecraft init --project shop --agent old-9
      # 2"
    `);
    expect((await world.run(["step-status", "x"], { env: { TRACECRAFT_AGENT: "web-1" } })).status).toBe(0);
  });
});

describe("where the configuration is found", () => {
  it("above, in a worktree's main checkout, and in the home folder at last", async () => {
    const world = cliWorld();
    git(world, "init", "-q");
    git(
      world,
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@example.net",
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      "one",
    );
    await world.run(["init", "--project", "shop", "--agent", "web-1"]);
    const worktree = join(world.root, "elsewhere");
    git(world, "worktree", "add", "-q", worktree);
    mkdirSync(join(worktree, "src"));
    const there = await world.run(["whoami"], { cwd: join(worktree, "src") });
    expect(there.stdout).toMatch(/^\S+-[0-9a-f]{4} in shop\nagent: \S+ \(made up for this session\)\n/); // Another checkout.

    const outside = join(world.root, "outside");
    mkdirSync(outside);
    expect((await world.run(["whoami"], { cwd: outside })).status).toBe(2);
    mkdirSync(join(world.home, ".tracecraft"), { recursive: true });
    writeFileSync(
      join(world.home, ".tracecraft", "config.json"),
      JSON.stringify({ store: "file:", project: "own", agent_id: "me" }),
    );
    expect((await world.run(["whoami"], { cwd: outside })).stdout).toMatch(/^me in own\n/);
    expect((await world.run(["whoami"])).stdout).toMatch(/^web-1 in shop\n/);
  });

  it("says defaults for options that the line leaves out", async () => {
    const world = cliWorld();
    await world.run(["init", "--project", "shop", "--agent", "web-1"]);
    writeFileSync(
      join(world.cwd, ".tracecraft.json"),
      JSON.stringify({ store: "file:", project: "shop", defaults: { ttl: "2h" } }),
    );
    expect((await world.run(["claim", "a"])).stdout).toMatch(/\(2h\), term 1\n$/);
    expect((await world.run(["claim", "b", "--ttl", "5m"])).stdout).toMatch(/\(5m\), term 1\n$/);
  });

  it("warns of a word that means nothing and looks like one that does, and of no other", async () => {
    const world = cliWorld();
    writeFileSync(
      join(world.cwd, ".tracecraft.json"),
      JSON.stringify({ store: "file:", project: "shop", agent_id: "a", "regi\u001bon": "x", later_field: 1 }),
    );
    const { stderr, status } = await world.run(["steps"]);
    expect([stderr, status]).toEqual([
      'warning: .tracecraft.json: "regi?on" means nothing; did you mean "region"?\n',
      0,
    ]);
  });

  it.each([
    ["{", /^Error: Cannot read "\.tracecraft\.json": not JSON\n/],
    ["[]", /^Error: Cannot read "\.tracecraft\.json": not JSON\n/],
    ['{"project":7}', /^Error: Cannot use "\.tracecraft\.json": "project" is no text\n/],
    ['{"project":"../x","store":"file:"}', /^Error: Cannot use "\.\.\/x": a project is/],
    ['{"project":"x"}', /^Error: Cannot use "\.tracecraft\.json": it names no store\nHint: /],
    ['{"project":"x","store":"ftp://h"}', /^Error: Cannot open "ftp:\/\/h": not s3:/],
  ])("one error for %j", async (text, expected) => {
    const world = cliWorld();
    writeFileSync(join(world.cwd, ".tracecraft.json"), text);
    const { stdout, stderr, status } = await world.run(["step-status", "x"]);
    expect([stdout, status]).toEqual(["", 2]);
    expect(stderr).toMatch(expected);
  });
});

function git(world: CliWorld, ...words: string[]): void {
  execFileSync("git", words, { cwd: world.cwd, env: { ...process.env, ...world.env } });
}
