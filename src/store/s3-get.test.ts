import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { planOf } from "../../test/s3-faults.ts";
import { startS3Server, type S3Server } from "../../test/s3-server.ts";
import { s3Store } from "./s3.ts";
import type { StoredObject } from "./store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (found: unknown) => new TextDecoder().decode((found as StoredObject).body);
const limit = 1000;

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(() => {
  server.quirks = {};
  server.plan = () => undefined;
});

async function withObject(body = "0123456789") {
  const store = s3Store(server.options());
  const put = await store.put("k", bytes(body), "anything");
  if (put.outcome !== "written") throw new Error("unreachable");
  server.forget();
  return { store, version: put.version };
}

describe("get()", () => {
  it("reads an object in one request, with both clocks of that reply", async () => {
    const { store, version } = await withObject();
    const found = await store.get("k", { limit });
    expect(found).toMatchObject({ version, size: 10 });
    expect(text(found)).toBe("0123456789");
    expect(Math.abs((found?.storeNow ?? 0) - (found?.writtenAt ?? 0))).toBeLessThan(5000);
    expect(server.lines()).toEqual(["GET k 200"]);
    const headers = server.log[0]?.headers;
    expect(headers).toMatchObject({ "accept-encoding": "identity", "cache-control": "no-cache" });
    expect(headers?.["authorization"]).not.toContain("accept-encoding");
    expect(store.traits.server).toBe("tracecraft-test");
  });

  it("finds nothing where there is nothing", async () => {
    expect(await s3Store(server.options()).get("absent", { limit })).toBeUndefined();
  });

  it("reads a range, cut at the end, and knows the whole size", async () => {
    const { store } = await withObject();
    const found = await store.get("k", { limit, range: [7, 50] });
    expect(text(found)).toBe("789");
    expect(found?.size).toBe(10);
    expect(await store.get("k", { limit, range: [10, 20] })).toMatchObject({
      size: 10,
      body: new Uint8Array(),
    });
    expect(await store.get("k", { limit, range: [3, 3] })).toMatchObject({
      size: 10,
      body: new Uint8Array(),
    });
  });

  it("cuts the range itself when the server sends the whole", async () => {
    const { store } = await withObject();
    const reply = { kind: "reply", status: 200, headers: { etag: '"e"' }, body: "0123456789" } as const;
    server.plan = planOf([{ fault: reply, times: 2 }]);
    expect(text(await store.get("k", { limit, range: [2, 5] }))).toBe("234");
    await expect(store.get("k", { limit: 2, range: [2, 5] })).rejects.toMatchObject({ code: "malformed" });
  });

  it("refuses an object over the limit before it is read", async () => {
    const { store } = await withObject("x".repeat(500));
    await expect(store.get("k", { limit: 499 })).rejects.toMatchObject({
      code: "malformed",
      message: 'Cannot read "k": 500 bytes, over the limit of 499',
    });
    expect(text(await store.get("k", { limit: 500 }))).toHaveLength(500);
    await store.put("k", new Uint8Array(8 << 20), "anything");
    // What was announced, not what had come by then.
    await expect(store.get("k", { limit: 499 })).rejects.toThrow("8388608 bytes");
  });

  it("answers unchanged on 304, and on a 200 with the same ETag", async () => {
    const { store, version } = await withObject();
    const unchanged = {
      unchanged: true,
      version,
      writtenAt: expect.any(Number),
      storeNow: expect.any(Number),
    };
    expect(await store.get("k", { limit, unless: version })).toEqual(unchanged);
    server.quirks = { never304: true };
    expect(await store.get("k", { limit, unless: version })).toEqual(unchanged);
    expect(server.lines()).toEqual(["GET k 304", "GET k 200"]);
    expect(text(await store.get("k", { limit, unless: "another" }))).toBe("0123456789");
  });

  it.each([
    { kind: "lose-request" },
    { kind: "lose-reply" },
    { kind: "cut-body" },
    { kind: "status", status: 500 },
    { kind: "status", status: 429 },
    { kind: "silent" },
  ] as const)("repeats the read after %j", async (fault) => {
    await withObject();
    const store = s3Store(server.options({ timeouts: { idleMs: 150 } }));
    server.plan = planOf([{ fault }]);
    expect(text(await store.get("k", { limit }))).toBe("0123456789");
    expect(server.log).toHaveLength(2);
  });

  it("does not take another server's 404 for a missing object", async () => {
    const { store } = await withObject();
    server.plan = planOf([{ fault: { kind: "reply", status: 404, body: "<html>nothing here</html>" } }]);
    await expect(store.get("k", { limit })).rejects.toMatchObject({ code: "config" });
  });

  it("does not take a page without an ETag for an object", async () => {
    const { store } = await withObject();
    server.plan = planOf([{ fault: { kind: "reply", status: 200, body: "<html>log in first</html>" } }]);
    await expect(store.get("k", { limit })).rejects.toMatchObject({ code: "config" });
  });

  it.each([
    ["Age", { age: "7" }],
    ["X-Cache", { "x-cache": "Hit from cloudfront" }],
    ["no Date", { date: "" }],
  ])("does not trust the clock of a reply with %s", async (_, headers) => {
    const { store } = await withObject();
    const reply = { kind: "reply", status: 200, body: "v", headers: { etag: '"e"', ...headers } } as const;
    server.plan = planOf([{ fault: reply }]);
    expect(await store.get("k", { limit })).toMatchObject({ version: "e", storeNow: undefined });
  });
});

