import safeRegex from "safe-regex2";
import { expect, it } from "vitest";
import { allRules, fill, samplesOf, seeded } from "../../test/redact-corpus.ts";
import { unsafeReason } from "./pattern.ts";
import { createRedactor } from "./redact.ts";
import { parseRules } from "./rule.ts";
import { builtInRules } from "./rules.ts";

const rules = allRules();

it("there are more than 200 rules for tokens and 80 for names, each with its own name", () => {
  const { tokens, assigned } = builtInRules();
  expect(new Set(tokens.map((rule) => rule.name)).size).toBeGreaterThan(200);
  expect(assigned().length).toBeGreaterThan(80);
  const names = rules.map((rule) => rule.name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  expect(twice).toEqual(["openai_key"]); // Of one name because both shapes are of one secret.
});

it("the names that were published stay", () => {
  const names = new Set(rules.map((rule) => rule.name));
  for (const name of [
    "aws_access_key",
    "aws_session_token",
    "anthropic_key",
    "openai_key",
    "hf_token",
    "github_token",
    "github_pat",
    "slack_token",
    "bearer_token",
  ]) {
    expect(names).toContain(name);
  }
});

it.each(rules.filter((rule) => rule.details().shape.source !== "-"))(
  "$name is safe: bounded, no star over a star",
  (rule) => {
    const { source } = rule.details().shape;
    expect(unsafeReason(source)).toBeUndefined();
    expect(safeRegex(source, { limit: 100 })).toBe(true);
  },
);

it.each(rules)("$name takes its true examples and leaves its false ones", (rule) => {
  const redactor = createRedactor();
  const random = seeded(rule.name.length);
  for (const sample of samplesOf(rule, rule.details().yes.length * 2, random)) {
    expect.soft(redactor.text(`x ${sample.text} y`).counts, sample.text).toEqual({ [rule.name]: 1 });
  }
  for (const template of rule.details().no) {
    const { text } = fill(template, random);
    expect.soft(Object.keys(redactor.text(`x ${text} y`).counts), text).not.toContain(rule.name);
  }
});

it("a key of a token is written as its shape wants it", () => {
  for (const rule of builtInRules().tokens) {
    const seen = samplesOf(rule, 200, seeded(7)).map((sample) => sample.text);
    // Keys are alternatives; an example may be missing, but not for all of them.
    expect
      .soft(
        rule.keys.some((key) => seen.some((text) => text.includes(key))),
        rule.name,
      )
      .toBe(true);
  }
});

it.each(["name", "name | key | shape", "name | key | shape | yes | no | options | more"])(
  "the row %j is refused",
  (row) => {
    expect(() => parseRules(row).map((rule) => rule.details())).toThrow("Cannot load the redaction rules");
  },
);
