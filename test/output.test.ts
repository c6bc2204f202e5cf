import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { exitStatus, TracecraftError, type ErrorCode } from "../src/errors.ts";
import { fieldPages, madeFromHere } from "./output-page.ts";

const page = readFileSync(new URL("../docs/output.md", import.meta.url), "utf8");

it("docs/output.md has the fields that the schemas have", async () => {
  const [mark] = madeFromHere.exec(page) ?? [];
  expect(mark).toBeDefined();
  const byHand = page.slice(0, page.indexOf(mark!) + mark!.length);
  await expect(`${byHand}\n${fieldPages()}`).toMatchFileSnapshot("../docs/output.md");
});

it("its table has every error code once, with its status and whether it is worth a repetition", () => {
  const rows = [...page.matchAll(/^\| (\d+) \| `(\w+)` \| (yes|no) \|/gm)].map(([, status, code, again]) => [
    code,
    Number(status),
    again,
  ]);
  const codes = Object.keys(exitStatus) as ErrorCode[];
  expect(rows).toEqual(
    codes.map((code) => [code, exitStatus[code], new TracecraftError(code, "").retryable ? "yes" : "no"]),
  );
});

it("every file that it names is there", () => {
  for (const [, path] of page.matchAll(/\]\(([^)#]+)\)|`(test\/[\w./-]+)`/g)) {
    if (path !== undefined)
      expect(() => readFileSync(new URL(`../docs/${path}`, import.meta.url))).not.toThrow(/ENOENT/);
  }
});
