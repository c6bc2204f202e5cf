import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ensureVerdict, knownVerdict, stillMatches } from "../src/coord/verdict.ts";
import { memoryLocalState } from "../src/coord/local.ts";
import { readLocal } from "../src/coord/local.ts";
import { storeVerdictKey } from "../src/format/keys.ts";
import { programVersion } from "../src/format/version.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { brokenStore, deniesWriting, ignoresBoth, throttles, type Faults } from "./broken-stores.ts";
import { explain, TracecraftError } from "../src/errors.ts";
import { plant, storyTime, testProject, type TestProjectOptions } from "./project.ts";

const day = 86_400_000;

function refuse(): never {
  throw new Error("a request");
}

/** A store that a probe has to measure, whose `Server` header and faults a test can change, and which counts calls. */
function measuredStore(clock: { now: number }, faults: Faults = {}) {
  const state = { server: "ExampleStore/1.4" as string | undefined, requests: 0, replied: false, faults };
  const right = brokenStore(
    {
      put: (...call) =>
        state.faults.put ? state.faults.put(...call) : call[0].put(call[1], call[2], call[3]),
    },
    { now: () => clock.now },
  );
  const counted = <T>(answer: T): T => {
    state.requests++;
    state.replied = true;
    return answer;
  };
  const store: Store = {
    name: right.name,
    traits: {
      ...right.traits,
      get server() {
        return state.replied ? state.server : undefined;
      },
      etagQuoting: "unknown",
    } as Store["traits"],
    get: ((key: string, options: Parameters<Store["get"]>[1]) =>
      counted(right.get(key, options))) as Store["get"],
    put: (key, body, expected) => counted(right.put(key, body, expected)),
    list: (prefix, after) => counted(right.list(prefix, after)),
    delete: (key) => counted(right.delete(key)),
  };
  /** The same store as the next process opens it: nothing learned, no reply seen. */
  const again = (): Store => {
    state.replied = false;
    state.requests = 0;
    store.traits.conditions = "unknown";
    (store.traits as unknown as { etagQuoting: string }).etagQuoting = "unknown";
    return store;
  };
  return { store, state, again };
}

function setUp(faults?: Faults, options: TestProjectOptions = {}) {
  const clock = { now: storyTime };
  const { store, state, again } = measuredStore(clock, faults);
  const local = memoryLocalState();
  const open = (more: TestProjectOptions = {}) =>
    testProject({ store: again(), local, clock, ...options, ...more });
  return { clock, state, store, local, open };
}

const asked = { act: "claim", thing: "design" };

describe("ensureVerdict()", () => {
  it("asks nothing of a store that keeps conditions by construction", async () => {
    const store = memoryStore();
    const project = testProject({
      store: { ...store, get: refuse, put: refuse, list: refuse, delete: refuse },
    });
    expect(await ensureVerdict(project, asked)).toMatchObject({ fit: true, how: "by construction" });
    expect(stillMatches(project)).toBe(true);
  });

  it("measures once, keeps it here and in the bucket, and then costs no request", async () => {
    const { open, state, store } = setUp();
    const first = open();
    expect(await ensureVerdict(first, asked)).toMatchObject({ fit: true, how: "short probe", requests: 10 });
    expect(store.traits.conditions).toBe("enforced");
    await first.settled();
    const kept = await store.get(storeVerdictKey, { limit: 1 << 20 });
    expect(JSON.parse(Buffer.from(kept!.body).toString())).toMatchObject({
      schema: 3,
      endpoint: "https://s3.example.net",
      bucket: "acme-agents",
      prefix: "shop",
      server: "ExampleStore/1.4",
      version: programVersion,
      measured_at: expect.stringMatching(/^2026-11-22T14:05:\d\d\.\d{3}\+00:00$/),
      fit: true,
    });

    const second = open();
    expect(await ensureVerdict(second, asked)).toMatchObject({ fit: true, how: "kept here" });
    expect(state.requests).toBe(0);
    expect(store.traits.conditions).toBe("enforced");
    await second.store.get("steps/design/claim.json", { limit: 1 });
    expect(stillMatches(second)).toBe(true);
  });

  it("believes the one in the bucket for one request, on another machine", async () => {
    const { open, state } = setUp();
    const first = open();
    await ensureVerdict(first);
    await first.settled();
    const local = memoryLocalState();
    expect(await ensureVerdict(open({ local }), asked)).toMatchObject({
      fit: true,
      how: "kept in the bucket",
    });
    expect(state.requests).toBe(1);
    expect(await ensureVerdict(open({ local }), asked)).toMatchObject({ how: "kept here" });
    expect(state.requests).toBe(0);
  });

  it("forgets the one kept here after 7 days and the one in the bucket after 30", async () => {
    const { open, clock } = setUp();
    const first = open();
    await ensureVerdict(first);
    await first.settled();
    clock.now = storyTime + 7 * day - 60_000;
    expect(await ensureVerdict(open())).toMatchObject({ how: "kept here" });
    clock.now = storyTime + 7 * day + 60_000;
    expect(await ensureVerdict(open())).toMatchObject({ how: "kept in the bucket" });
    clock.now = storyTime + 29 * day;
    expect(await ensureVerdict(open())).toMatchObject({ how: "kept in the bucket" });
    // Kept here three days ago: but it is then 32 days old.
    clock.now = storyTime + 32 * day;
    expect(await ensureVerdict(open())).toMatchObject({ how: "short probe" });
  });

  it.each([
    ["endpoint", "https://other.example.net"],
    ["bucket", "another"],
    ["prefix", "another"],
    ["server", "ExampleStore/2.0"],
    ["fit", "yes"],
    ["measured_at", "2026-10-01T00:00:00.000+00:00"],
    ["measured_at", "2027-10-01T00:00:00.000+00:00"],
  ])("measures anew where the one in the bucket has another %s (%s)", async (field, value) => {
    const { open, store } = setUp();
    const first = open();
    await ensureVerdict(first);
    await first.settled();
    const kept = await store.get(storeVerdictKey, { limit: 1 << 20 });
    const record: unknown = JSON.parse(Buffer.from(kept!.body).toString());
    await plant(store, storeVerdictKey, { ...(record as object), [field]: value });
    expect(await ensureVerdict(open({ local: memoryLocalState() }))).toMatchObject({ how: "short probe" });
  });

  it("measures anew where what lies in the bucket is no verdict", async () => {
    const { open, store } = setUp();
    await plant(store, storeVerdictKey, "{".repeat(1000));
    expect(await ensureVerdict(open())).toMatchObject({ fit: true, how: "short probe" });
  });

  it("is void as soon as another server replies, and that one is measured before the answer", async () => {
    const { open, state } = setUp();
    const first = open();
    await ensureVerdict(first, asked);
    await first.settled();
    state.server = "OtherStore/1.0";
    state.faults = ignoresBoth;
    const project = open();
    expect(await ensureVerdict(project, asked)).toMatchObject({ fit: true, how: "kept here" });
    await project.store.get("steps/design/claim.json", { limit: 1 });
    expect(stillMatches(project)).toBe(false);
    expect(project.store.traits.conditions).toBe("unknown");
    await expect(ensureVerdict(project, asked)).rejects.toMatchObject({ code: "unfit_store" });
  });

  it("restores what the driver found about quotes", async () => {
    const { open, store, local } = setUp();
    const first = open();
    await ensureVerdict(first);
    await first.settled();
    local.write("verdict", { ...readLocal(local, "verdict"), etag_quoting: "bare" });
    await ensureVerdict(open());
    expect(store.traits).toMatchObject({ etagQuoting: "bare", conditions: "enforced" });
  });
});

