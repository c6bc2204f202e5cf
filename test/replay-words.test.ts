import { expect, it } from "vitest";
import { sentence } from "../src/replay/viewer/describe.ts";
import type { Moment } from "../src/replay/page.ts";

const refused = {
  at: 0,
  said: 0,
  seq: 0,
  lane: 0,
  nth: 0,
  kind: "fenced",
  step: "tests",
  holderTerm: 2,
} as const;
const told = (more: object) => sentence({ ...refused, ...more } as unknown as Moment);

it("what was refused is told as what was tried, and of somebody who never held the step no term is made up", () => {
  expect(told({ text: "release refused: held" })).toMatch(/^release of tests refused: now term 2 /);
  expect(told({ text: "renew refused: fenced", term: 1 })).toMatch(
    /^renew of tests refused: held term 1, now term 2 /,
  );
  expect(told({ text: "<img> refused: x" })).toMatch(/^complete of tests refused: /);
  expect(told({})).not.toContain("?,");
});
