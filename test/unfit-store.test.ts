import { describe, it, type TestContext } from "vitest";
import { s3Keys, worker, type Worker } from "./processes.ts";
import { startS3Server } from "./s3-server.ts";
import type { Quirks } from "./s3-objects.ts";

const old: Quirks = { server: "Old/1" };
const kinds: Readonly<Record<string, Quirks>> = {
  "refuses conditions (501)": { ...old, noConditions: true },
  "ignores conditions": { ...old, ignoreIfNoneMatch: true, ignoreIfMatch: true },
};

type OnTestFinished = TestContext["onTestFinished"];

/** A server of its own, and agents in a bucket of it. */
async function stage(finished: OnTestFinished, quirks: Quirks) {
  const server = await startS3Server();
  finished(() => server.close());
  server.quirks = quirks;
  const on = (): Promise<Worker> =>
    worker("web-1", ["--bucket", "bucket", "--endpoint", server.endpoint], s3Keys);
  const claimOf = (step: string) =>
    JSON.parse(String(server.objects("bucket").get(`shop/steps/${step}/claim.json`)?.body)) as {
      agent: string | null;
      state: string;
      term: number;
      handoff?: { note: string };
    };
  return { server, on, claimOf };
}

describe.concurrent.each(Object.entries(kinds))("a best-effort claim in a store that %s", (_, quirks) => {
  it("is renewed, handed back, taken again, completed and reopened, and each says best effort", async ({
    expect,
    onTestFinished,
  }) => {
    const { on, claimOf } = await stage(onTestFinished, quirks);
    const mine = await on();
    const run = async (line: string) => {
      const ran = await mine.run(line.split(" "));
      expect([line, ran.status, ran.stderr.includes("best effort")]).toEqual([line, 0, true]);
    };
    await run("claim design --best-effort");
    await run("claim design --best-effort");
    await run("renew design");
    expect(claimOf("design")).toMatchObject({ agent: "web-1", state: "in_progress", term: 1 });
    await run("release design");
    expect(claimOf("design")).toMatchObject({ agent: null, state: "released" });
    await run("claim design --best-effort");
    await run("complete design --note done");
    expect(claimOf("design")).toMatchObject({ state: "complete", term: 2, handoff: { note: "done" } });
    await run("reopen design");
    expect(claimOf("design")).toMatchObject({ agent: null, state: "released", term: 2 });
  });

  it("is needed first: nobody completes what nobody claimed, nor takes it by force", async ({
    expect,
    onTestFinished,
  }) => {
    const { server, on } = await stage(onTestFinished, quirks);
    const [mine, other] = [await on(), await on()];
    for (const line of ["complete design --note x", "complete design --force", "complete design --blocked"]) {
      const ran = await mine.run(line.split(" "));
      expect([line, ran.status, ran.stderr]).toEqual([
        line,
        9,
        expect.stringMatching(/^Error: Cannot complete "design": /),
      ]);
    }
    expect([...server.objects("bucket").keys()].filter((key) => key.includes("/steps/"))).toEqual([]);
    expect((await mine.run(["claim", "design", "--best-effort"])).status).toBe(0);
    const forced = await other.run(["complete", "design", "--force"], { TRACECRAFT_AGENT: "api-2" });
    expect(forced.status).toBe(9);
  });

  it("does not let somebody else complete the step", async ({ expect, onTestFinished }) => {
    const { on, claimOf } = await stage(onTestFinished, quirks);
    const [mine, other] = [await on(), await on()];
    expect((await mine.run(["claim", "design", "--best-effort"])).status).toBe(0);
    expect((await other.run(["complete", "design"], { TRACECRAFT_AGENT: "api-2" })).status).toBe(3);
    expect(claimOf("design")).toMatchObject({ agent: "web-1", state: "in_progress" });
  });
});

describe.concurrent("another server behind the same endpoint", () => {
  it("that keeps no conditions: a claim of it is refused, and nobody holds a lease of it", async ({
    expect,
    onTestFinished,
  }) => {
    const { server, on, claimOf } = await stage(onTestFinished, { server: "Good/1" });
    const mine = await on();
    expect((await mine.run(["claim", "aa"])).status).toBe(0);
    server.quirks = { server: "Bad/1", ignoreIfNoneMatch: true, ignoreIfMatch: true };
    const refused = await mine.run(["claim", "zz"]);
    expect(refused.status).toBe(9);
    expect(refused.stderr).toContain("it was claimed before that was known: tracecraft release zz");
    const after = await mine.run(["memory", "get", "none"]);
    expect(after.stderr).toMatch(/\baa: \d+m left/);
    expect(after.stderr).not.toMatch(/\bzz: \d+m left/);
    expect((await mine.run(["release", "zz"])).status).toBe(0);
    expect(claimOf("zz")).toMatchObject({ agent: null });
  });

  it("that keeps them: what was measured of the old one is void, for claims, memory and reservations", async ({
    expect,
    onTestFinished,
  }) => {
    const { server, on } = await stage(onTestFinished, kinds["ignores conditions"]!);
    const mine = await on();
    expect((await mine.run(["claim", "aa"])).status).toBe(9);
    expect((await mine.run(["memory", "set", "k", "1"])).stderr).toContain("best effort");
    server.quirks = { server: "New/1" };
    server.forget();
    const set = await mine.run(["memory", "set", "k", "2"]);
    expect([set.status, set.stderr]).toEqual([0, expect.not.stringContaining("best effort")]);
    const puts = server.log.filter(({ method, key }) => method === "PUT" && key.endsWith("/memory/k.json"));
    expect(puts.map(({ headers }) => "if-match" in headers)).toEqual([true]);
    expect((await mine.run(["reserve", "src/**"])).status).toBe(0);
    expect((await mine.run(["claim", "bb"])).status).toBe(0);
  });
});
