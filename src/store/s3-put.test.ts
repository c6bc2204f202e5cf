import { connect, createServer, type AddressInfo } from "node:net";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { planOf, type Fault } from "../../test/s3-faults.ts";
import { startS3Server, type S3Server } from "../../test/s3-server.ts";
import { s3Store } from "./s3.ts";
import type { Source } from "./store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const written = { outcome: "written", version: expect.any(String), storeNow: expect.any(Number) };

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(() => {
  server.quirks = {};
  server.plan = () => undefined;
  (server.objects("bucket") as Map<string, unknown>).clear();
  server.forget();
});

/** A store with an object "k" of body "old", its version, and an empty log. */
async function withObject(more: Parameters<S3Server["options"]>[0] = {}) {
  const store = s3Store(server.options(more));
  const put = await store.put("k", bytes("old"), "anything");
  if (put.outcome !== "written") throw new Error("unreachable");
  server.forget();
  return { store, version: put.version };
}
const bodyOf = (key: string) => server.objects("bucket").get(key)?.body.toString();
const once = (fault: Fault) => planOf([{ method: "PUT", fault }]);

describe("put() with a condition", () => {
  it("creates in one request, signed with its condition", async () => {
    const store = s3Store(server.options());
    expect(await store.put("k", bytes("v"), "nothing")).toEqual(written);
    expect(server.lines()).toEqual(["PUT k 200"]);
    expect(server.log[0]?.headers["if-none-match"]).toBe("*");
    expect(server.log[0]?.headers["authorization"]).toContain(";if-none-match;");
  });

  it("compares and sets in one request, the ETag in quotes, and remembers that this worked", async () => {
    const { store, version } = await withObject();
    expect(await store.put("k", bytes("new"), { version })).toEqual(written);
    expect(server.lines()).toEqual(["PUT k 200"]);
    expect(server.log[0]?.headers["if-match"]).toBe(`"${version}"`);
    expect(store.traits.etagQuoting).toBe("quoted");
  });

  it.each([
    ["412", { kind: "status", status: 412, code: "PreconditionFailed" }],
    ["409", { kind: "status", status: 409, code: "ConditionalRequestConflict" }],
    ["304", { kind: "reply", status: 304 }],
  ] as const)("takes %s for refused, after one request", async (_, fault) => {
    const store = s3Store(server.options());
    server.plan = once(fault);
    expect(await store.put("k", bytes("v"), "nothing")).toEqual({ outcome: "refused" });
    expect(server.log).toHaveLength(1);
  });

  it("takes 404 on a compare-and-set for refused, and 412 as well", async () => {
    const { store, version } = await withObject();
    await store.delete("k");
    expect(await store.put("k", bytes("new"), { version })).toEqual({ outcome: "refused" });
    server.quirks = { missingIs412: true };
    expect(await store.put("k", bytes("new"), { version })).toEqual({ outcome: "refused" });
    expect(bodyOf("k")).toBeUndefined();
  });

  it.each([
    ["a lost request", { kind: "lose-request" }, undefined],
    ["a lost reply", { kind: "lose-reply" }, "v"],
    ["500 before the write", { kind: "status", status: 500 }, undefined],
    ["500 after the write", { kind: "status", status: 500, after: true }, "v"],
    ["503", { kind: "status", status: 503, code: "SlowDown" }, undefined],
    ["429", { kind: "status", status: 429 }, undefined],
    ["a request that the server gave up", { kind: "status", status: 400, code: "RequestTimeout" }, undefined],
    ["silence", { kind: "silent" }, undefined],
  ] as const)("is sent once, and unknown, after %s", async (_, fault, stored) => {
    const store = s3Store(server.options({ timeouts: { idleMs: 150 } }));
    server.plan = once(fault);
    expect(await store.put("k", bytes("v"), "nothing")).toEqual({
      outcome: "unknown",
      cause: expect.objectContaining({ code: "unreachable" }),
    });
    expect(server.log.filter(({ method }) => method === "PUT")).toHaveLength(1);
    expect(bodyOf("k")).toBe(stored);
  });

  it.each(["nothing", "fresh", { version: "v" }] as const)(
    "throws when nothing listens, for then it surely is not written: %s",
    async (expected) => {
      const store = s3Store(server.options({ endpoint: "http://127.0.0.1:1" }));
      await expect(store.put("k", bytes("v"), expected)).rejects.toMatchObject({
        code: "unreachable",
        message: 'Cannot reach "s3://bucket": connection refused',
      });
    },
  );

  it.each(["nothing", "fresh"] as const)(
    "is sent, once there is a connection, where there was none before: %s",
    async (expected) => {
      const gate = createServer(() => undefined);
      await new Promise<void>((listening) => gate.listen(0, "127.0.0.1", listening));
      const { port } = gate.address() as AddressInfo;
      await new Promise((closed) => gate.close(closed));
      const store = s3Store(server.options({ endpoint: `http://127.0.0.1:${port}`, random: () => 1 }));
      const put = store.put("k", bytes("v"), expected);
      const proxy = createServer((from) => {
        from.pipe(connect(Number(new URL(server.endpoint).port), "127.0.0.1")).pipe(from);
      });
      await new Promise<void>((listening) => proxy.listen(port, "127.0.0.1", listening));
      expect(await put).toMatchObject({ outcome: "written" });
      proxy.close();
    },
  );

  it.each([
    ["501", { kind: "status", status: 501, code: "NotImplemented" }],
    ["400 ExcessHeaderValues", { kind: "status", status: 400, code: "ExcessHeaderValues" }],
  ] as const)("throws unfit_store on %s and writes nothing", async (_, fault) => {
    const store = s3Store(server.options());
    server.plan = once(fault);
    await expect(store.put("k", bytes("v"), "nothing")).rejects.toMatchObject({
      code: "unfit_store",
      message: 'Cannot write "k": s3://bucket does not do If-None-Match',
    });
    expect(server.log).toHaveLength(1);
    expect(bodyOf("k")).toBeUndefined();
  });

  it("sends nothing to a store that is known to ignore conditions", async () => {
    const store = s3Store(server.options());
    store.traits.conditions = "ignored";
    await expect(store.put("k", bytes("v"), "nothing")).rejects.toMatchObject({ code: "unfit_store" });
    expect(server.log).toHaveLength(0);
  });
});

