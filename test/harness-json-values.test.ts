import fc from "fast-check";
import { expect, it } from "vitest";
import { valuesOf } from "../src/harness/json-values.ts";

const values = (text: string) => valuesOf(Buffer.from(text));

it("objects that were glued into one line are told apart, whatever is in their strings", () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string(), fc.json()), { minLength: 2 }), (objects) => {
      expect(values(objects.map((one) => JSON.stringify(one)).join(""))).toEqual(
        JSON.parse(JSON.stringify(objects)),
      );
    }),
  );
});

it("what was torn off is none, at whichever character", () => {
  const whole = JSON.stringify({ a: 'x "y" \\ {z}', b: ["é"] });
  for (let end = 1; end < whole.length; end++) {
    expect(values(whole.slice(0, end)), `${end}`).toBeUndefined();
    expect(values(whole + whole.slice(0, end)), `${end}`).toBeUndefined();
  }
});

it("a torn line of many quotes costs its length, not the square of it", { timeout: 5_000 }, () => {
  expect(values(`{"a":"${'\\"'.repeat(120_000)}`)).toBeUndefined();
  expect(values(`{"a":1}{"a":"${'\\"'.repeat(120_000)}\\`)).toBeUndefined();
});
