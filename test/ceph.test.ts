import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { s3Store } from "../src/store/s3.ts";
import { realS3 } from "./real-s3.ts";
import { storeContract } from "./store-contract.ts";

const endpoint = process.env["TRACECRAFT_CEPH_ENDPOINT"];
const accessKeyId = process.env["TRACECRAFT_CEPH_ACCESS_KEY_ID"] ?? "";
const secretAccessKey = process.env["TRACECRAFT_CEPH_SECRET_ACCESS_KEY"] ?? "";
const credentials = async () => ({ accessKeyId, secretAccessKey, source: "the environment" });

const slowClock = () => Date.now() - 20 * 60_000;
const wrongKeys = async () => ({ accessKeyId, secretAccessKey: "wrong", source: "the test" });

if (endpoint === undefined) {
  const line = 'Ceph is not tried: run  eval "$(scripts/ceph-up.sh)"  first';
  console.log(`skipped: ${line}`); // The reporter does not name what a whole file skips.
  it.skip(line, () => {});
} else {
  const { open, missingBucket } = realS3({ endpoint, credentials });
  storeContract("s3Store() on Ceph", open, { missingBucket });

  describe("Ceph", () => {
    it("takes the ETag bare after it refused it quoted, and the driver remembers", async () => {
      const store = (await open()) as ReturnType<typeof s3Store>;
      const put = await store.put("k", new Uint8Array([1]), "nothing");
      if (put.outcome !== "written") throw new Error("unreachable");
      expect(await store.put("k", new Uint8Array([2]), { version: put.version })).toMatchObject({
        outcome: "written",
      });
      expect(store.traits.etagQuoting).toBe("bare");
    });

    it("takes a source of 12 MiB in parts, and one of them in ranges", async () => {
      const { bucket } = (await open()).traits;
      const store = s3Store({
        endpoint,
        bucket,
        credentials,
        prefix: "parts",
        multipart: { aboveBytes: 1 << 20, partBytes: 5 << 20 },
      });
      const whole = Buffer.alloc(12 << 20, "0123456789abcdef ");
      const source = {
        size: whole.length,
        sha256: createHash("sha256").update(whole).digest("hex"),
        async *open() {
          for (let from = 0; from < whole.length; from += 1 << 20)
            yield whole.subarray(from, from + (1 << 20));
        },
      };
      const put = await store.put("big", source, "nothing");
      expect(put).toMatchObject({ outcome: "written", version: expect.stringMatching(/-3$/) });
      expect(await store.put("big", source, "nothing")).toEqual({ outcome: "refused" });
      const from = (5 << 20) - 3;
      const found = await store.get("big", { limit: 6, range: [from, from + 6] });
      expect(found?.size).toBe(whole.length);
      expect(whole.subarray(from, from + 6).equals(found?.body ?? new Uint8Array())).toBe(true);
    });

    it("refuses wrong keys and a clock that is 20 minutes off is corrected", async () => {
      const { bucket } = (await open()).traits;
      const store = s3Store({ endpoint, bucket, credentials, now: slowClock, prefix: "clock" });
      expect(await store.put("k", new Uint8Array([1]), "nothing")).toMatchObject({ outcome: "written" });
      await expect(
        s3Store({ endpoint, bucket, credentials: wrongKeys }).put("k", new Uint8Array([1]), "nothing"),
      ).rejects.toMatchObject({ code: "denied" });
    });
  });
}
