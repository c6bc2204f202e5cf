// Building a replay page with the real program: node bench/replay.mjs [--huge | --one]
// 50 agents, each with a mirrored Claude Code session: 100,000 events with 130 MB of text, all bodies on the page.
// --keep FILE: the page is left there, for bench/replay-page.mjs to open.
// --view: then `view` of the same bucket, and how soon a browser is told of five messages, one after the other.
// --huge: 5,000,000 events of a few words instead, index only. --one: 3,000,000 of them in one session. Results are in RESULTS.md, dated.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { get } from "node:http";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";

const keepAt = process.argv.indexOf("--keep");
const one = process.argv.includes("--one");
const huge = one || process.argv.includes("--huge");
const agents = one ? 1 : 50;
const lines = one ? 3_000_000 : huge ? 100_000 : 2_000;
const textBytes = huge ? 0 : 1_300;
const beganAt = Date.UTC(2026, 10, 20, 9);
const folder = mkdtempSync(join(tmpdir(), "replay-bench-"));
const words = Array.from({ length: 4_096 }, () =>
  randomBytes(4).toString("base64url").replaceAll(/[-_]/g, "o"),
);
let seed = 1;
try {
  calibrate();
  await build();
  const bytes = await fill();
  await measure(bytes, huge ? ["--bodies", "none"] : ["--bodies", "full", "--max-size", "500MB"]);
  if (process.argv.includes("--view")) await follow();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function calibrate() {
  const bytes = randomBytes(64 * 1024 * 1024);
  let least = Infinity;
  for (let time = 0; time < 5; time++) {
    const from = performance.now();
    createHash("sha256").update(bytes).digest();
    least = Math.min(least, performance.now() - from);
  }
  const rate = (bytes.length / 1000 / least).toFixed(0);
  console.log(
    `calibration: SHA-256 ${rate} MB/s; load ${loadavg()[0].toFixed(1)}; ${cpus().length} cores, Node ${process.version}`,
  );
}

async function build() {
  const { default: configs } = await import("../rolldown.config.js");
  for (const config of [configs].flat()) {
    const bundle = await rolldown(config);
    await bundle.write({ ...config.output, dir: join(folder, "dist") });
    await bundle.close();
  }
  writeFileSync(
    join(folder, "preload.cjs"),
    `process.on("exit", () => {
      const fs = require("fs");
      const [, kib] = /VmHWM:\\s+(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"));
      const { user, system } = process.cpuUsage();
      fs.writeSync(3, kib + " " + (user + system) / 1000);
    });`,
  );
}

/** Wall time and the most memory of one call of the program. */
async function tracecraft(home, ...args) {
  const from = performance.now();
  const command = ["--require", join(folder, "preload.cjs"), join(folder, "dist", "cli.cjs"), ...args];
  const { PATH } = process.env;
  const child = spawn(process.execPath, command, {
    cwd: join(home, "work"),
    env: { PATH, HOME: home, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const outputs = [1, 2, 3].map((fd) => {
    let text = "";
    child.stdio[fd].on("data", (chunk) => (text += chunk));
    return () => text;
  });
  const status = await new Promise((resolve) => child.once("close", resolve));
  const [stdout, stderr, told] = outputs.map((text) => text());
  const [kib, cpuMs] = told.split(" ").map(Number);
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return { ms: performance.now() - from, mib: kib / 1024, cpuMs, stdout };
}

/** A bucket with the sessions of all agents, and how many bytes they have. */
async function fill() {
  let bytes = 0;
  for (let agent = 0; agent < agents; agent++) {
    const home = join(folder, `agent-${agent}`);
    const cwd = join(home, "work");
    const projects = join(home, ".claude", "projects", cwd.replaceAll(/[^A-Za-z0-9]/g, "-"));
    mkdirSync(cwd, { recursive: true });
    mkdirSync(projects, { recursive: true });
    const session = `5c1d0f7e-2b7a-4c7e-9f0b-${agent.toString(16).padStart(12, "0")}`;
    const path = join(projects, `${session}.jsonl`);
    writeTranscript(path, { session, cwd, agent });
    bytes += statSync(path).size;
    await tracecraft(
      home,
      "init",
      "--project",
      "demo",
      "--agent",
      `agent-${agent}`,
      "--store",
      `file://${join(folder, "bucket")}`,
    );
    await tracecraft(home, "claim", `step-${agent}`);
    await tracecraft(home, "session", "mirror", "--harness", "claude-code");
    rmSync(path);
  }
  return bytes;
}

function writeTranscript(path, { session, cwd, agent }) {
  const file = openSync(path, "w");
  let held = "";
  for (let n = 0; n < lines; n++) {
    const timestamp = new Date(beganAt + agent * 997 + n * 1_500).toISOString();
    const record = {
      type: n % 2 === 0 ? "assistant" : "user",
      uuid: `${agent}-${n}`,
      sessionId: session,
      cwd,
      timestamp,
    };
    held += `${JSON.stringify({ ...record, message: messageOf(n) })}\n`;
    if (held.length > 1024 * 1024 || n === lines - 1) {
      writeSync(file, held);
      held = "";
    }
  }
  closeSync(file);
}

/** Calls and their results, and now and then words. */
function messageOf(n) {
  const usage = { input_tokens: 12, output_tokens: 40 + (n % 90), cache_read_input_tokens: 9_000 };
  const head = { id: `m${n}`, role: "assistant", model: "claude-sonnet-4-5", usage };
  if (n % 20 === 18) return { ...head, content: [{ type: "text", text: invented(n) }] };
  if (n % 20 === 19) return { role: "user", content: invented(n) };
  const id = `t${n - (n % 2)}`;
  if (n % 2 === 0)
    return {
      ...head,
      content: [
        { type: "tool_use", id, name: ["Read", "Bash", "Edit"][n % 3], input: { command: invented(n) } },
      ],
    };
  return {
    role: "user",
    content: [{ type: "tool_result", tool_use_id: id, content: invented(n), is_error: n % 97 === 0 }],
  };
}

function invented(n) {
  let text = `line ${n}`;
  while (text.length < textBytes) {
    seed = (seed * 48_271) % 2_147_483_647;
    text += ` ${words[seed % words.length]}`;
  }
  return text;
}

async function measure(bytes, args) {
  const home = join(folder, "agent-0");
  const runs = [];
  for (let time = 0; time < (huge ? 1 : 3); time++) runs.push(await tracecraft(home, "replay", ...args));
  if (keepAt !== -1) copyFileSync(join(home, "work", "replay.html"), process.argv[keepAt + 1]);
  const best = runs.toSorted((a, b) => a.ms - b.ms)[0];
  const megabytes = bytes / 1e6;
  console.log(best.stdout.trim().split("\n").at(-1));
  console.log(
    `${megabytes.toFixed(0)} MB of transcripts: ${(best.ms / 1000).toFixed(1)} s, ${((megabytes * 1000) / best.ms).toFixed(1)} MB/s, ${((megabytes * 1000) / Math.min(...runs.map(({ cpuMs }) => cpuMs))).toFixed(1)} MB a second of CPU (of ${runs.length}: ${runs.map(({ ms }) => ((megabytes * 1000) / ms).toFixed(1)).join(", ")}), peak ${Math.max(...runs.map(({ mib }) => mib)).toFixed(0)} MiB`,
  );
}

/** From the end of the command that sends a message to when a follower is told, and the CPU of `view` meanwhile. */
async function follow() {
  const home = join(folder, "agent-0");
  const { PATH } = process.env;
  const child = spawn(process.execPath, [join(folder, "dist", "cli.cjs"), "view"], {
    cwd: join(home, "work"),
    env: { PATH, HOME: home, TMPDIR: folder },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    let printed = "";
    for await (const chunk of child.stdout) {
      printed += chunk;
      if (printed.endsWith("/\n")) break;
    }
    let told;
    const [url] = /http:\S+/.exec(printed);
    get(`${url}events`, (response) =>
      response.on("data", (chunk) => `${chunk}`.startsWith("data:") && told?.()),
    ).on("error", () => {}); // It ends with the server.
    for (let time = 0; time < 5; time++) {
      const heard = new Promise((resolve) => (told = resolve));
      const before = cpuMsOf(child.pid);
      await tracecraft(home, "send", "agent-1", `message ${time}`);
      const from = performance.now();
      await heard;
      const seconds = ((performance.now() - from) / 1000).toFixed(1);
      console.log(`view: told after ${seconds} s, ${cpuMsOf(child.pid) - before} ms of CPU`);
    }
  } finally {
    child.kill("SIGINT");
    await closed;
  }
}

/** Of a process of Linux, whose clock ticks are 10 ms. */
function cpuMsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