describe("a 412 while the version is still current", () => {
  it("is repeated once with the ETag bare, and what worked is remembered", async () => {
    const { store, version } = await withObject();
    server.quirks = { bareEtags: true };
    const put = await store.put("k", bytes("new"), { version });
    expect(put).toEqual(written);
    expect(server.lines()).toEqual(["PUT k 412", "HEAD k 200", "PUT k 200"]);
    expect(store.traits.etagQuoting).toBe("bare");
    server.forget();
    if (put.outcome !== "written") throw new Error("unreachable");
    expect(await store.put("k", bytes("newer"), { version: put.version })).toEqual(written);
    expect(server.lines()).toEqual(["PUT k 200"]);
  });

  it("is refused at once when the version is no longer current", async () => {
    const { store, version } = await withObject();
    await s3Store(server.options()).put("k", bytes("rival"), "anything");
    server.forget();
    expect(await store.put("k", bytes("new"), { version })).toEqual({ outcome: "refused" });
    expect(server.lines()).toEqual(["PUT k 412", "HEAD k 200"]);
    expect(bodyOf("k")).toBe("rival");
  });

  it("costs no look once the quoting is known", async () => {
    const { store } = await withObject();
    store.traits.etagQuoting = "quoted";
    expect(await store.put("k", bytes("new"), { version: "other" })).toEqual({ outcome: "refused" });
    expect(server.lines()).toEqual(["PUT k 412"]);
  });

  it("is refused, not repeated, when the look has no answer", async () => {
    const { store, version } = await withObject();
    server.quirks = { bareEtags: true };
    server.plan = planOf([{ method: "HEAD", fault: { kind: "status", status: 500 } }]);
    expect(await store.put("k", bytes("new"), { version })).toEqual({ outcome: "refused" });
    expect(server.lines()).toEqual(["PUT k 412", "HEAD k 500"]);
  });

  it("is unknown when the reply to the repetition is lost", async () => {
    const { store, version } = await withObject();
    server.quirks = { bareEtags: true };
    server.plan = planOf([{ method: "PUT", skip: 1, fault: { kind: "lose-reply" } }]);
    expect(await store.put("k", bytes("new"), { version })).toMatchObject({ outcome: "unknown" });
    expect(server.lines()).toEqual(["PUT k 412", "HEAD k 200", "PUT k 0"]);
    expect(bodyOf("k")).toBe("new");
  });
});

