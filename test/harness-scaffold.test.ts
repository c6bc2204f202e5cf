import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { tempFolder } from "./harness-home.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));
const script = join(repository, "scripts/new-harness.mjs");

it("new:harness makes an adapter that keeps the contract and has the right types, and refuses a second", () => {
  const root = tempFolder();
  for (const path of [
    "src/errors.ts",
    "src/harness",
    "test/harness-contract.ts",
    "test/harness-home.ts",
    "test/removed.ts",
    "tsconfig.json",
  ]) {
    cpSync(join(repository, path), join(root, path), { recursive: true });
  }
  mkdirSync(join(root, "test/fixtures"));
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  cpSync(join(repository, "package.json"), join(root, "package.json"));
  const answer = execFileSync(process.execPath, [script, "some-agent", root], { encoding: "utf8" });
  expect(answer).toContain("Made src/harness/some-agent.ts");
  expect(readFileSync(join(root, "src/harness/all.ts"), "utf8")).toMatch(/, someAgent\]|someAgent,?\n\]/);
  const options = { cwd: root, encoding: "utf8" } as const;
  const types = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc"], options);
  expect([types.status, types.stdout]).toEqual([0, ""]);
  const tests = spawnSync(
    process.execPath,
    ["node_modules/vitest/vitest.mjs", "run", "test/harness-some-agent.test.ts"],
    options,
  );
  expect(stripVTControlCharacters(tests.stdout)).toMatch(/Tests .*\b9 passed/);
  const again = spawnSync(process.execPath, [script, "some-agent", root], options);
  expect([again.status, again.stderr]).toEqual([
    2,
    'Error: Cannot make a harness "some-agent": src/harness/some-agent.ts is there\n',
  ]);
  expect(spawnSync(process.execPath, [script, "../x", root], options).status).toBe(2);
});
