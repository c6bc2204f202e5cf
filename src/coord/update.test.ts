import { describe, expect, it } from "vitest";
import { objects, storyTime, testProject } from "../../test/project.ts";
import { scriptedStore, type PutStep } from "../../test/sim/scripted-store.ts";
import { update, type Change } from "./update.ts";

/** A list of words, with the nonces of all that were ever put: enough to tell whether a change is in. */
interface Words {
  readonly words: readonly string[];
  readonly nonces: readonly string[];
}

const key = "words.json";

function setUp(deadlineMs = 10_000) {
  const clock = { now: storyTime };
  const store = scriptedStore(() => clock.now);
  const project = testProject({ store, clock, deadlineMs });
  const append = (word: string, more: Partial<Change<Words, string>> = {}) =>
    update<Words, string>(project, {
      key,
      nonce: `nonce-${word}`,
      read: (_, body) => JSON.parse(Buffer.from(body).toString()) as Words,
      decide: (found) => ({
        put: {
          words: [...(found?.record.words ?? []), word],
          nonces: [...(found?.record.nonces ?? []), `nonce-${word}`],
        },
      }),
      landed: (now, mine) => (now.nonces.includes(mine.nonces.at(-1)!) ? "yes" : "no"),
      ...more,
    });
  const rival = (word: string) => async (): Promise<unknown> => {
    const other = testProject({ store, clock });
    return await update<Words, string>(other, {
      key,
      nonce: word,
      read: (_, body) => JSON.parse(Buffer.from(body).toString()) as Words,
      decide: (found) => ({
        put: {
          words: [...(found?.record.words ?? []), word],
          nonces: [...(found?.record.nonces ?? []), word],
        },
      }),
      landed: () => "no",
    });
  };
  const words = async () => (JSON.parse((await objects(store, key))[key] ?? '{"words":[]}') as Words).words;
  const waited = () => clock.now - storyTime;
  return { store, append, rival, words, waited, script: (...steps: PutStep[]) => store.onPut(key, ...steps) };
}

/** Of a record that no longer knows so much of its past. */
function forgotten(): "unknown" {
  return "unknown";
}

