import { describe, expect, it } from "vitest";
import { TracecraftError } from "../src/errors.ts";
import { memoryStore } from "../src/store/memory.ts";
import { probeStore, type Measured } from "../src/store/probe.ts";
import type { Store } from "../src/store/store.ts";
import {
  backwards,
  brokenStore,
  cannotCreate,
  createsOnIfMatch,
  deniesDeleting,
  deniesListing,
  deniesWriting,
  hashedVersions,
  ignoresBoth,
  ignoresIfMatch,
  ignoresIfNoneMatch,
  keepsDeleted,
  looksBeforeTheBody,
  looksThenWrites,
  loopingPages,
  losesReplies,
  losesUpdates,
  neverMatches,
  onePageOnly,
  skipsBetweenPages,
  oneWriteASecond,
  refusesConditions,
  staleLists,
  startsAtAfter,
  tellsNoTime,
  throttles,
  twoClocks,
  writesWhatItRefuses,
  type Faults,
} from "./broken-stores.ts";
import { virtualWorld } from "./probe-worlds.ts";
import { objects, type TestClock } from "./project.ts";

const start = Date.parse("2026-11-22T14:05:00.000Z");

function measure(faults: Faults, form: "short" | "long", skewMs = 0): Promise<Measured> {
  const clock = { now: start };
  return measureStore(brokenStore(faults, { now: () => clock.now }), form, { clock, skewMs });
}

function measureStore(
  store: Store,
  form: "short" | "long",
  { clock, skewMs = 0 }: { clock: TestClock; skewMs?: number },
): Promise<Measured> {
  return probeStore(store, { form, prefix: "_meta/probe/", world: virtualWorld(clock, skewMs) });
}

function measureSlow(faults: Faults, form: "short" | "long") {
  const clock = { now: start };
  const slow = oneWriteASecond(() => clock.now, faults);
  return measureStore(brokenStore(slow, { now: () => clock.now }), form, { clock });
}

/** As a reader sees it: what is not ok, in order. */
function trouble({ checks }: Measured): string[] {
  return checks
    .filter(({ result }) => result !== "ok")
    .map(({ name, result, detail }) => `${result} ${name}: ${detail}`);
}

