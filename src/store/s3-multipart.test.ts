import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { planOf } from "../../test/s3-faults.ts";
import { startS3Server, type S3Server } from "../../test/s3-server.ts";
import { s3Store } from "./s3.ts";
import type { Source } from "./store.ts";

const multipart = { aboveBytes: 100, partBytes: 64 };
const whole = Buffer.from(Array.from({ length: 300 }, (_, n) => n % 251));
const source: Source = {
  size: whole.length,
  sha256: createHash("sha256").update(whole).digest("hex"),
  async *open() {
    for (let from = 0; from < whole.length; from += 50) yield whole.subarray(from, from + 50);
  },
};
const written = { outcome: "written", version: expect.stringMatching(/-5$/), storeNow: expect.any(Number) };

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
const open = () => s3Store(server.options({ multipart }));
const stored = () => server.objects("bucket").get("big")?.body;
const count = (method: string) => server.log.filter((seen) => seen.method === method).length;

describe("put() of a source over the limit of one put", () => {
  it("sends five parts and commits them under its condition, looking before and after", async () => {
    expect(await open().put("big", source, "nothing")).toEqual(written);
    expect(stored()?.equals(whole)).toBe(true);
    expect([count("HEAD"), count("POST"), count("PUT"), count("DELETE")]).toEqual([2, 2, 5, 0]);
    expect(server.log.at(-1)?.headers["if-none-match"]).toBe("*");
  });

  it("sends no part when it is refused already", async () => {
    const store = open();
    await store.put("big", new Uint8Array(1), "anything");
    server.forget();
    expect(await store.put("big", source, "nothing")).toEqual({ outcome: "refused" });
    expect(server.lines()).toEqual(["HEAD big 200"]);
  });

  it("is refused by the commit when a rival came meanwhile, and frees its parts", async () => {
    const rival = s3Store(server.options());
    const store = open();
    const first = await rival.put("big", new Uint8Array([1]), "anything");
    if (first.outcome !== "written") throw new Error("unreachable");
    server.plan = (seen) => {
      if (seen.method === "POST" && "uploadId" in seen.query) {
        (server.objects("bucket") as Map<string, unknown>).set("big", {
          body: Buffer.from("rival"),
          etag: "rival",
          writtenAt: 1,
        });
      }
      return undefined;
    };
    expect(await store.put("big", source, { version: first.version })).toEqual({ outcome: "refused" });
    expect(stored()?.toString()).toBe("rival");
    expect(count("DELETE")).toBe(1);
  });

  it("repeats a part, never a conditional commit", async () => {
    server.plan = planOf([
      { method: "PUT", skip: 2, fault: { kind: "lose-reply" } },
      { method: "POST", skip: 1, fault: { kind: "lose-reply" } },
    ]);
    expect(await open().put("big", source, "nothing")).toMatchObject({ outcome: "unknown" });
    expect(stored()?.equals(whole)).toBe(true);
    expect([count("PUT"), count("POST")]).toEqual([6, 2]);
  });

  it("reads an error out of a commit that was answered 200", async () => {
    const body = "<Error><Code>InternalError</Code></Error>";
    server.plan = planOf([{ method: "POST", skip: 1, fault: { kind: "reply", status: 200, body } }]);
    expect(await open().put("big", source, "nothing")).toMatchObject({ outcome: "unknown" });
    expect(stored()).toBeUndefined();
    expect(count("DELETE")).toBe(1);
  });

  it("proves by the parts what a commit without an ETag wrote, and only then says written", async () => {
    server.quirks = { etaglessComplete: true };
    const store = open();
    const put = await store.put("big", source, "nothing");
    expect(put).toEqual({ ...written, version: server.objects("bucket").get("big")?.etag });
    server.plan = (seen) => {
      const committed = server.log.some(({ method, query }) => method === "POST" && "uploadId" in query);
      const objects = server.objects("bucket") as Map<string, unknown>;
      if (seen.method === "HEAD" && committed && objects.has("other")) {
        objects.set("other", { body: Buffer.from("rival"), etag: "rival", writtenAt: 1 });
      }
      return undefined;
    };
    server.forget();
    expect(await store.put("other", source, "nothing")).toMatchObject({ outcome: "unknown" });
  });

  it("writes nothing of a source that changed", async () => {
    const changing = { ...source, sha256: "0".repeat(64) };
    await expect(open().put("big", changing, "anything")).rejects.toMatchObject({ code: "changed" });
    expect(stored()).toBeUndefined();
    expect(count("DELETE")).toBe(1);
  });
});
