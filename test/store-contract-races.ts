import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Store } from "../src/store/store.ts";
import { bytes, read, text, write } from "./store-contract-calls.ts";

const longBody = (n: number) => `${n}`.repeat(5000);

export function raceCases(open: () => Promise<Store>): void {
  describe("races", () => {
    it("put() expecting nothing lets exactly one of 20 racers win", async () => {
      const store = await open();
      for (const key of ["claim", "steps/design/claim.json"]) {
        const put = (n: number) => store.put(key, bytes(`${n}`), "nothing");
        const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => put(n)));
        const won = outcomes.map(({ outcome }) => outcome === "written");
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(text((await read(store, key)).body)).toBe(`${won.indexOf(true)}`);
      }
    });

    it("put() expecting a version lets exactly one of 20 racers win", async () => {
      const store = await open();
      const version = await write(store, "claim", "start");
      const put = (n: number) => store.put("claim", bytes(`${n}`), { version });
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => put(n)));
      const won = outcomes.map(({ outcome }) => outcome === "written");
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(text((await read(store, "claim")).body)).toBe(`${won.indexOf(true)}`);
    });

    it("put() expecting nothing lets exactly one of 20 racers win after a deletion", async () => {
      const store = await open();
      await write(store, "claim", "start");
      await store.delete("claim");
      const put = (n: number) => store.put("claim", bytes(`${n}`), "nothing");
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => put(n)));
      expect(outcomes.filter(({ outcome }) => outcome === "written")).toHaveLength(1);
    });

    it("put() expecting a version loses no update when 8 writers append", async () => {
      const store = await open();
      await write(store, "log", "");
      await Promise.all([..."abcdefgh"].map((writer) => append(store, "log", writer, 3)));
      const lines = text((await read(store, "log")).body)
        .trim()
        .split("\n");
      expect(lines.map((line) => line[0]).toSorted()).toEqual([..."aaabbbcccdddeeefffggghhh"]);
      expect(new Set(lines).size).toBe(24);
    });

    it("put() expecting anything leaves one of the racers' bodies whole", async () => {
      const store = await open();
      await Promise.all(
        Array.from({ length: 9 }, (_, n) => store.put("key", bytes(longBody(n)), "anything")),
      );
      const found = text((await read(store, "key")).body);
      expect(found).toBe(longBody(Number(found[0])));
    });
  });
}

/** Adds `times` lines, each with a nonce, and after any other answer than "written" looks whether its line is there. */
async function append(store: Store, key: string, writer: string, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const nonce = `${writer} ${randomUUID()}\n`;
    for (let attempt = 0; ; attempt++) {
      if (attempt > 500) throw new Error(`${key} was changed under us ${attempt} times`);
      const found = await read(store, key);
      if (text(found.body).includes(nonce)) break;
      const { outcome } = await store.put(key, bytes(text(found.body) + nonce), { version: found.version });
      if (outcome === "written") break;
    }
  }
}