describe("the long form", () => {
  it("calls a right store fit, check by check", async () => {
    const found = await measure({}, "long");
    expect(found).toMatchObject({ fit: true, fault: undefined, denied: undefined, clockOffsetMs: 0 });
    expect(found.checks.map(({ name, result, detail }) => `${result}  ${name}  ${detail}`))
      .toMatchInlineSnapshot(`
      [
        "ok  create-if-absent  second create refused",
        "ok  compare-and-set  stale version refused",
        "ok  race  16 writers, 5 rounds, one winner each",
        "ok  held last byte  8 writers, one winner",
        "ok  counter chain  64 of 64, none lost",
        "ok  lost reply  read-back told the truth, 8 of 8",
        "ok  read  ranges; unchanged told apart",
        "ok  list  paging, order, start-after",
        "ok  delete  visible at once",
        "ok  clock  ours in step",
        "ok  rights  get, put, list, delete",
      ]
    `);
  });

  const unfit: readonly (readonly [string, Faults, string])[] = [
    ["ignores If-None-Match", ignoresIfNoneMatch, "ignores If-None-Match"],
    ["ignores If-Match", ignoresIfMatch, "ignores If-Match"],
    ["ignores both", ignoresBoth, "ignores If-None-Match"],
    ["looks, then writes", looksThenWrites, "lets several racers win"],
    ["looks before it has the body", looksBeforeTheBody, "checks the condition before it has the body"],
    ["writes what it refuses", writesWhatItRefuses, "keeps the body of a write that it refused"],
    ["creates under If-Match", createsOnIfMatch, "creates a missing key under If-Match"],
    ["cannot create", cannotCreate, "does not do conditional writes"],
    ["refuses conditions with 501", refusesConditions, "does not do conditional writes"],
    ["never finds a version current", neverMatches, "refuses If-Match with the version that it gave"],
    ["forgets one update in five", losesUpdates(), "loses updates"],
    ["tells two times that do not fit", twoClocks, "gives times that do not fit together"],
  ];
  it.each(unfit)("calls a store unfit that %s", async (_, faults, fault) => {
    expect(await measure(faults, "long")).toMatchObject({ fit: false, fault });
  });

  const notForMail: readonly (readonly [string, Faults, string])[] = [
    ["lists what was there a moment ago", staleLists(), "bad list: 0 of 10 keys listed"],
    ["has one page only", onePageOnly, "bad list: 4 of 10 keys listed"],
    ["loses a key between two pages", skipsBetweenPages, "bad list: 7 of 10 keys listed page by page"],
    ["has pages that loop", loopingPages, "bad list: its pages do not end"],
    ["lists backwards", backwards, "bad list: keys out of order"],
    [
      "lists the key that it should start after",
      startsAtAfter,
      "bad list: start-after is not where it was asked for",
    ],
    ["still reads what was deleted", keepsDeleted, "bad delete: 4 of 4 still read"],
  ];
  it.each(notForMail)("finds, in a store fit for claims, one that %s", async (_, faults, found) => {
    const measured = await measure(faults, "long");
    expect(measured.fit).toBe(true);
    expect(trouble(measured)).toEqual([found]);
  });

  it("does not mind a store whose versions are hashes, and says so", async () => {
    const measured = await measure(hashedVersions, "long");
    expect(trouble(measured)).toEqual([]);
    expect(measured.checks[1]?.detail).toBe("stale version refused; same bytes, same version");
  });

  it("does not mind a store that tells no time", async () => {
    const measured = await measure(tellsNoTime, "long");
    expect(measured).toMatchObject({ fit: true, clockOffsetMs: undefined });
    expect(measured.checks.find(({ name }) => name === "clock")?.detail).toMatchInlineSnapshot(
      `"replies do not tell the time; replies do not tell an object's age: leases lapse by sight"`,
    );
  });

  it("says how far our clock is off, and whose fault it is not", async () => {
    expect((await measure({}, "long", 20 * 60_000)).clockOffsetMs).toBe(-20 * 60_000);
    const behind = await measure({}, "long", -400);
    expect(behind.checks.find(({ name }) => name === "clock")?.detail).toBe("ours 0.4s behind");
  });

  it("takes a lost reply for what it is, and still calls the store fit", async () => {
    expect(trouble(await measure(losesReplies(3), "long"))).toEqual([]);
  });

  it("names the right that is missing and the verdict does not need", async () => {
    const list = await measure(deniesListing, "long");
    expect(list).toMatchObject({ fit: true, denied: { code: "denied" } });
    expect(trouble(list)).toEqual(["skipped list: access denied", "bad rights: get, put, delete; not list"]);
    const remove = await measure(deniesDeleting, "long");
    expect(trouble(remove)).toEqual([
      "skipped delete: access denied",
      "bad rights: get, put, list; not delete",
    ]);
  });
});

describe("the short form", () => {
  it("calls a right store fit in ten requests", async () => {
    const measured = await measure({}, "short");
    expect(trouble(measured)).toEqual([]);
    expect(measured).toMatchObject({ fit: true, requests: 10 });
  });

  const unfit: readonly (readonly [string, Faults, string, string])[] = [
    ["ignores If-None-Match", ignoresIfNoneMatch, "ignores If-None-Match", "4 of 4 racers won"],
    ["ignores If-Match", ignoresIfMatch, "ignores If-Match", "stale version written: If-Match ignored"],
    ["ignores both", ignoresBoth, "ignores If-None-Match", "4 of 4 racers won"],
    [
      "looks, then writes",
      looksThenWrites,
      "checks the condition before it has the body",
      "4 of 4 racers won",
    ],
    [
      "looks before it has the body",
      looksBeforeTheBody,
      "checks the condition before it has the body",
      "4 of 4 racers won",
    ],
    [
      "writes what it refuses",
      writesWhatItRefuses,
      "refuses If-Match with the version that it gave",
      "current version refused",
    ],
    [
      "creates under If-Match",
      createsOnIfMatch,
      "creates a missing key under If-Match",
      "a missing key was created under If-Match",
    ],
    ["cannot create", cannotCreate, "does not do conditional writes", "404 NoSuchKey"],
    [
      "refuses conditions with 501",
      refusesConditions,
      "does not do conditional writes",
      "501 NotImplemented",
    ],
    [
      "never finds a version current",
      neverMatches,
      "refuses If-Match with the version that it gave",
      "current version refused",
    ],
  ];
  it.each(unfit)("calls a store unfit that %s", async (_, faults, fault, evidence) => {
    expect(await measure(faults, "short")).toMatchObject({ fit: false, fault, evidence });
  });

  it.each([
    ["has hashes for versions", hashedVersions],
    ["loses replies", losesReplies(3)],
    ["lists what was there a moment ago", staleLists()],
    ["may not be listed", deniesListing],
    ["may not be deleted from", deniesDeleting],
    ["tells no time", tellsNoTime],
  ])("calls a store fit that %s", async (_, faults) => {
    expect(await measure(faults, "short")).toMatchObject({ fit: true });
  });
});

