import fc from "fast-check";
import { expect, test } from "vitest";
import { bodiesInto } from "../src/replay/bodies.ts";
import type { BodyPlace } from "../src/replay/encode.ts";

/** Texts whose sizes fall on both sides of what a block has left, and that come again. */
const texts = fc.array(
  fc
    .tuple(
      fc.constantFrom("a", "é", "€", "😀", "\ud800", "b\n"),
      fc.integer({ min: 1, max: 200_000 }),
      fc.nat(2),
    )
    .map(([unit, chars, tail]) => unit.repeat(Math.ceil(chars / 2)) + "z".repeat(tail)),
  { minLength: 1, maxLength: 12 },
);

test("each text is found again where it was put, and an equal one stands in the same place", async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (some) => {
      const all = [...some, ...some];
      const blocks: Buffer[] = [];
      const bodies = bodiesInto({ add: async (_name, bytes) => void blocks.push(Buffer.from(bytes)) });
      const places: BodyPlace[] = [];
      for (const text of all) places.push((await bodies.add(text)).place);
      const sizes = await bodies.done();
      expect(blocks.map(({ length }) => length)).toEqual(sizes);
      all.forEach((text, index) => {
        const { block, start, length } = places[index]!;
        expect(blocks[block]!.subarray(start, start + length).equals(Buffer.from(text))).toBe(true);
      });
      const long = some.filter((text) => Buffer.byteLength(text) >= 512);
      for (const text of long) expect(places[all.lastIndexOf(text)]).toEqual(places[all.indexOf(text)]);
    }),
    { numRuns: 60 },
  );
});
