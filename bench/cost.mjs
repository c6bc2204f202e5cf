// What an hour of one agent costs: the requests that the program really makes in it, and their price.
// `node bench/cost.mjs`, after `npm run build`. An hour of a moved clock passes in about a minute (bench/clock.cjs), so
// that renewals, heartbeats and the pauses of a wait come when they would come.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startServer } from "./s3-server.mjs";

const program = fileURLToPath(new URL("../dist/cli.cjs", import.meta.url));
const clock = fileURLToPath(new URL("clock.cjs", import.meta.url));

/** US$ for a million requests, as the providers' public pages had them in November 2026: put, list, get. */
const prices = [
  ["AWS S3 Standard (us-east-1)", 5, 5, 0.4],
  ["Cloudflare R2", 4.5, 4.5, 0.36],
  ["Google Cloud Storage", 5, 5, 0.4],
  ["Backblaze B2", 0, 4, 0.4],
  ["S3 Express One Zone", 1.13, 1.13, 0.03],
  ["IDrive e2, your own server, a directory", 0, 0, 0],
];

const minute = 60_000;
/** An hour of a busy agent: [minute, words]. Another writes to it meanwhile; what that one sends is not counted. */
const story = [
  ...[0, 20, 40].flatMap((at, n) => [
    [at, ["claim", `step-${n}`]],
    [at + 1, ["memory", "get", "design.contract"]],
    [at + 2, ["send", "rival", `about step ${n}`]],
    [at + 9, ["memory", "set", `step-${n}.result`, "done so far"]],
    [at + 12, ["send", "rival", "a question"]],
    [at + 13, ["memory", "get", "design.contract"]],
    [at + 19, ["complete", `step-${n}`, "--note", "done", "--to", "rival"]],
  ]),
  ...Array.from({ length: 24 }, (_, n) => [2 * n + 0.5, ["inbox"]]),
  ...[5, 35].map((at) => [at, ["status"]]),
  [48.5, ["wait-for", "never", "--timeout", "600"]],
].toSorted(([a], [b]) => a - b);
const incoming = [4, 14, 24, 34, 44];
/** What an agent may do besides, each once, after that hour. */
const besides = [
  ["claim", "rivals"],
  ["claim", "mine"],
  ["renew", "mine"],
  ["step-status", "rivals"],
  ["steps"],
  ["agents"],
  ["handoff", "step-0"],
  ["log"],
  ["inbox", "--wait", "10m"],
  ["prime"],
];

const place = mkdtempSync(join(tmpdir(), "tracecraft-cost-"));
const clockFile = join(place, "clock");
writeFileSync(clockFile, "0");
const env = { PATH: process.env.PATH, BENCH_CLOCK: clockFile };
const server = await startServer({ nodeOptions: ["-r", clock], env });
try {
  print(await liveAnHour());
} finally {
  server.end();
  rmSync(place, { recursive: true, force: true });
}

async function liveAnHour() {
  const machines = { me: machine("me"), rival: machine("rival") };
  await type(machines.rival, ["init", "--project", "cost", "--agent", "rival", ...whereFlags()]);
  await type(machines.rival, ["memory", "set", "design.contract", "POST /v1/items returns 201"]);
  await server.control({ forget: true });
  const counts = new Map();
  const note = (label, lines) => {
    const counted = counts.get(label) ?? { calls: 0, put: 0, list: 0, get: 0, delete: 0 };
    counted.calls++;
    for (const line of lines) counted[kindOf(line)]++;
    counts.set(label, counted);
  };
  note(
    "init, once",
    await type(machines.me, ["init", "--project", "cost", "--agent", "me", ...whereFlags()]),
  );
  const startedAt = ahead();
  const letters = [...incoming];
  for (const [at, words] of story) {
    let arrived = false;
    while (words[0] === "inbox" && letters[0] <= at) {
      await type(machines.rival, ["send", "me", `letter ${letters.shift()}`]);
      arrived = true;
    }
    writeFileSync(clockFile, String(Math.max(ahead(), startedAt + Math.round(at * minute))));
    note(labelOf(words, arrived), await type(machines.me, words));
  }
  const more = new Map();
  await type(machines.rival, ["claim", "rivals"]);
  for (const words of besides) {
    const lines = await type(machines.me, words);
    const counted = { calls: 1, put: 0, list: 0, get: 0, delete: 0 };
    for (const line of lines) counted[kindOf(line)]++;
    more.set(words.join(" "), counted);
  }
  return { counts, more };
}

function machine(name) {
  const cwd = join(place, name);
  mkdirSync(join(cwd, "home"), { recursive: true });
  return { cwd, env: { ...env, ...server.env, HOME: join(cwd, "home"), TRACECRAFT_SESSION: name } };
}

/** What the server was asked meanwhile, as lines "PUT key 200". */
async function type(options, words) {
  const ran = spawnSync(process.execPath, ["-r", clock, program, ...words], { ...options, encoding: "utf8" });
  const waits = words[0] === "wait-for" || words.includes("--wait");
  const fits = waits ? ran.status === 8 : ran.status === 0 || (words[1] === "rivals" && ran.status === 3);
  if (!fits) throw new Error(`${words.join(" ")}: ${ran.status}\n${ran.stderr}`);
  const { lines } = await server.control({ log: true, forget: true });
  return lines;
}

function whereFlags() {
  return ["--endpoint", server.endpoint, "--bucket", "cost"];
}

function ahead() {
  return Number(readFileSync(clockFile, "utf8"));
}

function labelOf([command, verb], arrived) {
  if (command === "memory") return `memory ${verb}`;
  if (command === "inbox") return arrived ? "inbox, a message" : "inbox, nothing new";
  return command === "wait-for" ? "wait-for, ten minutes" : command;
}

function kindOf(line) {
  const method = line.split(" ")[0].toLowerCase();
  return { put: "put", post: "put", list: "list", get: "get", head: "get", delete: "delete" }[method];
}

function print({ counts, more }) {
  console.log(`# ${new Date().toISOString().slice(0, 10)}, Node ${process.version}: an hour of one agent\n`);
  console.log("| command | calls | PUT | LIST | GET | each: PUT + LIST + GET |\n|---|---|---|---|---|---|");
  const sum = { calls: 0, put: 0, list: 0, get: 0, delete: 0 };
  for (const [label, counted] of counts) {
    const { calls, put, list, get } = counted;
    const each = [put, list, get].map((n) => Math.round((10 * n) / calls) / 10).join(" + ");
    console.log(`| ${label} | ${calls} | ${put} | ${list} | ${get} | ${each} |`);
    if (label !== "init, once") for (const kind of Object.keys(sum)) sum[kind] += counted[kind];
  }
  console.log(`| **an hour** | ${sum.calls} | ${sum.put} | ${sum.list} | ${sum.get} | |`);
  console.log("\n| besides, once | PUT | LIST | GET |\n|---|---|---|---|");
  for (const [label, { put, list, get }] of more) console.log(`| ${label} | ${put} | ${list} | ${get} |`);
  console.log("\n| provider | US$ an agent-hour | 10 agents, 8 hours, 21 days |\n|---|---|---|");
  for (const [name, put, list, get] of prices) {
    const dollars = (sum.put * put + sum.list * list + sum.get * get) / 1e6;
    console.log(`| ${name} | ${dollars.toFixed(5)} | ${(dollars * 10 * 8 * 21).toFixed(2)} |`);
  }
}
