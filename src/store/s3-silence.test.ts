import { afterAll, beforeEach, expect, it } from "vitest";
import { startS3Server } from "../../test/s3-server.ts";
import type { TracecraftError } from "../errors.ts";
import { s3Store } from "./s3.ts";

const server = await startS3Server();
afterAll(() => server.close());
beforeEach(() => {
  server.plan = () => undefined;
  server.forget();
});

const timeouts = { connectMs: 1000, idleMs: 200, totalMs: 5000, silentMs: 500 };
const body = new Uint8Array([1]);
const get = (store: ReturnType<typeof s3Store>) =>
  store.get("k", { limit: 10 }).then(
    () => "answered",
    (error: TracecraftError) => error.message,
  );

it("calls one after the other give up together, once the store has said nothing to any of them", async () => {
  server.plan = () => ({ kind: "silent" });
  const store = s3Store(server.options({ timeouts }));
  const startedAt = performance.now();
  expect(await store.put("k", body, "nothing")).toMatchObject({ outcome: "unknown" });
  expect(await store.put("fresh", body, "fresh")).toMatchObject({ outcome: "unknown" });
  expect(await get(store)).toBe('Cannot reach "s3://bucket": no answer within 0.5s');
  expect(performance.now() - startedAt).toBeLessThan(2_000); // Each alone would go on for 5s.
});

it("a part of a large object is not waited for longer: its bytes come after an answer", async () => {
  server.plan = () => ({ kind: "silent" });
  const store = s3Store(server.options({ timeouts: { ...timeouts, totalMs: 600 } }));
  const startedAt = performance.now();
  const size = 8 * 1024 * 1024;
  await expect(store.get("k", { range: [0, size], limit: size })).rejects.toThrow(/no answer within/);
  expect(performance.now() - startedAt).toBeLessThan(2_000); // At the speed that bytes are allowed, 9s.
});

it("any reply is a sign of life, also one that refuses", async () => {
  const store = s3Store(server.options({ timeouts }));
  for (let times = 0; times < 4; times++) {
    server.plan = ({ method }) => (method === "PUT" ? { kind: "silent" } : { kind: "status", status: 403 });
    expect(await store.put("k", body, "nothing")).toMatchObject({ outcome: "unknown" });
    expect(await get(store)).toMatch(/access denied/);
  }
  expect(server.lines().filter((line) => line === "PUT k 0")).toHaveLength(4);
});
