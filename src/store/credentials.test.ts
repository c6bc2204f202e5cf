import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findCredentials } from "./credentials.ts";

// The AWS providers read process.env themselves, so these tests set it: a copy of this thread's own.
let home: string;
let saved: NodeJS.ProcessEnv;
let server: Server | undefined;

beforeEach(() => {
  saved = { ...process.env };
  for (const name of Object.keys(process.env)) if (/^(?:AWS|HF)_/.test(name)) delete process.env[name];
  home = mkdtempSync(join(tmpdir(), "tracecraft-aws-"));
  mkdirSync(join(home, ".aws"));
  Object.assign(process.env, {
    HOME: home,
    AWS_SHARED_CREDENTIALS_FILE: join(home, ".aws/credentials"),
    AWS_CONFIG_FILE: join(home, ".aws/config"),
    AWS_EC2_METADATA_DISABLED: "true",
  });
});
afterEach(() => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, saved);
  rmSync(home, { recursive: true });
  server?.close();
  server?.closeAllConnections();
  server = undefined;
});

const find = (endpoint?: string) => findCredentials(endpoint, { env: process.env, home });
const writeFile = (name: "credentials" | "config", text: string) =>
  writeFileSync(join(home, ".aws", name), text);
const expiration = "2030-01-02T03:04:05Z";

async function listen(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("findCredentials()", () => {
  it("takes the environment first", async () => {
    writeFile("credentials", "[default]\naws_access_key_id = file\naws_secret_access_key = file\n");
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_SESSION_TOKEN: "c",
    });
    expect(await find()).toEqual({
      accessKeyId: "a",
      secretAccessKey: "b",
      sessionToken: "c",
      source: "the environment",
    });
  });

  it("takes HuggingFace's own variables for its gateway alone", async () => {
    Object.assign(process.env, { HF_S3_ACCESS_KEY_ID: "hf", HF_S3_SECRET_ACCESS_KEY: "hf" });
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "aws", AWS_SECRET_ACCESS_KEY: "aws" });
    expect((await find("https://s3.hf.co/acme")).accessKeyId).toBe("hf");
    expect((await find("https://s3.hf.co.evil.example")).accessKeyId).toBe("aws");
    expect((await find()).accessKeyId).toBe("aws");
  });

  it("reads static keys of the named profile from ~/.aws/credentials", async () => {
    writeFile(
      "credentials",
      "# keys\n[default]\naws_access_key_id=d\naws_secret_access_key=d\n\n" +
        "[ work ]\r\n aws_access_key_id = w \r\naws_secret_access_key = se=cret\naws_session_token=t\n",
    );
    expect(await find()).toMatchObject({ accessKeyId: "d", source: "AWS profile default" });
    process.env["AWS_PROFILE"] = "work";
    expect(await find()).toEqual({
      accessKeyId: "w",
      secretAccessKey: "se=cret",
      sessionToken: "t",
      source: "AWS profile work",
    });
  });

  it("leaves a profile to the providers when its keys are in the config file", async () => {
    writeFile("config", "[profile work]\naws_access_key_id = c\naws_secret_access_key = c\n");
    process.env["AWS_PROFILE"] = "work";
    expect(await find()).toMatchObject({ accessKeyId: "c", secretAccessKey: "c" });
  });

  it("runs a credential_process, and knows when its keys expire", async () => {
    const output = JSON.stringify({
      Version: 1,
      AccessKeyId: "p",
      SecretAccessKey: "p",
      SessionToken: "t",
      Expiration: expiration,
    });
    writeFileSync(join(home, "keys.json"), output);
    writeFile("config", `[default]\ncredential_process = cat ${join(home, "keys.json")}\n`);
    expect(await find()).toMatchObject({
      accessKeyId: "p",
      sessionToken: "t",
      expiresAt: Date.parse(expiration),
    });
  });

  it("tells of a credential_process that fails, without its command line", async () => {
    writeFile("config", "[default]\ncredential_process = false --token s3cret\n");
    const error = await find().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "config",
      message: "Cannot get S3 credentials: an AWS provider refuses",
    });
    expect(String((error as Error).cause)).not.toContain("s3cret");
  });

  it("asks a container's metadata", async () => {
    const endpoint = await listen((request, response) => {
      const allowed = request.url === "/keys" && request.headers.authorization === "container-token";
      response.writeHead(allowed ? 200 : 403, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ AccessKeyId: "c", SecretAccessKey: "c", Token: "t", Expiration: expiration }),
      );
    });
    Object.assign(process.env, {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/keys`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "container-token",
    });
    expect(await find()).toMatchObject({
      accessKeyId: "c",
      sessionToken: "t",
      expiresAt: Date.parse(expiration),
    });
  });

  it("asks an instance's metadata, with its token", async () => {
    const role = "/latest/meta-data/iam/security-credentials/";
    const endpoint = await listen((request, response) => {
      const isToken = request.method === "PUT" && request.url === "/latest/api/token";
      const hasToken = request.headers["x-aws-ec2-metadata-token"] === "session";
      response.statusCode = isToken || hasToken ? 200 : 401;
      if (isToken) response.end("session");
      else if (request.url === role) response.end("my-role");
      else
        response.end(
          JSON.stringify({
            Code: "Success",
            Type: "AWS-HMAC",
            LastUpdated: "2026-11-22T14:05:00Z",
            AccessKeyId: "i",
            SecretAccessKey: "i",
            Token: "t",
            Expiration: expiration,
          }),
        );
    });
    Object.assign(process.env, {
      AWS_EC2_METADATA_DISABLED: "false",
      AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
    });
    expect(await find()).toMatchObject({
      accessKeyId: "i",
      sessionToken: "t",
      expiresAt: Date.parse(expiration),
    });
  });

  it("assumes a role, by AWS's own protocol", async () => {
    const asked: string[] = [];
    const endpoint = await listen((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        asked.push(body);
        response.writeHead(200, { "content-type": "text/xml" });
        response.end(
          `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
            `<AccessKeyId>r</AccessKeyId><SecretAccessKey>r</SecretAccessKey><SessionToken>t</SessionToken>` +
            `<Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
        );
      });
    });
    writeFile("credentials", "[base]\naws_access_key_id = b\naws_secret_access_key = b\n");
    writeFile(
      "config",
      "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/agents\nsource_profile = base\nregion = us-east-1\n",
    );
    Object.assign(process.env, { AWS_PROFILE: "work", AWS_ENDPOINT_URL_STS: endpoint });
    expect(await find()).toMatchObject({
      accessKeyId: "r",
      sessionToken: "t",
      expiresAt: Date.parse(expiration),
    });
    expect(asked[0]).toContain("Action=AssumeRole");
  });

  it("says what to do when there is nothing", async () => {
    await expect(find()).rejects.toMatchObject({
      code: "config",
      message: "S3 credentials required: none in the environment, ~/.aws or an instance role",
      hint: "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…",
    });
  });
});
