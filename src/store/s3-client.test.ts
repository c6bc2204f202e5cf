import dns from "node:dns";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { planOf } from "../../test/s3-faults.ts";
import { startS3Server, testKeys, type S3Server } from "../../test/s3-server.ts";
import { explain, type TracecraftError } from "../errors.ts";
import { bucketExists, createBucket, s3Store } from "./s3.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const limit = 1000;

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(() => {
  server.quirks = {};
  server.plan = () => undefined;
  server.forget();
});
afterEach(() => void vi.restoreAllMocks());

async function thrown(doing: Promise<unknown>): Promise<TracecraftError> {
  return doing.then(
    () => {
      throw new Error("it did not throw");
    },
    (error: unknown) => error as TracecraftError,
  );
}

describe("a clock that is off", () => {
  it("is corrected by the reply's Date and the request repeated once, also a conditional put", async () => {
    server.quirks = { skewMs: 20 * 60_000 };
    const offsets: number[] = [];
    const store = s3Store(server.options({ onSkew: (offsetMs) => offsets.push(offsetMs) }));
    expect(await store.put("skew", bytes("v"), "nothing")).toMatchObject({ outcome: "written" });
    expect(server.lines()).toEqual(["PUT skew 403", "PUT skew 200"]);
    expect(Math.round((offsets[0] ?? 0) / 60_000)).toBe(20);
    await store.get("skew", { limit });
    expect(server.log).toHaveLength(3); // The corrected clock is kept.
  });

  it("is not asked for twice when the offset is known", async () => {
    server.quirks = { skewMs: -20 * 60_000 };
    await s3Store(server.options({ clockOffsetMs: -20 * 60_000 })).get("k", { limit });
    expect(server.lines()).toEqual(["GET k 404"]);
  });

  it("is the error clock when it is still refused", async () => {
    server.plan = () => ({
      kind: "reply",
      status: 403,
      headers: { date: new Date(Date.now() + 20 * 60_000).toUTCString() },
      body: "<Error><Code>RequestTimeTooSkewed</Code></Error>",
    });
    const error = await thrown(s3Store(server.options()).put("k", bytes("v"), "nothing"));
    expect(error).toMatchObject({ code: "clock", message: "Clock is 20m behind the store" });
    expect(server.log).toHaveLength(2);
  });
});

describe("refusals", () => {
  it.each([
    [
      "the secret",
      { ...testKeys, secretAccessKey: "s3cret-of-nobody" },
      "403 SignatureDoesNotMatch (request REQ1)",
    ],
    ["the access key", { ...testKeys, accessKeyId: "unknown" }, "403 InvalidAccessKeyId (request REQ1)"],
    ["the session token", { ...testKeys, sessionToken: "stale" }, "403 InvalidToken (request REQ1)"],
  ])("name %s, without a secret", async (_, keys, cause) => {
    const store = s3Store(server.options({ credentials: async () => ({ ...keys, source: "test" }) }));
    for (const doing of [
      store.put("k", bytes("v"), "nothing"),
      store.get("k", { limit }),
      store.delete("k"),
    ]) {
      const error = await thrown(doing);
      expect(error).toMatchObject({ code: "denied", cause });
      expect(explain(error) + JSON.stringify(error)).not.toContain(keys.secretAccessKey);
    }
    expect(server.log).toHaveLength(3); // None is repeated.
  });

  it("say what was denied and where", async () => {
    server.quirks = { denies: ({ method, key }) => method === "PUT" && key.startsWith("shop/steps/") };
    const store = s3Store(server.options({ prefix: "shop" }));
    expect(explain(await thrown(store.put("steps/design/claim.json", bytes("v"), "nothing")))).toBe(
      'Error: Cannot open "s3://bucket/shop": access denied to PUT shop/steps/design/\n' +
        "Cause: 403 AccessDenied (request REQ1)\nHint: tracecraft doctor",
    );
  });

  it("name s3:ListBucket when a key may only be missing", async () => {
    server.quirks = { noListBucket: true };
    const store = s3Store(server.options());
    const error = await thrown(store.get("absent", { limit }));
    expect(error).toMatchObject({ code: "denied", hint: 'allow s3:ListBucket on "bucket"' });
    expect(server.lines()).toEqual(["GET absent 403", "LIST  403"]);
  });

  it("do not name s3:ListBucket when only this key is denied", async () => {
    server.quirks = { denies: ({ key }) => key !== "" };
    const error = await thrown(s3Store(server.options()).get("k", { limit }));
    expect(error).toMatchObject({ code: "denied", hint: "tracecraft doctor" });
  });

  it("name a missing bucket for every call", async () => {
    const store = s3Store(server.options({ bucket: "nowhere" }));
    const list = async () => {
      for await (const page of store.list("")) void page;
    };
    for (const doing of [
      store.get("k", { limit }),
      store.put("k", bytes("v"), "nothing"),
      store.put("k", bytes("v"), { version: "e" }),
      store.put("k", bytes("v"), "fresh"),
      store.delete("k"),
      list(),
    ]) {
      expect(await thrown(doing)).toMatchObject({
        code: "not_found",
        message: 'Cannot open "s3://nowhere": no bucket "nowhere"',
      });
    }
  });

  it.each([
    ["nothing listens", "http://127.0.0.1:1", "connection refused"],
    ["the host has no name", "http://no-such-host.invalid", "host not found"],
  ])("say unreachable when %s", async (_, endpoint, reason) => {
    const error = await thrown(s3Store(server.options({ endpoint })).get("k", { limit }));
    expect(error).toMatchObject({ code: "unreachable", message: `Cannot reach "s3://bucket": ${reason}` });
  });

  it("say that a server without TLS was asked for https, at once", async () => {
    const endpoint = server.endpoint.replace("http:", "https:");
    const error = await thrown(s3Store(server.options({ endpoint })).get("k", { limit }));
    expect(error.code).toBe("config");
    expect(error.message).toMatch(/^Cannot reach "s3:\/\/bucket": TLS: /);
  });

  it("come within the whole time although every attempt is silent", async () => {
    server.plan = () => ({ kind: "silent" });
    const store = s3Store(server.options({ timeouts: { idleMs: 100, totalMs: 250 } }));
    const startedAt = performance.now();
    expect(await thrown(store.get("k", { limit: 4 << 20 }))).toMatchObject({ code: "unreachable" });
    expect(performance.now() - startedAt).toBeLessThan(1500);
    expect(server.log.length).toBeGreaterThan(1);
  });
});

