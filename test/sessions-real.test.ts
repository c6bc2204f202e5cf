import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { claudeCode } from "../src/harness/claude-code.ts";
import { codex } from "../src/harness/codex.ts";
import type { Harness, Host, Session } from "../src/harness/harness.ts";
import { hermes } from "../src/harness/hermes.ts";
import { openclaw } from "../src/harness/openclaw.ts";
import { pi } from "../src/harness/pi.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { contentOf } from "../src/sessions/content.ts";
import { findManifest } from "../src/sessions/manifest.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { usualSizes, type Sizes } from "../src/sessions/part.ts";
import { verifySession } from "../src/sessions/verify.ts";
import { compareWithSource } from "../src/sessions/verify-source.ts";
import { openWriter, testHost } from "./harness-home.ts";
import { testProject } from "./project.ts";

// Transcripts that the real programs wrote lie beside the repository where they may; they are never copied into it.
const real = fileURLToPath(new URL("../../shared/fixtures/transcripts", import.meta.url));
const redactor = createRedactor();
const smallParts = { ...usualSizes, partBytes: 30_000, batchBytes: 10_000 };
/** Their transcripts are files; those of tools without an adapter are lines all the same. */
const foreign = ["antigravity", "copilot-cli", "gemini-cli", "kiro-cli", "opencode"];
const withFiles = [
  ...[claudeCode, codex, openclaw, pi].map((harness) => ({ name: harness.name, harness })),
  ...foreign.map((name) => ({ name, harness: claudeCode })),
];
/** Theirs are rows, put into a database of theirs. */
const withTables = [
  { harness: hermes, fill: fillHermes, column: "content" },
  { harness: openclaw, fill: fillOpenclaw, column: "event_json" },
];

describe.skipIf(!existsSync(real))(
  "real transcripts (skipped where ../shared/fixtures/transcripts is missing)",
  () => {
    it.each(withFiles)(
      "of $name come back byte-exact after redaction, whole and in small parts",
      async ({ name, harness }) => {
        const paths = filesOf(name);
        expect(paths.length).toBeGreaterThan(1);
        for (const path of paths) {
          const source = readFileSync(path);
          const lines = source.at(-1) === 0x0a ? source.subarray(0, -1) : source;
          const session = { id: idOf(path), paths: [path], ended: true };
          const wanted = redacted(splitLines(lines));
          for (const sizes of [usualSizes, smallParts]) {
            const { content, parts } = await mirrored(harness, testHost(), session, sizes);
            if (!content.equals(wanted)) throw new Error(`${path} came back as something else`);
            if (sizes === usualSizes && source.length > 200_000) expect(parts).toBe(1);
          }
        }
      },
      300_000,
    );

    it.each(withTables)(
      "of $harness.name come back from its database, each row once and as it was put in",
      async ({ harness, fill, column }) => {
        for (const path of filesOf(harness.name)) {
          const host = testHost(harness.name);
          const rows = splitLines(readFileSync(path)).filter((line) => line.length > 0);
          const key = idOf(path);
          const told = fill(host, key, rows);
          const { sessions } = await harness.sessions(host, undefined);
          const session = sessions.find((one) => one.key === key)!;
          for (const sizes of [usualSizes, smallParts]) {
            const { content } = await mirrored(harness, host, session, sizes);
            const back = splitLines(content.subarray(0, -1)).map((line) => JSON.parse(line.toString()));
            expect(new Set(back.map(({ op }) => op)), path).toEqual(new Set(["session", "row"]));
            const values = back.filter(({ op }) => op === "row").map(({ data }) => data[column]);
            expect(values, path).toEqual(told.map((text) => text && redactor.text(text).text));
          }
        }
      },
      300_000,
    );
  },
);

/** Mirrors it, and what then is in the bucket: nothing is wrong with it, and it is equal to its source. */
async function mirrored(harness: Harness, host: Host, session: Session, sizes: Sizes) {
  const project = testProject();
  const options = { harness, host, redactor: async () => redactor, sizes };
  await mirrorSession(project, session, options);
  const found = (await findManifest(project, harness.name, session.id))!;
  const chunks: Uint8Array[] = [];
  for await (const chunk of contentOf(project, found)) chunks.push(chunk);
  expect((await verifySession(project, found, false)).faults).toEqual([]);
  expect(await compareWithSource(project, found, { harness, host, session, redactor })).toEqual({
    as: "equal",
  });
  return { content: Buffer.concat(chunks), parts: found.record.parts.length };
}

/** Rows of `messages`, as a recording has them; what its other fields were is not known. */
function fillHermes(host: Host, key: string, rows: readonly Buffer[]): (string | null)[] {
  const db = openWriter(join(host.home, ".hermes", "state.db"));
  db.prepare("INSERT INTO sessions(id, source, started_at, cwd) VALUES (?, 'cli', 1, '/w')").run(key);
  const insert = db.prepare(
    `INSERT INTO messages(session_id, role, content, tool_calls, tool_call_id, tool_name, finish_reason, timestamp)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const told = rows.map((row) => {
    const fields = JSON.parse(row.toString()) as Record<string, string | number>;
    const { role, content, tool_calls: calls, tool_call_id: call, tool_name: tool, _ts: at } = fields;
    insert.run(key, role, content, calls || null, call || null, tool || null, fields["finish_reason"], at);
    return content as string;
  });
  db.close();
  return told;
}

function fillOpenclaw(host: Host, key: string, rows: readonly Buffer[]): string[] {
  const db = openWriter(join(host.home, ".openclaw/agents/work/agent/openclaw-agent.sqlite"));
  db.prepare(
    "INSERT INTO session_windows(session_id, session_key, created_at, updated_at) VALUES (?, 'agent:work:main', 1, 1)",
  ).run(key);
  const insert = db.prepare("INSERT INTO transcript_events VALUES (?, ?, ?, ?)");
  const told = rows.map(String);
  for (const [seq, text] of told.entries()) insert.run(key, seq, text, seq);
  db.close();
  return told;
}

function filesOf(name: string): string[] {
  const paths = readdirSync(join(real, name), { recursive: true, encoding: "utf8" });
  return paths.filter((path) => path.endsWith(".jsonl")).map((path) => join(real, name, path));
}

function idOf(path: string): string {
  return basename(path, ".jsonl").replaceAll(/[^A-Za-z0-9.-]/g, "-");
}

function redacted(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [Buffer.from(redactor.line(line).bytes), Buffer.from("\n")]));
}

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
