import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { claudeCode } from "../src/harness/claude-code.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { contentOf } from "../src/sessions/content.ts";
import { findManifest } from "../src/sessions/manifest.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { usualSizes } from "../src/sessions/part.ts";
import { verifySession } from "../src/sessions/verify.ts";
import { compareWithSource } from "../src/sessions/verify-source.ts";
import { testHost } from "./harness-home.ts";
import { testProject } from "./project.ts";

// Transcripts that the real programs wrote lie beside the repository where they may; they are never copied into it.
const real = fileURLToPath(new URL("../../shared/fixtures/transcripts", import.meta.url));
const redactor = createRedactor();

describe.skipIf(!existsSync(real))(
  "real transcripts (skipped where ../shared/fixtures/transcripts is missing)",
  () => {
    it("come back byte-exact after redaction, whole and in small parts", async () => {
      const paths = readdirSync(real, { recursive: true, encoding: "utf8" }).filter((path) =>
        path.endsWith(".jsonl"),
      );
      expect(paths.length).toBeGreaterThan(50);
      for (const path of paths) {
        const session = {
          id: basename(path, ".jsonl").replaceAll(/[^A-Za-z0-9.-]/g, "-"),
          paths: [join(real, path)],
          ended: true,
        };
        const source = readFileSync(join(real, path));
        const lines = source.at(-1) === 0x0a ? source.subarray(0, -1) : source;
        const wanted = Buffer.concat(
          splitLines(lines).flatMap((line) => [Buffer.from(redactor.line(line).bytes), Buffer.from("\n")]),
        );
        for (const sizes of [usualSizes, { ...usualSizes, partBytes: 30_000, batchBytes: 10_000 }]) {
          const project = testProject();
          const options = { harness: claudeCode, host: testHost(), redactor: async () => redactor, sizes };
          await mirrorSession(project, session, options);
          const found = await findManifest(project, "claude-code", session.id);
          const chunks: Uint8Array[] = [];
          for await (const chunk of contentOf(project, found!)) chunks.push(chunk);
          if (!Buffer.concat(chunks).equals(wanted)) throw new Error(`${path} came back as something else`);
          expect((await verifySession(project, found!, false)).faults).toEqual([]);
          expect(await compareWithSource(project, found!, { ...options, session, redactor })).toEqual({
            as: "equal",
          });
          if (sizes === usualSizes && source.length > 200_000) expect(found!.record.parts.length).toBe(1);
        }
      }
    }, 300_000);
  },
);

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at <= bytes.length;) {
    const feed = bytes.indexOf(0x0a, at);
    const end = feed < 0 ? bytes.length : feed;
    lines.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return lines;
}
