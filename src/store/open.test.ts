import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startS3Server, testKeys, type S3Server } from "../../test/s3-server.ts";
import { credentialsOf, makeBucket, openStore } from "./open.ts";

const keys = { AWS_ACCESS_KEY_ID: testKeys.accessKeyId, AWS_SECRET_ACCESS_KEY: testKeys.secretAccessKey };
const world = (env: Record<string, string> = {}) => ({ env: { ...keys, ...env }, home: "/nowhere" });
const value = new TextEncoder().encode("v");

let server: S3Server;
let folder: string;
beforeAll(async () => {
  server = await startS3Server({ buckets: ["acme-agents"] });
  folder = mkdtempSync(join(tmpdir(), "tracecraft-open-"));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe("openStore()", () => {
  it.each([
    ["a path", (path: string) => path],
    ["a file URL", (path: string) => `file://${path}`],
  ])("opens a folder by %s", async (_, urlOf) => {
    const store = await openStore({ url: urlOf(folder), project: "shop" }, world());
    expect(await store.put("a/b", value, "anything")).toMatchObject({ outcome: "written" });
    expect(store.name).toBe(`file://${folder}/shop`);
  });

  it("opens a folder of the home", async () => {
    const store = await openStore({ url: "~/agents", project: "shop" }, { env: {}, home: folder });
    expect(store.name).toBe(`file://${folder}/agents/shop`);
  });

  it.each([
    ["the configuration", server0(), {}],
    ["AWS_ENDPOINT_URL, when it says null", null, "AWS_ENDPOINT_URL"],
    ["AWS_ENDPOINT_URL_S3", undefined, "AWS_ENDPOINT_URL_S3"],
  ] as const)(
    "takes the endpoint of %s, and keeps prefix and project apart",
    async (_, endpoint, variable) => {
      server.forget();
      const env = typeof variable === "string" ? { [variable]: server.endpoint } : {};
      const place = {
        url: "s3://acme-agents/team/a/",
        project: "shop",
        endpoint: endpoint === "server" ? server.endpoint : endpoint,
      };
      const store = await openStore(place, world(env));
      await store.put("k", value, "anything");
      expect(server.lines()).toEqual(["PUT team/a/shop/k 200"]);
      expect(store.name).toBe("s3://acme-agents/team/a/shop");
      expect(store.traits).toMatchObject({
        endpoint: server.endpoint,
        bucket: "acme-agents",
        prefix: "team/a/shop",
      });
    },
  );

  it("takes AWS and virtual hosts without an endpoint, HuggingFace's gateway for hf://", async () => {
    expect((await openStore({ url: "s3://acme", project: "p" }, world())).traits.endpoint).toBe(
      "https://s3.amazonaws.com",
    );
    const hf = await openStore({ url: "hf://acme-org/agents/x", project: "p" }, world());
    expect(hf.traits).toMatchObject({
      endpoint: "https://s3.hf.co/acme-org",
      bucket: "agents",
      prefix: "x/p",
    });
  });

  it.each([
    "",
    "bucket",
    "gs://bucket",
    "s3://",
    "s3:///x",
    "s3://a..b%/",
    "hf://only",
    "file://host/x",
    "./x",
  ])('refuses "%s" as a place', async (url) => {
    await expect(openStore({ url, project: "p" }, world())).rejects.toMatchObject({ code: "config" });
  });

  it.each(["ftp://x", "no url", "http://user:secret@127.0.0.1:1"])(
    'refuses "%s" as an endpoint',
    async (endpoint) => {
      const opening = openStore({ url: "s3://acme", project: "p", endpoint }, world());
      await expect(opening).rejects.toMatchObject({ code: "config" });
      await expect(opening).rejects.not.toThrow("secret");
    },
  );
});

describe("makeBucket()", () => {
  it("makes a missing bucket, and leaves one that is there alone", async () => {
    const place = { url: "s3://made-here", project: "p", endpoint: server.endpoint };
    expect(await makeBucket(place, world())).toBe("made");
    server.forget();
    expect(await makeBucket(place, world())).toBe("there");
    expect(server.lines()).toEqual(["LIST  200"]);
    expect(await makeBucket({ url: folder, project: "p" }, world())).toBe("there");
  });
});

describe("credentialsOf()", () => {
  it("says where the keys come from", async () => {
    const place = { url: "s3://acme", project: "p" };
    expect((await credentialsOf(place, world()))?.source).toBe("the environment");
    const own = { accessKeyId: "a", secretAccessKey: "b" };
    expect((await credentialsOf({ ...place, keys: own }, world()))?.source).toBe(
      "~/.tracecraft/credentials.json",
    );
    expect(await credentialsOf({ url: folder, project: "p" }, world())).toBeUndefined();
  });
});

function server0() {
  return "server" as const; // The endpoint is known only when the server is up.
}
