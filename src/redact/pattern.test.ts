import { expect, it } from "vitest";
import { unsafeReason } from "./pattern.ts";

it.each([
  "abc",
  "a[]x]{3,40}",
  "a(?:bc|d)e",
  "x(?!y)[\\w.-]{1,200}",
  "(?<year>\\d{4})-\\d{2}",
  "a\\x41\\u0042{2,3}",
  "ab?c??",
])("%s is safe", (source) => expect(unsafeReason(source)).toBeUndefined());

it.each([
  ["a+", "no upper bound"],
  ["a*b", "no upper bound"],
  ["a{3,}", "no upper bound"],
  ["(a|b){2,9}", "a repetition contains another"],
  ["(?:a?){9}", "a repetition contains another"],
  ["(a)\\1", "back reference"],
  ["(?<=x)abc", "looks behind"],
  ["(?<!x)abc", "looks behind"],
  ["a{0,5}", "matches the empty text"],
  ["a{5000}", "more than 4096"],
  ["[ab]{1,200}[ab]{1,200}", "too many ways"],
  ["a(b", "not a regular expression"],
  ["x".repeat(501), "longer than"],
])("%s is refused: %s", (source, why) => expect(unsafeReason(source)).toContain(why));
