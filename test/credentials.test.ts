import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./run-cli.ts";
import { startS3Server, testKeys } from "./s3-server.ts";

// The built program with keys from each place where it looks. The server checks every signature, so what it answers
// with 200 was signed with these keys and, where there is one, this token.
const temporary = {
  accessKeyId: "ASIATEMPORARY0000001",
  secretAccessKey: "temporary/secret+key",
  sessionToken: "a-token==of/the+session",
};
const lasting = await startS3Server({ buckets: ["bucket"] });
const passing = await startS3Server({ buckets: ["bucket"], keys: temporary });
const servers: Server[] = [];
afterAll(async () => {
  await Promise.all([lasting.close(), passing.close()]);
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

const noMetadata = { AWS_EC2_METADATA_DISABLED: "true" };
const inProcess = {
  Version: 1,
  AccessKeyId: temporary.accessKeyId,
  SecretAccessKey: temporary.secretAccessKey,
  SessionToken: temporary.sessionToken,
  Expiration: new Date(Date.now() + 3_600_000).toISOString(),
};
const fromMetadata = { ...inProcess, Token: temporary.sessionToken, Code: "Success", Type: "AWS-HMAC" };

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function aws(world: CliWorld, name: "credentials" | "config", text: string): void {
  mkdirSync(join(world.home, ".aws"), { recursive: true });
  writeFileSync(join(world.home, ".aws", name), text);
}

/** Everything that the program left on this machine, but what was there for it to read. */
function leftBehind({ root }: CliWorld): string {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => !/\.aws|keys\.(?:json|sh)/.test(name) && statSync(join(root, name)).isFile())
    .map((name) => `${name}\n${readFileSync(join(root, name), "utf8")}`)
    .join("\n");
}

let projects = 0;

/** Begins a project and works in it: how that ended, and what it did with the keys. */
async function work(world: CliWorld, server: typeof lasting, env: Record<string, string>): Promise<unknown> {
  server.forget();
  const line = `init --project shop-${++projects} --agent web-1 --bucket bucket --endpoint ${server.endpoint}`;
  const all = { ...noMetadata, ...env };
  const made = await world.run(line.split(" "), { env: all });
  const claimed = await world.run(["claim", "design"], { env: all });
  const read = await world.run(["memory", "get", "nothing"], { env: all });
  const used = new Set(
    server.log.map(({ headers }) => /Credential=([^/]+)/.exec(String(headers["authorization"]))?.[1]),
  );
  const told = [made, claimed, read].map(({ stdout, stderr }) => stdout + stderr).join("");
  const secret = server.keys.secretAccessKey;
  return {
    statuses: [made.status, claimed.status, read.status],
    used: [...used],
    refused: server.log.filter(({ status }) => status === 403 || status === 400).length,
    kept: leftBehind(world).includes(secret) || told.includes(secret),
    from: /keys from (.*)/.exec(made.stdout)?.[1],
  };
}

function right(server: typeof lasting, from: string) {
  const used = [server.keys.accessKeyId];
  return { statuses: [0, 0, 5], used, refused: 0, kept: false, from };
}

describe("keys that the program finds", () => {
  const providers = "the AWS credential providers";

  it("in the environment, with a session token", async () => {
    const env = {
      AWS_ACCESS_KEY_ID: temporary.accessKeyId,
      AWS_SECRET_ACCESS_KEY: temporary.secretAccessKey,
      AWS_SESSION_TOKEN: temporary.sessionToken,
    };
    expect(await work(cliWorld(), passing, env)).toEqual(right(passing, "the environment"));
    const { AWS_SESSION_TOKEN: _, ...without } = env;
    const world = cliWorld();
    const line = `init --project shop --agent web-1 --bucket bucket --endpoint ${passing.endpoint}`;
    const ran = await world.run(line.split(" "), { env: { ...noMetadata, ...without } });
    expect([ran.status, ran.stderr.split("\n")[1]]).toEqual([4, "Cause: 403 InvalidToken (request REQ1)"]);
  });

  it("in a profile of ~/.aws, the default one or the one that AWS_PROFILE names", async () => {
    const { accessKeyId, secretAccessKey } = testKeys;
    const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    const [usual, named] = [cliWorld(), cliWorld()];
    aws(usual, "credentials", `[default]\n${keys}`);
    expect(await work(usual, lasting, {})).toEqual(right(lasting, "AWS profile default"));
    aws(named, "credentials", `[default]\naws_access_key_id = x\naws_secret_access_key = x\n[work]\n${keys}`);
    expect(await work(named, lasting, { AWS_PROFILE: "work" })).toEqual(right(lasting, "AWS profile work"));
  });

  it("from a credential_process", async () => {
    const world = cliWorld();
    const script = join(world.home, "keys.sh");
    writeFileSync(script, `#!/bin/sh\necho '${JSON.stringify(inProcess)}'\n`);
    chmodSync(script, 0o700);
    aws(world, "config", `[default]\ncredential_process = ${script}\n`);
    expect(await work(world, passing, {})).toEqual(right(passing, providers));
  });

  it("from a container's metadata", async () => {
    const asked: string[] = [];
    const endpoint = await listen((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.end(JSON.stringify(fromMetadata));
    });
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/keys`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "container-token",
    };
    expect(await work(cliWorld(), passing, env)).toEqual(right(passing, providers));
    expect(new Set(asked)).toEqual(new Set(["GET /keys container-token"]));
  });

  it("from an instance's metadata, which wants a token first", async () => {
    const endpoint = await listen((request, response) => {
      const isToken = request.method === "PUT" && request.url === "/latest/api/token";
      const hasToken = request.headers["x-aws-ec2-metadata-token"] === "session";
      response.statusCode = isToken || hasToken ? 200 : 401;
      if (isToken) response.end("session");
      else if (request.url?.endsWith("/security-credentials/")) response.end("my-role");
      else response.end(JSON.stringify({ ...fromMetadata, LastUpdated: new Date().toISOString() }));
    });
    const env = { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint };
    expect(await work(cliWorld(), passing, env)).toEqual(right(passing, providers));
  });

  it("nowhere: one error that says what to do, and no request", async () => {
    lasting.forget();
    const world = cliWorld();
    writeFileSync(
      join(world.cwd, ".tracecraft.json"),
      JSON.stringify({ schema: 3, store: "s3://bucket", endpoint: lasting.endpoint, project: "shop" }),
    );
    const ran = await world.run(["claim", "design"], { env: noMetadata });
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([
      2,
      "",
      "Error: S3 credentials required: none in the environment, ~/.aws or an instance role\n" +
        "Hint: export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…\n",
    ]);
    expect(lasting.log).toEqual([]);
  });
});

describe("keys given to init", () => {
  it("are kept for this user alone, and used by every checkout of this machine", async () => {
    const world = cliWorld();
    const { accessKeyId, secretAccessKey } = testKeys;
    const line = `init --project shop --agent web-1 --bucket bucket --endpoint ${lasting.endpoint}`;
    const keys = ["--access-key", accessKeyId, "--secret-key", secretAccessKey];
    const env = noMetadata;
    const made = await world.run([...line.split(" "), ...keys], { env });
    expect(made.status).toBe(0);
    const folder = join(world.home, ".tracecraft");
    const kept = join(folder, "credentials.json");
    expect([statSync(kept).mode & 0o777, statSync(folder).mode & 0o077]).toEqual([0o600, 0]);
    const project = readFileSync(join(world.cwd, ".tracecraft.json"), "utf8");
    const said = made.stdout + made.stderr + project;
    for (const key of [accessKeyId, secretAccessKey]) expect(said).not.toContain(key);
    const state = leftBehind(world).replace(readFileSync(kept, "utf8"), "");
    expect(state).not.toContain(secretAccessKey);

    const other = join(world.root, "other-checkout");
    mkdirSync(other);
    writeFileSync(join(other, ".tracecraft.json"), project);
    expect((await world.run(["send", "api-2", "hello"], { env, cwd: other })).status).toBe(0);
    // They are of this bucket at this endpoint: another one gets none of them.
    writeFileSync(join(other, ".tracecraft.json"), project.replace(lasting.endpoint, passing.endpoint));
    expect((await world.run(["status"], { env, cwd: other })).status).toBe(2);
  });
});