describe("get() where another host answers GETs", () => {
  it("takes the version of a HEAD made before, and no clock, and gives away no secret", async () => {
    const { store, version } = await withObject();
    server.quirks = { redirectGets: true };
    const found = await store.get("k", { limit });
    expect(found).toMatchObject({ version, size: 10, writtenAt: undefined, storeNow: undefined });
    expect(text(found)).toBe("0123456789");
    expect(server.lines()).toEqual(["GET k 302", "HEAD k 200", "GET k 302"]);
    expect(store.traits.redirectsGets).toBe(true);
  });

  it("asks HEAD first once it is known, also for unless and a missing key", async () => {
    const { store, version } = await withObject();
    server.quirks = { redirectGets: true };
    store.traits.redirectsGets = true;
    expect(text(await store.get("k", { limit, range: [2, 4] }))).toBe("23");
    expect(await store.get("k", { limit, unless: version })).toMatchObject({ unchanged: true, version });
    expect(await store.get("absent", { limit })).toBeUndefined();
    expect(server.lines()).toEqual([
      "HEAD k 200",
      "GET k 302",
      "HEAD k 200",
      "HEAD absent 404",
      "GET absent 404",
    ]);
  });

  it("never gives a version newer than the body", async () => {
    const { store, version } = await withObject();
    server.quirks = { redirectGets: true };
    store.traits.redirectsGets = true;
    const rival = s3Store(server.options());
    let raced = false;
    const race = async () => {
      raced = true;
      await rival.put("k", bytes("new"), "anything");
    };
    server.plan = (seen) => {
      if (seen.method === "GET" && !raced) void race();
      return seen.method === "GET" ? { kind: "slow", ms: 30 } : undefined;
    };
    const found = await store.get("k", { limit });
    expect(text(found)).toBe("new");
    expect(found?.version).toBe(version);
  });

  it.each([
    ["to another scheme", "file:///etc/passwd"],
    ["to nowhere", ""],
  ])("does not follow a redirect %s", async (_, location) => {
    const { store } = await withObject();
    store.traits.redirectsGets = true;
    const fault = { kind: "reply", status: 302, headers: { location } } as const;
    server.plan = planOf([{ method: "GET", times: 9, fault }]);
    await expect(store.get("k", { limit })).rejects.toMatchObject({ code: "malformed" });
  });

  it("follows at most three redirects", async () => {
    const { store } = await withObject();
    store.traits.redirectsGets = true;
    const location = `${server.endpoint}/bucket/k`;
    const fault = { kind: "reply", status: 302, headers: { location } } as const;
    server.plan = planOf([{ method: "GET", times: 99, fault }]);
    await expect(store.get("k", { limit })).rejects.toMatchObject({ code: "malformed" });
    expect(server.lines()).toEqual(["HEAD k 200", ...Array.from({ length: 4 }, () => "GET k 302")]);
  });
});