describe("put() of what may be repeated", () => {
  it.each([
    { kind: "lose-request" },
    { kind: "lose-reply" },
    { kind: "status", status: 500, after: true },
    { kind: "status", status: 503 },
    { kind: "status", status: 409, code: "OperationAborted" },
  ] as const)("repeats a put expecting anything after %j", async (fault) => {
    const store = s3Store(server.options());
    server.plan = once(fault);
    expect(await store.put("k", bytes("v"), "anything")).toEqual(written);
    expect(server.log).toHaveLength(2);
    expect(server.log[1]?.headers["if-none-match"]).toBeUndefined();
    expect(bodyOf("k")).toBe("v");
  });

  it("takes the 412 of its own lost attempt for written, when the key is fresh", async () => {
    const store = s3Store(server.options());
    server.plan = once({ kind: "lose-reply" });
    const put = await store.put("k", bytes("v"), "fresh");
    expect(put).toEqual({ ...written, version: server.objects("bucket").get("k")?.etag });
    expect(server.lines()).toEqual(["PUT k 0", "PUT k 412", "HEAD k 200"]);
  });

  it("does not write a fresh key again that a reader has removed meanwhile", async () => {
    const store = s3Store(server.options());
    server.plan = (seen) => {
      if (seen.method === "HEAD") (server.objects("bucket") as Map<string, unknown>).delete("k");
      return server.log.length === 0 ? { kind: "lose-reply" } : undefined;
    };
    expect(await store.put("k", bytes("v"), "fresh")).toMatchObject({ outcome: "written", version: "gone" });
    expect(bodyOf("k")).toBeUndefined();
  });

  it("puts a fresh key plainly where conditions are not implemented, and remembers it", async () => {
    const store = s3Store(server.options());
    server.quirks = { noConditions: true };
    expect(await store.put("k", bytes("v"), "fresh")).toEqual(written);
    expect(await store.put("l", bytes("v"), "fresh")).toEqual(written);
    expect(server.lines()).toEqual(["PUT k 501", "PUT k 200", "PUT l 200"]);
    expect(store.traits.conditions).toBe("ignored");
  });

  it("is unknown when every repetition is answered 503", async () => {
    const store = s3Store(server.options());
    server.plan = () => ({ kind: "status", status: 503, code: "SlowDown" });
    expect(await store.put("k", bytes("v"), "anything")).toMatchObject({
      outcome: "unknown",
      cause: { code: "unreachable", cause: "503 SlowDown (request REQ1)" },
    });
    expect(server.log).toHaveLength(5);
  });
});

describe("put() of a source", () => {
  const whole = Buffer.alloc(3 << 20, "0123456789");
  const source: Source = {
    size: whole.length,
    sha256: createHash("sha256").update(whole).digest("hex"),
    async *open() {
      for (let from = 0; from < whole.length; from += 100_000) yield whole.subarray(from, from + 100_000);
    },
  };

  it("streams it as one conditional put that is told before the body when it is refused", async () => {
    const store = s3Store(server.options());
    expect(await store.put("big", source, "nothing")).toEqual(written);
    expect(server.objects("bucket").get("big")?.body.equals(whole)).toBe(true);
    expect(server.log[0]?.headers["expect"]).toBe("100-continue");
    expect(await store.put("big", source, "nothing")).toEqual({ outcome: "refused" });
    expect(server.lines()).toEqual(["PUT big 200", "PUT big 412"]);
  });

  it("opens it anew for each attempt", async () => {
    const store = s3Store(server.options());
    server.plan = once({ kind: "lose-reply" });
    expect(await store.put("big", source, "fresh")).toEqual(written);
    expect(server.objects("bucket").get("big")?.body.equals(whole)).toBe(true);
  });

  it("writes nothing when it changed while it was read", async () => {
    const store = s3Store(server.options());
    const changing = { ...source, sha256: "0".repeat(64) };
    await expect(store.put("big", changing, "nothing")).rejects.toMatchObject({ code: "changed" });
    expect(server.objects("bucket").has("big")).toBe(false);
  });
});
