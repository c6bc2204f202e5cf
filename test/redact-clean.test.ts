import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createRedactor } from "../src/redact/redact.ts";

// TRACECRAFT_FULL=1: 50 MB of source code; else 6 MB. Real transcripts where there are some; they are not copied here.
const mostBytes = (process.env["TRACECRAFT_FULL"] ? 50 : 6) * 1_000_000;
const root = fileURLToPath(new URL("..", import.meta.url));
const transcripts = join(root, "..", "shared", "fixtures", "transcripts");
const sources = /\.(?:[cm]?[jt]s|md|json|css|html|ya?ml)$/;

it("clean source code loses at most one stretch a megabyte", () => {
  expectClean(join(root, "node_modules"), sources, mostBytes);
});

it.runIf(existsSync(transcripts))(
  "real transcripts lose at most one stretch a megabyte, and stay JSON",
  () => {
    expectClean(transcripts, /\.jsonl?$/, Number.POSITIVE_INFINITY);
  },
);

function expectClean(folder: string, names: RegExp, limit: number): void {
  const redactor = createRedactor();
  const found: Record<string, number> = {};
  let bytes = 0;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.toSorted()) {
    // What other tests keep in .cache comes and goes.
    if (!names.test(path) || path.includes(".cache")) continue;
    if (bytes > limit) break;
    const file = readFileSync(path);
    bytes += file.length;
    for (const record of path.endsWith(".jsonl") ? file.toString("latin1").split("\n") : [file]) {
      const line = typeof record === "string" ? Buffer.from(record, "latin1") : record;
      const out = redactor.line(line);
      if (out.bytes !== line && path.endsWith(".jsonl") && parses(line))
        JSON.parse(Buffer.from(out.bytes).toString());
      for (const [name, count] of Object.entries(out.counts)) found[name] = (found[name] ?? 0) + count;
    }
  }
  expect(bytes).toBeGreaterThan(Math.min(limit, 1_000_000));
  const total = Object.values(found).reduce((sum, count) => sum + count, 0);
  expect(total / (bytes / 1_000_000), JSON.stringify(found)).toBeLessThanOrEqual(1);
}

function parses(line: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(line).toString());
    return true;
  } catch {
    return false;
  }
}