describe("what proves nothing", () => {
  it.each(["short", "long"] as const)("is a throttled store, in the %s form", async (form) => {
    const refused = await measure(throttles(1), form).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "unreachable" });
  });

  it("names how many requests were in trouble", async () => {
    await expect(measure(throttles(1), "short")).rejects.toMatchObject({
      message: 'Cannot measure "s3://acme-agents": 429 SlowDown on 12 of 18 requests',
      hint: "tracecraft doctor",
    });
  });

  it("is a racer that was throttled: a store that ignores conditions is not fit by it", async () => {
    // Three of four racers are turned away unseen, and all that follows would look right.
    let racers = 0;
    const throttled = throttles(1);
    const faults: Faults = {
      put(right, key, body, expected) {
        const raced = !(body instanceof Uint8Array) && ++racers % 4 !== 1;
        return raced ? throttled.put!(right, key, body, expected) : right.put(key, body, expected);
      },
    };
    await expect(measure(faults, "short")).rejects.toMatchObject({ code: "unreachable" });
  });

  it.each(["short", "long"] as const)("is a forbidden write, in the %s form", async (form) => {
    await expect(measure(deniesWriting, form)).rejects.toMatchObject({ code: "denied" });
  });

  it("is not asked again, check after check", async () => {
    const full = throttles(1);
    let puts = 0;
    const faults: Faults = {
      put: (right, key, body, expected) =>
        puts++ === 0 ? right.put(key, body, expected) : full.put!(right, key, body, expected),
    };
    const refused: unknown = await measure(faults, "long").catch((error: unknown) => error);
    const { checks } = (refused as { details: { checks: { name: string; detail: string }[] } }).details;
    expect(checks.filter(({ detail }) => /429/.test(detail)).map(({ name }) => name)).toEqual([
      "create-if-absent",
      "compare-and-set",
    ]);
  });

  it("is overruled by one broken promise", async () => {
    const ignored = throttles(7);
    const store: Faults = { put: (right, key, body) => ignored.put!(right, key, body, "anything") };
    expect(await measure(store, "long")).toMatchObject({ fit: false });
  });
});

describe("a store that takes one write a second for each key", () => {
  it.each(["short", "long"] as const)("is fit if it is right, in the %s form", async (form) => {
    const found = await measureSlow({}, form);
    expect(found.fit).toBe(true);
    expect(trouble(found)).toEqual(form === "short" ? [] : ["skipped race: not possible: 429 SlowDown"]);
  });

  it.each(["short", "long"] as const)(
    "is found out if it looks before the body, in the %s form",
    async (form) => {
      expect(await measureSlow(looksBeforeTheBody, form)).toMatchObject({
        fit: false,
        fault: "checks the condition before it has the body",
      });
    },
  );

  it.each(["short", "long"] as const)(
    "is found out if it ignores conditions, in the %s form",
    async (form) => {
      expect(await measureSlow(ignoresBoth, form)).toMatchObject({
        fit: false,
        fault: "ignores If-None-Match",
      });
    },
  );
});

describe("what it leaves behind", () => {
  it.each(["short", "long"] as const)("is nothing after the %s form, nor what is old", async (form) => {
    const clock = { now: start - 3_700_000 };
    const store = memoryStore(() => clock.now);
    await store.put("_meta/probe/dead/k", new Uint8Array(1), "anything");
    clock.now = start - 60_000;
    await store.put("_meta/probe/alive/k", new Uint8Array(1), "anything");
    clock.now = start;
    await measureStore(store, form, { clock });
    expect(Object.keys(await objects(store))).toEqual(["_meta/probe/alive/k"]);
  });

  it("is nothing of a measurement that failed", async () => {
    const clock = { now: start };
    const right = memoryStore(() => clock.now);
    let puts = 0;
    const store: Store = {
      ...right,
      put: async (key, body, expected) => {
        if (++puts > 20) throw new TracecraftError("disk_full", "no space left");
        return right.put(key, body, expected);
      },
    };
    await expect(measureStore(store, "long", { clock })).rejects.toMatchObject({ code: "disk_full" });
    expect(Object.keys(await objects(store))).toEqual([]);
  });
});
