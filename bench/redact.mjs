// How fast redaction is: node bench/redact.mjs [file.jsonl ...]. Without a file, the package's own sources as records.
// Results are kept beside this file, with their date. Absolute figures need the calibration printed with them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "redact-bench-"));
try {
  const program = await bundle();
  calibrate();
  start(program);
  const { createRedactor } = await import(program);
  const corpora = process.argv.slice(2).map((path) => [basename(path), lines(readFileSync(path))]);
  if (corpora.length === 0) corpora.push(["sources of node_modules, as JSON lines", sources()]);
  for (const [name, records] of corpora) throughput(name, records, createRedactor);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One file, as it ships: the redactor is a chunk of a CommonJS bundle. */
async function bundle() {
  const build = await rolldown({ input: join(root, "src/redact/redact.ts"), platform: "node" });
  const file = join(folder, "redact.cjs");
  await build.write({ file, format: "cjs", minify: true });
  return file;
}

/** What this machine does at this moment, without any code of ours. */
function calibrate() {
  const bytes = new Uint8Array(64 * 1024 * 1024);
  let sum = 0;
  const ms = best(5, () => {
    for (let at = 0; at < bytes.length; at++) sum += bytes[at] ^ at;
  });
  console.log(
    `calibration: one read and one add a byte ${rate(bytes.length, ms)} (${sum % 2}); ${cpus().length} x ${cpus()[0].model}, Node ${process.version}`,
  );
}

/** A short message in a new process, against a process that does nothing. */
function start(program) {
  const message = JSON.stringify(
    "contract is in memory key design.contract, the api is at https://example.test/v1/items; ".repeat(5),
  );
  writeFileSync(join(folder, "nothing.cjs"), "console.log(0)");
  writeFileSync(
    join(folder, "message.cjs"),
    `const t = process.hrtime.bigint();
const { createRedactor } = require(${JSON.stringify(program)});
createRedactor({ env: process.env }).text(${message});
console.log(Number(process.hrtime.bigint() - t) / 1e6);`,
  );
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const run = (file) => execFileSync(process.execPath, [join(folder, file)], { env, encoding: "utf8" });
  const inside = [];
  let [nothing, message_] = [Infinity, Infinity];
  for (let time = 0; time < 20; time++) {
    nothing = Math.min(
      nothing,
      best(1, () => run("nothing.cjs")),
    );
    message_ = Math.min(
      message_,
      best(1, () => inside.push(Number(run("message.cjs")))),
    );
  }
  console.log(
    `a message of 440 bytes: ${Math.min(...inside).toFixed(1)} ms with loading; whole process ${(message_ / nothing).toFixed(2)} x one that prints a number (${nothing.toFixed(0)} ms)`,
  );
}

function throughput(name, records, createRedactor) {
  const bytes = records.reduce((sum, record) => sum + record.length, 0);
  const counts = {};
  let cpu = Infinity;
  const wall = best(5, () => {
    const redactor = createRedactor();
    const before = process.cpuUsage();
    for (const record of records) {
      for (const [rule, count] of Object.entries(redactor.line(record).counts))
        counts[rule] = (counts[rule] ?? 0) + count;
    }
    const { user, system } = process.cpuUsage(before);
    cpu = Math.min(cpu, (user + system) / 1000);
  });
  const total = Object.values(counts).reduce((sum, count) => sum + count / 5, 0);
  console.log(
    `${name}: ${(bytes / 1e6).toFixed(1)} MB in ${records.length} records: ${rate(bytes, wall)} by the wall, ${rate(bytes, cpu)} of one core; ${total} redactions, ${((total / bytes) * 1e6).toFixed(2)} a MB`,
  );
}

function sources() {
  const records = [];
  let bytes = 0;
  const entries = readdirSync(join(root, "node_modules"), { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !/\.(?:[cm]?[jt]s|md)$/.test(entry.name) || entry.parentPath.includes(".cache"))
      continue;
    const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
    for (let at = 0; at < text.length && bytes < 50e6; at += 20_000) {
      const record = Buffer.from(
        JSON.stringify({ type: "tool_result", content: text.slice(at, at + 20_000) }),
      );
      records.push(record);
      bytes += record.length;
    }
  }
  return records;
}

function lines(file) {
  const records = [];
  for (let from = 0; from < file.length;) {
    const end = file.indexOf(10, from);
    records.push(file.subarray(from, end < 0 ? file.length : end + 1));
    from = end < 0 ? file.length : end + 1;
  }
  return records;
}

function best(times, work) {
  let least = Infinity;
  for (let time = 0; time < times; time++) {
    const from = performance.now();
    work();
    least = Math.min(least, performance.now() - from);
  }
  return least;
}

function rate(bytes, ms) {
  return `${(bytes / 1000 / ms).toFixed(0)} MB/s`;
}