describe("where requests go", () => {
  it("follows S3 to the bucket's region once, and stays there", async () => {
    server.quirks = { region: "eu-north-1" };
    const store = s3Store(server.options({ region: "us-east-1" }));
    expect(await store.put("r", bytes("v"), "anything")).toMatchObject({ outcome: "written" });
    await store.get("r", { limit });
    expect(server.lines()).toEqual(["PUT r 400", "PUT r 200", "GET r 200"]);
  });

  it("follows a 301 with the region in a header", async () => {
    server.plan = planOf([
      { fault: { kind: "reply", status: 301, headers: { "x-amz-bucket-region": "eu-west-1" } } },
    ]);
    await s3Store(server.options()).get("k", { limit });
    expect(server.log[1]?.headers["authorization"]).toContain("/eu-west-1/s3/");
  });

  it("signs region auto as it is", async () => {
    await s3Store(server.options({ region: "auto" })).get("k", { limit });
    expect(server.log[0]?.headers["authorization"]).toContain("/auto/s3/aws4_request");
    expect(server.lines()).toEqual(["GET k 404"]);
  });

  it("puts the bucket into the host when it is told to", async () => {
    const lookup = vi.spyOn(dns, "lookup");
    lookup.mockImplementation(((
      _host: string,
      options: { all?: boolean },
      done: (...found: unknown[]) => void,
    ) => done(null, options.all ? [{ address: "127.0.0.1", family: 4 }] : "127.0.0.1", 4)) as never);
    const endpoint = server.endpoint.replace("127.0.0.1", "localhost");
    const store = s3Store(server.options({ endpoint, addressing: "virtual" }));
    expect(await store.put("a b/v", bytes("v"), "nothing")).toMatchObject({ outcome: "written" });
    expect(server.log[0]?.headers["host"]).toMatch(/^bucket\.localhost:\d+$/);
    expect(server.lines()).toEqual(["PUT a b/v 200"]);
    expect(await bucketExists(server.options({ endpoint, addressing: "virtual" }))).toBe(true);
  });

  it("refuses to put a bucket before an address", async () => {
    const store = s3Store(server.options({ addressing: "virtual" }));
    expect(await thrown(store.get("k", { limit }))).toMatchObject({ code: "config" });
  });

  it("keeps odd keys whole, in the path and in the signature", async () => {
    const store = s3Store(server.options({ prefix: "p" }));
    for (const key of ["a b+c%20d", "../up", "./here", "a//b", "é😀", "x=1&y#z?q", "!'()*~"]) {
      expect(await store.put(key, bytes(key), "anything")).toMatchObject({ outcome: "written" });
      expect(server.objects("bucket").get(`p/${key}`)?.body.toString()).toBe(key);
    }
  });
});

describe("credentials", () => {
  it("are asked for once, and again a minute before they expire", async () => {
    let asked = 0;
    let now = Date.now();
    const credentials = async () => {
      asked++;
      return { ...testKeys, source: "test", expiresAt: now + 120_000 };
    };
    const store = s3Store(server.options({ credentials, now: () => now }));
    await Promise.all([store.get("k", { limit }), store.get("l", { limit })]);
    await store.get("k", { limit });
    expect(asked).toBe(1);
    now += 61_000;
    await store.get("k", { limit });
    expect(asked).toBe(2);
  });
});

describe("buckets", () => {
  it("are made once, and found", async () => {
    const options = server.options({ bucket: "new-bucket" });
    expect(await bucketExists(options)).toBe(false);
    expect(await createBucket(options)).toBe("made");
    expect(await createBucket(options)).toBe("there");
    expect(await bucketExists(options)).toBe(true);
  });

  it("of somebody else are denied", async () => {
    server.plan = () => ({ kind: "status", status: 409, code: "BucketAlreadyExists" });
    expect(await thrown(createBucket(server.options()))).toMatchObject({
      code: "denied",
      cause: "403 BucketAlreadyExists (request REQ1)",
    });
  });
});