describe("update(), by what the store answers", () => {
  it("2xx: written, in one request where it assumes that nothing is there", async () => {
    const { store, append, words } = setUp();
    expect(await append("a", { assume: "nothing" })).toMatchObject({
      kind: "written",
      mine: { words: ["a"] },
    });
    expect(store.log).toEqual([`put ${key} nothing`]);
    expect(await append("b")).toMatchObject({ kind: "written" });
    expect(await words()).toEqual(["a", "b"]);
  });

  it("a decision that needs no put is answered without one", async () => {
    const { store, append } = setUp();
    const outcome = await append("a", { decide: () => ({ answer: "enough" }) });
    expect(outcome).toMatchObject({ kind: "answered", answer: "enough", found: undefined });
    expect(store.log).toEqual([`get ${key}`]);
  });

  it("412 after a lost reply: reads back, finds its own nonce and is done", async () => {
    const { append, words, script } = setUp();
    script("reply lost");
    expect(await append("a")).toMatchObject({ kind: "written", mine: { words: ["a"] } });
    expect(await words()).toEqual(["a"]);
  });

  it("412 by its own earlier attempt, whose reading back failed too: done", async () => {
    const { store, append, words, script } = setUp();
    script("reply lost");
    store.onGet(key, 2);
    expect(await append("a", { assume: "nothing" })).toMatchObject({ kind: "written" });
    expect(await words()).toEqual(["a"]);
  });

  it("its own change is in, and others went on from it: done, and it tells what is there now", async () => {
    const { append, rival, words, script } = setUp();
    script({ overtakenBy: rival("b") });
    const outcome = await append("a");
    expect(outcome).toMatchObject({
      kind: "written",
      mine: { words: ["a"] },
      now: { record: { words: ["a", "b"] } },
    });
    expect(await words()).toEqual(["a", "b"]);
  });

  it("409 while what it expected is still there: backs off and repeats the same request", async () => {
    const { store, append, words, script, waited } = setUp();
    script("refused", "refused");
    expect(await append("a")).toMatchObject({ kind: "written" });
    expect(store.log.filter((line) => line.startsWith("put"))).toHaveLength(3);
    expect(waited()).toBeGreaterThan(0);
    expect(await words()).toEqual(["a"]);
  });

  it("412 because a rival was faster: decides again from what is there", async () => {
    const { append, rival, words, script } = setUp();
    script(rival("b"));
    expect(await append("a")).toMatchObject({ kind: "written", mine: { words: ["b", "a"] } });
    expect(await words()).toEqual(["b", "a"]);
  });

  it("412 because a rival was faster: a change that is no longer to be made is answered, not put", async () => {
    const { append, rival, words, script } = setUp();
    script(rival("b"));
    const outcome = await append("a", {
      assume: "nothing",
      decide: (found) => (found ? { answer: "taken" } : { put: { words: ["a"], nonces: ["nonce-a"] } }),
    });
    expect(outcome).toMatchObject({ kind: "answered", answer: "taken", found: { record: { words: ["b"] } } });
    expect(await words()).toEqual(["b"]);
  });

  it("a lost request: unknown, so it reads back and repeats the same request", async () => {
    const { append, words, script } = setUp();
    script("lost", "lost");
    expect(await append("a")).toMatchObject({ kind: "written" });
    expect(await words()).toEqual(["a"]);
  });

  it("429: waits at least a second before it repeats", async () => {
    const { append, script, waited } = setUp();
    script("throttled");
    expect(await append("a")).toMatchObject({ kind: "written" });
    expect(waited()).toBeGreaterThanOrEqual(1_000);
  });

  it("a read-back that fails decides nothing: it reads again", async () => {
    const { store, append, words, script } = setUp();
    script("lost");
    store.onGet(key, 3);
    expect(await append("a", { assume: "nothing" })).toMatchObject({ kind: "written" });
    expect(await words()).toEqual(["a"]);
  });

  it("a rival overwrote what may have been ours, and the record no longer tells: unknown, never lost", async () => {
    const { append, rival, script } = setUp();
    script({ overtakenBy: rival("x") });
    expect(await append("a", { assume: "nothing", landed: forgotten })).toMatchObject({ kind: "unknown" });
    // Without a doubt the refusal itself says that nothing of ours is in.
    script(rival("c"));
    expect(await append("b", { landed: forgotten })).toMatchObject({ kind: "written" });
  });

  it("the deadline passes in doubt: unknown, with the store's last words", async () => {
    const { store, append, script, waited } = setUp(3_000);
    script(...Array.from({ length: 100 }, () => "lost" as const));
    const outcome = await append("a");
    expect(outcome).toMatchObject({ kind: "unknown", cause: { message: `Cannot write "${key}": lost` } });
    expect(waited()).toBe(3_000);
    expect(store.log.length).toBeGreaterThan(4);
  });

  it("the deadline passes while every read-back fails: unknown", async () => {
    const { store, append, script } = setUp(3_000);
    script("reply lost");
    store.onGet(key, 1_000);
    expect(await append("a", { assume: "nothing" })).toMatchObject({ kind: "unknown" });
  });

  it("the deadline passes while others are always faster: unreachable, because nothing of it is in", async () => {
    const { append, rival, words, script } = setUp(1_000);
    script(...Array.from({ length: 500 }, (_, at) => [rival(`r${at}`), "ok" as const]).flat());
    await expect(append("a")).rejects.toMatchObject({ code: "unreachable" });
    expect(await words()).not.toContain("a");
  });

  it("a store that cannot do conditions is an error, never a put without one", async () => {
    const { store, append, words, script } = setUp();
    script("unfit_store");
    await expect(append("a")).rejects.toMatchObject({ code: "unfit_store" });
    expect(store.log).toEqual([`get ${key}`, `put ${key} nothing`]);
    expect(await words()).toEqual([]);
  });

  it("access denied at first is that error; in doubt it stays unknown", async () => {
    const { append, script } = setUp();
    script("denied");
    await expect(append("a")).rejects.toMatchObject({ code: "denied" });
    script("lost", "denied");
    expect(await append("b")).toMatchObject({ kind: "unknown" });
  });

  it("a first read that fails throws: nothing was sent", async () => {
    const { store, append } = setUp();
    store.onGet(key, 1);
    await expect(append("a")).rejects.toMatchObject({ code: "unreachable" });
    expect(store.log).toEqual([`get ${key}`]);
  });

  it("tells of each attempt before it is sent, and waits for that", async () => {
    const { store, append, rival, script } = setUp();
    script(rival("b"));
    const told: unknown[] = [];
    await append("a", {
      async attempt(put, base) {
        await Promise.resolve();
        told.push([put.words, base?.words, store.log.filter((line) => line.startsWith("put")).length]);
      },
    });
    expect(told).toEqual([
      [["a"], undefined, 0],
      [["b", "a"], ["b"], 2],
    ]);
  });
});

describe("update() in a store without conditions", () => {
  it("writes, waits and reads back: whoever was overwritten is told so", async () => {
    const { store, append, waited } = setUp();
    store.traits.conditions = "ignored";
    expect(await append("a", { settleMs: 2_000 })).toMatchObject({ kind: "written" });
    expect(waited()).toBe(2_000);
    expect(store.log).toContain(`put ${key} anything`);
  });
});
