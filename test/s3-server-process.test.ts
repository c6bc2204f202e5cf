import { expect, it } from "vitest";
import { s3Store } from "../src/store/s3.ts";
import { startS3ServerProcess } from "./s3-server-process.ts";

it("startS3ServerProcess() serves, fails as it is told to, and shows its log", async () => {
  const server = await startS3ServerProcess({ buckets: ["b"], quirks: { latencyMs: 1 } });
  const { accessKeyId, secretAccessKey, endpoint } = server;
  const credentials = async () => ({ accessKeyId, secretAccessKey, source: "the test" });
  const store = s3Store({ endpoint, bucket: "b", credentials });
  await server.control({ rules: [{ method: "PUT", fault: { kind: "lose-reply" } }] });
  const body = new Uint8Array([1]);
  expect(await store.put("k", body, "nothing")).toMatchObject({ outcome: "unknown" });
  expect(await store.put("k", body, "nothing")).toEqual({ outcome: "refused" });
  expect(await server.control({ log: true, forget: true })).toEqual({
    lines: ["PUT k 0", "PUT k 412"],
    roundTrips: 1,
  });
  expect((await server.control({ log: true })).lines).toEqual([]);
  await server.close();
});
