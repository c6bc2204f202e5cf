import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3Store } from "../src/store/s3.ts";
import { seededPlan } from "./s3-faults.ts";
import { startS3Server, type S3Server } from "./s3-server.ts";
import { storeContract } from "./store-contract.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (body: Uint8Array) => new TextDecoder().decode(body);

let server: S3Server;
let opened = 0;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());

const open = async () => s3Store(server.options({ prefix: `run/${++opened}` }));
const missingBucket = async () => s3Store(server.options({ bucket: "missing" }));

storeContract("s3Store()", open, { missingBucket });

describe("s3Store() on a server that loses and refuses requests on a seed", () => {
  it.each([1, 2, 3, 4, 5])(
    "never says written of what is not, nor refused of a create that it alone made (%i)",
    async (seed) => {
      const faulty = await startS3Server({ plan: seededPlan(seed, 0.4) });
      const store = s3Store(faulty.options({ timeouts: { idleMs: 200 } }));
      for (let n = 0; n < 60; n++) {
        const put = await store.put(`k${n}`, bytes(`v${n}`), "nothing");
        const stored = faulty.objects("bucket").get(`k${n}`)?.body.toString();
        if (put.outcome === "written") expect(stored).toBe(`v${n}`);
        // Only a planned 409 refuses: each key has one writer, and each put is sent once.
        if (put.outcome === "refused") expect(faulty.lines().at(-1)).toBe(`PUT k${n} 409`);
        expect(faulty.log.filter(({ method, key }) => method === "PUT" && key === `k${n}`)).toHaveLength(1);
      }
      await faulty.close();
    },
  );

  it.each([6, 7, 8])(
    "loses no update of 6 writers who read back what they do not know (%i)",
    async (seed) => {
      const faulty = await startS3Server({ plan: seededPlan(seed, 0.2) });
      const store = () => s3Store(faulty.options({ timeouts: { idleMs: 200 } }));
      await write(store(), "log", "");
      const append = async (letter: string) => {
        const own = store();
        for (;;) {
          const found = await own.get("log", { limit: 1000 }).catch(() => undefined);
          if (!found) continue;
          if (text(found.body).includes(letter)) return;
          await own.put("log", bytes(text(found.body) + letter), { version: found.version }).catch(() => {});
        }
      };
      await Promise.all([..."abcdef"].map(append));
      expect([...(faulty.objects("bucket").get("log")?.body.toString() ?? "")].toSorted().join("")).toBe(
        "abcdef",
      );
      await faulty.close();
    },
  );
});

describe("the server for tests", () => {
  it("crowns several winners when it checks before it writes, so that a probe has something to find", async () => {
    const racy = await startS3Server({ quirks: { racy: true, latencyMs: 50 } });
    const stores = Array.from({ length: 8 }, () => s3Store(racy.options()));
    const body = new Uint8Array(1);
    const puts = await Promise.all(stores.map((store) => store.put("k", body, "nothing")));
    expect(puts.filter(({ outcome }) => outcome === "written").length).toBeGreaterThan(1);
    await racy.close();
  });

  it("counts round trips: two in parallel are one, one after another are two", async () => {
    const store = await open();
    server.quirks = { latencyMs: 20 };
    server.forget();
    await Promise.all([store.get("a", { limit: 1 }), store.get("b", { limit: 1 })]);
    expect(server.roundTrips()).toBe(1);
    await store.get("c", { limit: 1 });
    expect(server.roundTrips()).toBe(2);
    server.quirks = {};
  });
});

async function write(store: ReturnType<typeof s3Store>, key: string, value: string): Promise<void> {
  for (;;) {
    const put = await store.put(key, bytes(value), "anything");
    if (put.outcome === "written") return;
  }
}
