// Mirroring end to end with the real program: node bench/mirror.mjs [--ceph] [file.jsonl ...]
// A source of 100 MB is made of the given transcripts, repeated, or of invented lines. Results are in mirror.md, dated.
// --ceph: also to the server that TRACECRAFT_CEPH_* name (scripts/ceph-up.sh). Absolute figures need the calibration.
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, request } from "node:http";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";

const folder = mkdtempSync(join(tmpdir(), "mirror-bench-"));
const files = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const id = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
let homes = 0;
try {
  await build();
  calibrate();
  const source = madeSource(100e6);
  await measure("directory", source, {});
  if (process.argv.includes("--ceph")) await onCeph(source);
  await longLine();
  if (!process.argv.includes("--quick")) await listing();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function build() {
  const { default: configs } = await import("../rolldown.config.js");
  for (const config of configs) {
    const bundle = await rolldown(config);
    await bundle.write({ ...config.output, dir: join(folder, "dist"), cleanDir: false });
  }
}

function calibrate() {
  const bytes = randomBytes(64 * 1024 * 1024);
  let least = Infinity;
  for (let time = 0; time < 5; time++) {
    const from = performance.now();
    createHash("sha256").update(bytes).digest();
    least = Math.min(least, performance.now() - from);
  }
  console.log(
    `calibration: SHA-256 ${(bytes.length / 1000 / least).toFixed(0)} MB/s; node -e 0 ${best(10, () => node([]))} ms; ${cpus().length} x ${cpus()[0].model}, Node ${process.version}`,
  );
}

function node(args) {
  execFileSync(process.execPath, args.length === 0 ? ["-e", "0"] : args, { env: clean({}), stdio: "ignore" });
}

function best(times, work) {
  let least = Infinity;
  for (let time = 0; time < times; time++) {
    const from = performance.now();
    work();
    least = Math.min(least, performance.now() - from);
  }
  return Math.round(least);
}

function clean(more) {
  const { PATH } = process.env;
  return { PATH, ...more };
}

/** Whole lines of the given files again and again, or lines such as a harness writes. */
function madeSource(bytes) {
  const path = join(folder, "source.jsonl");
  writeFileSync(path, "");
  const given = files
    .map((file) => readFileSync(file))
    .map((body) => (body.at(-1) === 10 ? body : Buffer.concat([body, Buffer.from("\n")])));
  let size = 0;
  for (let n = 0; size < bytes; n++) {
    const piece = given.length > 0 ? given[n % given.length] : invented(n);
    appendFileSync(path, piece);
    size += piece.length;
  }
  return path;
}

function invented(n) {
  const lines = [];
  for (let at = 0; at < 500; at++) {
    const words = Array.from(
      { length: 40 + ((n * at) % 400) },
      (_, w) => `word${(n * 31 + at * 7 + w) % 9973}`,
    ).join(" ");
    lines.push(
      JSON.stringify({
        type: "user",
        sessionId: id,
        cwd: "/w",
        uuid: `${n}-${at}`,
        message: { role: "user", content: words },
      }),
    );
  }
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** One home with a Claude Code session in it, and a project in the store that `init` names. */
function home(source, init, env) {
  const path = join(folder, `home-${++homes}`);
  const cwd = join(path, "work");
  mkdirSync(cwd, { recursive: true });
  const projects = join(path, ".claude", "projects", cwd.replaceAll(/[^A-Za-z0-9]/g, "-"));
  mkdirSync(projects, { recursive: true });
  const transcript = join(projects, `${id}.jsonl`);
  const first = JSON.stringify({
    type: "user",
    sessionId: id,
    cwd,
    message: { role: "user", content: "begin" },
  });
  writeFileSync(transcript, `${first}\n`);
  appendFileSync(transcript, readFileSync(source));
  const all = clean({ ...env, HOME: path });
  const run = (...args) => tracecraft(args, cwd, all);
  return { cwd, transcript, run, ready: run("init", "--project", "demo", "--agent", "a", ...init) };
}

/** Wall time and the most memory of one call of the program. */
async function tracecraft(args, cwd, env) {
  const from = performance.now();
  // Not ru_maxrss: that also has what the parent had when it began.
  const script = `process.on("exit", () => {
    const fs = require("fs");
    const { user, system } = process.cpuUsage();
    const [, kib] = /VmHWM:\\s+(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"));
    fs.writeSync(3, kib + " " + (user + system) / 1000);
  });`;
  const child = spawn(
    process.execPath,
    ["--require", preload(script), join(folder, "dist", "cli.cjs"), ...args],
    {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    },
  );
  const outputs = [1, 2, 3].map((fd) => {
    const chunks = [];
    child.stdio[fd].on("data", (chunk) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  });
  const status = await new Promise((resolve) => child.once("close", resolve));
  const [stdout, stderr, told] = outputs.map((text) => text());
  const [kib, cpuMs] = told.split(" ").map(Number);
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return { ms: performance.now() - from, stdout, stderr, mib: kib / 1024, cpuMs };
}

/** A session of one line of 64 MB, with a secret in the middle of it and without. */
async function longLine() {
  for (const secret of ["", ` ghp_${randomBytes(18).toString("hex")} `]) {
    const line = Buffer.alloc(64e6, "words and ");
    line.write('{"type":"user","x":"');
    line.write(secret, 32e6);
    line.write('"}\n', line.length - 3);
    const source = join(folder, "long.jsonl");
    writeFileSync(source, line);
    const here = home(source, [], {});
    await here.ready;
    const { mib, ms, stdout } = await here.run("session", "mirror", "--harness", "claude-code");
    const counts = /redactions=(.*)$/m.exec(stdout.trim().split("\n").at(-1))?.[1];
    console.log(
      `one line of 64 MB: ${(64e3 / ms).toFixed(1)} MB/s, peak ${mib.toFixed(0)} MiB, redactions ${counts}`,
    );
  }
}

function preload(script) {
  const path = join(folder, "preload.cjs");
  writeFileSync(path, script);
  return path;
}

async function measure(name, source, env, init = [], counted = () => undefined) {
  const { size } = statSync(source);
  const rates = [];
  for (let time = 0; time < 3; time++) {
    const here = home(
      source,
      init.map((word) => word.replace("BUCKET", `mirror-bench-${randomBytes(4).toString("hex")}`)),
      env,
    );
    await here.ready;
    counted();
    const first = await here.run("session", "mirror", "--harness", "claude-code");
    const requests = counted();
    const parts = first.stdout.split("\n").filter((line) => line.startsWith("uploaded")).length;
    rates.push({
      rate: size / 1000 / first.ms,
      cpu: size / 1000 / first.cpuMs,
      mib: first.mib,
      parts,
      requests,
    });
    await new Promise((resolve) => setTimeout(resolve, 2_100)); // So that the file is known to be settled.
    await here.run("session", "mirror", "--harness", "claude-code");
    counted();
    const again = [];
    for (let more = 0; more < 5; more++)
      again.push((await here.run("session", "mirror", "--harness", "claude-code")).ms);
    const idle = counted();
    const tail = await here.run("session", "show", "5c1d", "--tail", "50");
    const shown = counted();
    const verify = await here.run("session", "verify", "5c1d");
    const restore = await here.run("session", "restore", "5c1d", "--to", "out");
    const search = await here.run("session", "search", "nowhere to be found");
    if (time < 2) continue;
    const top = rates.toSorted((a, b) => b.rate - a.rate)[0];
    console.log(
      `${name}: ${(size / 1e6).toFixed(0)} MB in ${top.parts} parts, ${top.rate.toFixed(1)} MB/s (of three: ${rates.map((one) => one.rate.toFixed(1)).join(", ")}), ${Math.max(...rates.map((one) => one.cpu)).toFixed(1)} MB a second of CPU, peak ${Math.max(...rates.map((one) => one.mib)).toFixed(0)} MiB${top.requests === undefined ? "" : `, ${top.requests} requests (${(top.requests / top.parts).toFixed(2)} a part)`}`,
    );
    console.log(
      `  nothing new ${Math.min(...again).toFixed(0)} ms${idle === undefined ? "" : `, ${idle} requests in five calls`}; show --tail 50 ${tail.ms.toFixed(0)} ms, ${tail.mib.toFixed(0)} MiB${shown === undefined ? "" : `, ${shown} requests`}; verify ${verify.ms.toFixed(0)} ms, ${verify.mib.toFixed(0)} MiB; restore ${restore.ms.toFixed(0)} ms, ${restore.mib.toFixed(0)} MiB; search ${search.ms.toFixed(0)} ms, ${search.mib.toFixed(0)} MiB`,
    );
    console.log(`  ${verify.stdout.trim().split("  ").at(-1)}`);
  }
}

/** Through a proxy that counts requests and changes nothing. */
async function onCeph(source) {
  const {
    TRACECRAFT_CEPH_ENDPOINT: endpoint,
    TRACECRAFT_CEPH_ACCESS_KEY_ID: key,
    TRACECRAFT_CEPH_SECRET_ACCESS_KEY: secret,
  } = process.env;
  const env = { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret };
  await measure("Ceph", source, env, ["--endpoint", endpoint, "--bucket", "BUCKET"]);
  let requests = 0;
  const server = createServer((incoming, outgoing) => {
    requests++;
    const { hostname, port } = new URL(endpoint);
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode, reply.rawHeaders);
      reply.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const counted = () => {
    const sum = requests;
    requests = 0;
    return sum;
  };
  const proxy = `http://127.0.0.1:${server.address().port}`;
  await measure(
    "Ceph, through a counting proxy",
    source,
    env,
    ["--endpoint", proxy, "--bucket", "BUCKET"],
    counted,
  );
  server.close();
}

async function listing() {
  for (const sessions of [200, 2_000]) {
    const source = join(folder, "one.jsonl");
    writeFileSync(source, "{}\n");
    const here = home(source, [], {});
    await here.ready;
    for (let n = 0; n < sessions; n++) {
      const name = `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
      const text = JSON.stringify({
        type: "user",
        sessionId: name,
        cwd: here.cwd,
        message: { role: "user", content: `session ${n}` },
      });
      writeFileSync(join(dirname(here.transcript), `${name}.jsonl`), `${text}\n`);
    }
    const mirrored = await here.run("session", "mirror", "--all");
    const cold = await here.run("session", "list");
    const warm = await here.run("session", "list");
    console.log(
      `${sessions + 1} sessions in a directory: mirrored with --all in ${(mirrored.ms / 1000).toFixed(1)} s (${mirrored.mib.toFixed(0)} MiB); session list ${cold.ms.toFixed(0)} ms, again ${warm.ms.toFixed(0)} ms`,
    );
  }
}