describe("an unfit store", () => {
  it("is refused for claims, by the short probe and by what is kept", async () => {
    const { open, state } = setUp(ignoresBoth);
    const first = open();
    const refused = await ensureVerdict(first, asked).catch((error: unknown) => error as TracecraftError);
    expect(explain(refused as TracecraftError)).toMatchInlineSnapshot(`
      "Error: Cannot claim "design": s3://acme-agents ignores If-None-Match
      Cause: 4 of 4 racers won, measured 2026-11-22T14:05:00Z
      Hint: tracecraft doctor"
    `);
    await first.settled();
    await expect(ensureVerdict(open(), asked)).rejects.toMatchObject({ code: "unfit_store", status: 9 });
    expect(state.requests).toBe(1); // To see whether it is still that server.
    expect(knownVerdict(open())).toMatchObject({ fit: false, how: "kept here" });
  });

  it("is measured anew once another server answers there", async () => {
    const { open, state, store } = setUp(ignoresBoth);
    await ensureVerdict(open());
    state.server = "OtherStore/1.0";
    state.faults = {};
    expect(await ensureVerdict(open(), asked)).toMatchObject({ fit: true, how: "short probe" });
    expect(store.traits.conditions).toBe("enforced");
  });

  it("is used all the same when that is asked for, without its conditions", async () => {
    const { open, store } = setUp(ignoresBoth);
    expect(await ensureVerdict(open(), { ...asked, bestEffort: true })).toMatchObject({
      fit: false,
      bestEffort: true,
    });
    expect(store.traits.conditions).toBe("ignored");
  });

  it("is an answer to who only asks", async () => {
    expect(await ensureVerdict(setUp(ignoresBoth).open())).toMatchObject({ fit: false, bestEffort: false });
  });
});

describe("a store that cannot be measured", () => {
  it.each([
    ["throttled", throttles(1), "unreachable"],
    ["forbidden", deniesWriting, "denied"],
  ] as const)("is not recorded when it is %s", async (_, faults, code) => {
    const { open, store, local, state } = setUp(faults);
    const project = open();
    await expect(ensureVerdict(project, { ...asked, bestEffort: true })).rejects.toMatchObject({ code });
    await project.settled();
    expect(local.names("")).not.toContain("verdict");
    expect(await store.get(storeVerdictKey, { limit: 1 << 20 })).toBeUndefined();
    expect(store.traits.conditions).toBe("unknown");
    state.faults = {};
    expect(await ensureVerdict(open(), asked)).toMatchObject({ fit: true, how: "short probe" });
  });
});

describe("programVersion", () => {
  it("is that of the package", () => {
    const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
    expect(JSON.parse(manifest)).toMatchObject({ version: programVersion });
  });
});

describe("what a command loads", () => {
  it("has nothing of the probe until a probe is made", () => {
    const source = readFileSync(new URL("../src/coord/verdict.ts", import.meta.url), "utf8");
    const statically = [...source.matchAll(/^import (type )?[^;]*? from "([^"]+)";$/gms)]
      .filter(([, type]) => type === undefined)
      .map(([, , from]) => from);
    expect(statically.filter((from) => from?.includes("/store/"))).toEqual([]);
    expect(source).toContain('await import("../store/probe.ts")');
  });
});
